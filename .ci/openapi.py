"""Write the OpenAPI document of the REST interface: `make openapi`, after each change of it."""

import os

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "evalhub.settings"
django.setup()

from evalhub.api.document import written  # noqa: E402
from evalhub.api.views.projects import DOCUMENT  # noqa: E402

DOCUMENT.write_text(written(), encoding="utf-8")
