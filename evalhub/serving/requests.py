"""Request ids: in each response and in all log lines of its request."""

import logging
import re
import uuid
from collections.abc import Callable
from time import perf_counter

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from evalhub.logs import about
from evalhub.serving.counting import count

SANE = re.compile(r"[A-Za-z0-9._-]{8,64}")
logger = logging.getLogger(__name__)


class IdentifiedRequests:
    """Middleware: gives each request its id, counts it, and logs how it was answered."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began = perf_counter()
        identity = request_id(request)
        with about(request=identity):
            response = self.get_response(request)
            seconds = perf_counter() - began
            logger.info(
                "%s %s: %d",
                request.method,
                request.path,
                response.status_code,
                extra={"fields": {"status": response.status_code, "ms": round(seconds * 1000, 1)}},
            )
        count(method=request.method or "", status=response.status_code, seconds=seconds)
        response["X-Request-ID"] = identity
        return response


def request_id(request: HttpRequest) -> str:
    """The id that a trusted proxy gave the request, or a new one.

    The server leaves X-Forwarded-For in a request only where a trusted proxy sent it.
    """
    header = request.headers.get("X-Request-ID", "")
    if settings.TRUSTED_PROXIES and "X-Forwarded-For" in request.headers and SANE.fullmatch(header):
        return header
    return uuid.uuid4().hex
