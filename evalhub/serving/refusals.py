"""Refusals that come before any page: what happened and where to go, in the site's look.

They need no person, no request and no database.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

# heading, what happened; "" is what the refusal itself says
_SAID = {
    400: ("This request can’t be understood", ""),
    405: (
        "This address can’t be opened by itself",
        "It takes what a page of this site sends it. Nothing was changed.",
    ),
    413: (
        "That was larger than is taken here",
        "Nothing was changed. A form has at most 3 MB, and one with files 64 MB. Larger files come "
        "by the command line or by REST.",
    ),
    429: ("Too many at once", ""),
    431: (
        "This request can’t be understood",
        "Its address or its headers are longer than is taken here. Nothing was changed.",
    ),
    503: ("Not now", ""),
    507: ("The site’s disk is full", "What you sent wasn’t saved. Nothing that was saved is lost."),
}


def refusal_page(status: int, sentence: str = "") -> str | None:
    """The page for a status; None where there is none. `sentence` is the refusal's own."""
    heading, what = _SAID.get(status, ("", ""))
    if not heading:
        return None
    what = what or sentence or "It may have been cut off on its way. Nothing was changed."
    return render_to_string("refused.html", {"heading": heading, "what": what})


class RefusalsForPeople:
    """Middleware: a refusal in plain words, or in none, is a page for a browser."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code < 400 or "text/html" not in request.headers.get("Accept", ""):
            return response
        plain = response.headers.get("Content-Type", "").startswith("text/plain")
        if response.streaming or (response.content and not plain):
            return response
        page = refusal_page(response.status_code, response.content.decode().strip())
        if page is not None:
            response.content = page.encode()
            response.headers["Content-Type"] = "text/html; charset=utf-8"
        return response
