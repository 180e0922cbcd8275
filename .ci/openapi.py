"""Write the OpenAPI document of the REST interface and its reference: `make openapi`."""

import os
from pathlib import Path

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "evalhub.settings"
django.setup()

from evalhub.api.reference import reference  # noqa: E402
from evalhub.api.views.projects import DOCUMENT  # noqa: E402
from evalhub.frames.rest.document import document, document_text  # noqa: E402

DOCUMENT.write_text(document_text(), encoding="utf-8")
page = Path(__file__).resolve().parents[1] / "docs" / "reference/rest-reference.md"
page.write_text(reference(document()), encoding="utf-8")
