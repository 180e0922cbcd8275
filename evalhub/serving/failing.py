"""The page of a request that failed: by our fault, or because the database is away."""

import logging
import sys
import time

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views.defaults import server_error

from evalhub.io.full_disk import is_full_disk
from runners.outages import DATABASE_AWAY, tell_full_disk

RETRY_S = 10
TOLD_EVERY_S = 60.0

logger = logging.getLogger(__name__)


_told_at = [-TOLD_EVERY_S]
"""When this process told the log last that the database is away."""


def failure_page(request: HttpRequest) -> HttpResponse:
    """500, whose traceback is in the log; 503 where the database can't be used and 507 where a disk
    is full, which stands there once a minute, and not for each request."""
    error = sys.exc_info()[1]
    if error is not None and is_full_disk(error):
        tell_full_disk(error)
        full = HttpResponse(render_to_string("507.html"), status=507)
        full._has_been_logged = True  # type: ignore[attr-defined]
        return full
    if not isinstance(error, DATABASE_AWAY):
        return server_error(request)
    now = time.monotonic()
    if now - _told_at[0] >= TOLD_EVERY_S:
        _told_at[0] = now
        reason = " ".join(str(error).split()).rstrip(".")
        logger.error("the database can't be used: %s. Pages answer 503 meanwhile", reason)
    response = HttpResponse(
        render_to_string("503.html"), status=503, headers={"Retry-After": f"{RETRY_S}"}
    )
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response
