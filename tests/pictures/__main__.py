"""Makes the documents' pictures of Evalhub's pages, from data of its own.

python -m tests.pictures [--into docs/images] [NAME ...]

The demo is made in a folder of its own, with a model of six versions and some reviews beside it;
its site is served and looked at in Chromium. Nothing else is needed and nothing is left.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.browser import MISSING, chromium
from tests.pictures import IMAGES
from tests.pictures.taken import PICTURES, take

EVALHUB = [str(Path(sys.executable).with_name("evalhub"))]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.pictures", description=__doc__)
    parser.add_argument("--into", type=Path, default=IMAGES)
    parser.add_argument("names", nargs="*", help="of some pictures; all, where none is named")
    asked = parser.parse_args()
    unknown = {*asked.names} - {each.name for each in PICTURES}
    if unknown:
        parser.error(f"no such picture: {', '.join(sorted(unknown))}")
    if chromium() is None:
        parser.error(MISSING)
    wanted = [each for each in PICTURES if not asked.names or each.name in asked.names]
    with tempfile.TemporaryDirectory(prefix="evalhub-pictures-") as home:
        os.environ |= {
            "EVALHUB_HOME": home,
            "EVALHUB_DATABASE_URL": "",
            "DJANGO_SETTINGS_MODULE": "evalhub.settings",
        }
        subprocess.run([*EVALHUB, "demo", "--no-serve"], check=True, capture_output=True)
        from evalhub.frames.command.setup import set_up_database

        set_up_database()

        from tests.pictures.there import fill, sessions

        addresses = fill()
        with served() as site:
            take(wanted, site, sessions(), addresses, asked.into)


@contextmanager
def served() -> Iterator[str]:
    """The site's address, as long as it is served."""
    server = subprocess.Popen(
        [*EVALHUB, "up", "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        assert server.stdout
        for line in server.stdout:
            if found := re.search(r"http://[\w.:]+", line):
                yield found[0]
                return
        raise SystemExit("the site wasn't served")
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
