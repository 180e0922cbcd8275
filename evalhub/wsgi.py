"""The site as a WSGI application, for any server."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evalhub.settings")
_pages = get_wsgi_application()

from evalhub.features.experiments.routing.current import CurrentRules  # noqa: E402 - needs settings
from evalhub.features.experiments.routing.ofrep import Evaluations  # noqa: E402
from evalhub.serving.flags import FlagsFirst  # noqa: E402

application = FlagsFirst(_pages, Evaluations(CurrentRules()))
