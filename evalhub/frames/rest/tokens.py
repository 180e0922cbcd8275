"""Tokens: `Authorization: Bearer` and nothing else, and how many requests each sends a minute.

Cookies open nothing here. Requests are counted in each process of the site by itself: to count for
all together would cost a write at each request. The headers are those of the IETF's draft on
RateLimit fields.
"""

from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from evalhub.accounts.models import ApiToken, User
from evalhub.accounts.tokens import note_use, token_of
from evalhub.frames.rest.buckets import Buckets
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
    """A minute's requests at once, then as they come back."""

    buckets = Buckets(REQUESTS, WINDOW_S)

    def allow_request(self, request: Request, view: APIView) -> bool:
        buckets = self.buckets
        taken = buckets.take(request.auth.pk)
        self._wait = taken.wait_s
        request.limit_headers = {
            "RateLimit-Policy": f'"token";q={buckets.most};w={buckets.window_s}',
            "RateLimit": f'"token";r={taken.left};t={round(taken.full_s)}',
        }
        return taken.allowed

    def wait(self) -> float:
        return self._wait
