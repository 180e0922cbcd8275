"""Write the figures of the page of methods: python -m tests.pictures.figures"""

import os
import shutil

import django

from tests.pictures import FIGURES as FOLDER


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "evalhub.settings"
    django.setup()

    from tests.pictures.figures import FIGURES, as_html

    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    for key, draw in FIGURES.items():
        (FOLDER / f"{key}.html").write_text(as_html(draw()), encoding="utf-8")


if __name__ == "__main__":
    main()
