"""Headers of every response, besides those of Django's own middleware."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

UNUSED = ("camera", "display-capture", "geolocation", "microphone", "payment", "usb")


class PrivateAnswers:
    """Middleware: pages are kept by nobody between here and their reader, nor by the browser.

    Static files say themselves how long they last. It stands first, so that it sees refusals too.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Cache-Control", "private, no-store")
        response.headers.setdefault(
            "Permissions-Policy", ", ".join(f"{feature}=()" for feature in UNUSED)
        )
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        return response
