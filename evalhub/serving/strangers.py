"""Limits on anonymous posts such as passwords: a few at a time, since each is slow."""

from collections.abc import Callable
from threading import BoundedSemaphore

from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve

from evalhub.logs import request_id

AT_ONCE = 2


class StrangersInTurn:
    """Middleware: forms that need nobody to be signed in leave most of the threads to others.

    Checking a password takes a good part of a second, by design; with all threads at that, a flood
    of attempts would be all that the site does. Who comes too many is told to come again.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self._turns = BoundedSemaphore(AT_ONCE)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method != "POST" or not is_for_strangers(request.path_info):
            return self.get_response(request)
        if not self._turns.acquire(blocking=False):
            return HttpResponse(
                "Several people are signing in just now. Go back, and try again in a moment.\n"
                f"Request {request_id()}\n",
                status=429,
                content_type="text/plain",
                headers={"Retry-After": "2"},
            )
        try:
            return self.get_response(request)
        finally:
            self._turns.release()


def is_for_strangers(path: str) -> bool:
    """Whether the page at this address is for people who aren't signed in.

    The API isn't, nor are addresses for exporters: they take tokens, and to look one up costs
    nothing.
    """
    if path.startswith(("/api/", "/v1/")):
        return False
    try:
        page = resolve(path).func
    except Resolver404:
        return False
    return not getattr(page, "login_required", True)
