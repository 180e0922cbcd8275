"""Tokens: `Authorization: Bearer` and nothing else, and how many requests each sends a minute.

Cookies open nothing here. Requests are counted in each process of the site by itself: to count for
all together would cost a write at each request. The headers are those of the IETF's draft on
RateLimit fields.
"""

import threading
import time

from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from evalhub.accounts.models import ApiToken, User
from evalhub.accounts.tokens import note_use, token_of
from evalhub.jobs.models import Job
from evalhub.jobs.replay import job_of

REQUESTS = 30_000
WINDOW_S = 60


class BearerAuthentication(BaseAuthentication):
    """The person for whom the token acts as `request.user`, the token as `request.auth`."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        if (job := job_of(request._request)) is not None:
            return _of_job(job)
        word, _, secret = get_authorization_header(request).partition(b" ")
        if word.lower() != b"bearer":
            return None
        token = token_of(secret.strip().decode("latin-1"))
        if token is None:
            raise AuthenticationFailed("This token is unknown, expired or revoked.")
        note_use(token)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="Evalhub"'


def _of_job(job: Job) -> tuple[User, ApiToken]:
    """The present user and token of the request that became a job."""
    token = ApiToken.objects.usable().select_related("user", "project").filter(jobs=job)
    if (live_token := token.first()) is None:
        raise AuthenticationFailed("The token has expired or was revoked since this was sent.")
    return live_token.user, live_token


class TokenLimit(BaseThrottle):
    """A bucket that fills evenly: a minute's requests at once, then as they come back."""

    _lock = threading.Lock()
    _buckets: dict[int, tuple[float, float]] = {}

    def allow_request(self, request: Request, view: APIView) -> bool:
        most = REQUESTS
        now, token = time.monotonic(), request.auth.pk
        with self._lock:
            left, at = self._buckets.get(token, (float(most), now))
            left = min(float(most), left + (now - at) * most / WINDOW_S)
            allowed = left >= 1
            self._buckets[token] = (left - allowed, now)
        self._wait = 0.0 if allowed else (1 - left) * WINDOW_S / most
        full = round((most - left + allowed) * WINDOW_S / most)
        request.limit_headers = {
            "RateLimit-Policy": f'"token";q={most};w={WINDOW_S}',
            "RateLimit": f'"token";r={int(left - allowed)};t={full}',
        }
        return allowed

    def wait(self) -> float:
        return self._wait
