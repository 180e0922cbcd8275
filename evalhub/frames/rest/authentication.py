"""Authentication: a token in `Authorization: Bearer`, and nothing else. Cookies open nothing
here."""

from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from evalhub.accounts.models import ApiToken, User
from evalhub.accounts.tokens import note_use, token_of
from evalhub.jobs.models import Job
from evalhub.jobs.replay import job_of


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
