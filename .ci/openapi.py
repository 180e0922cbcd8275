"""Write the OpenAPI document of the REST interface and its reference: `make openapi`."""

import json
import os
from pathlib import Path

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "evalhub.settings"
django.setup()

from evalhub.api.reference import reference  # noqa: E402
from evalhub.api.views.projects import DOCUMENT  # noqa: E402
from evalhub.frames.rest.document import document  # noqa: E402

text = json.dumps(document(), indent=1, ensure_ascii=False, sort_keys=True)
DOCUMENT.write_text(f"{text}\n", encoding="utf-8")
page = Path(__file__).resolve().parents[1] / "docs" / "reference/rest-reference.md"
page.write_text(reference(document()), encoding="utf-8")
