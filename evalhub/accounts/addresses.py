"""Absolute addresses of pages, for links that leave the site: mails, messages, printed lines."""

from django.conf import settings
from django.http import HttpRequest

LOCALLY = "http://localhost:8000"


def absolute(path: str, request: HttpRequest | None = None) -> str:
    """The address of a path as people use it: EVALHUB_URL, where that is set.

    Else as this request came or, where there is none, on this machine.
    """
    if settings.SITE_URL or request is None:
        return f"{settings.SITE_URL or LOCALLY}{path}"
    return request.build_absolute_uri(path)
