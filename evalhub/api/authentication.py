"""Who asks: a token in `Authorization: Bearer`, and nothing else. Cookies open nothing here."""

from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from evalhub.accounts.models import ApiToken, User
from evalhub.accounts.tokens import note_use, token_of


class BearerAuthentication(BaseAuthentication):
    """The person for whom the token acts as `request.user`, the token as `request.auth`."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
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
