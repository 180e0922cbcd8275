"""What somebody had typed when their session was over: kept until the same person is back.

The session that had the person in it is gone, so a cookie of its own says whose typing it is. Only
what a page of this site sent is kept, since whatever is kept can be sent by one click.
"""

import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass
from time import time
from typing import Any

from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.core.signing import BadSignature, Signer
from django.http import HttpRequest, HttpResponse, HttpResponseBase, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.urls import reverse

from evalhub.accounts.models import User

COOKIE, COOKIE_LASTS_S = "evalhub_person", 90 * 24 * 3600
LASTS_S = 3600
MOST, MOST_BYTES, MOST_POSTED = 3, 100_000, 1_000_000
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
NEVER = ("password", "secret", "credential", "csrfmiddlewaretoken")  # names that have one of these
# what a page sends along: sent again with the rest, and nothing to read
UNSEEN = (
    "nonce",
    "key",
    "view",
    "token",
    "shown",
    "visible",
    "next",
    "total",
    "late",
    "hold",
    "have",
    "read_from",
    "revision",
)

_KEPT = "typed"  # in the session
_SIGNER = Signer(salt="reviews.person")


@dataclass(frozen=True, slots=True)
class Typed:
    """The fields of a form that didn't arrive, and where they were sent."""

    path: str
    fields: list[tuple[str, str]]
    files: bool  # there were files too, which aren't kept

    @property
    def shown(self) -> list[tuple[str, str]]:
        """What a person can have typed, under names that can be read."""
        return [
            (name.replace("_", " ").replace("-", " ").capitalize(), value)
            for name, value in self.fields
            if value and name not in UNSEEN
        ]


class SignInRequired(LoginRequiredMiddleware):
    """Django's middleware, but nothing that was typed is lost by it."""

    def process_view(
        self,
        request: HttpRequest,
        view_func: Callable[..., HttpResponseBase],
        view_args: Any,
        view_kwargs: Any,
    ) -> HttpResponseBase | None:
        to_sign_in = super().process_view(request, view_func, view_args, view_kwargs)
        if to_sign_in is None:
            return None
        if request.headers.get("HX-Request"):  # the page stays as it is, and says so itself
            return HttpResponse("You are signed out.", status=401, content_type="text/plain")
        if request.method in ("GET", "HEAD"):
            return to_sign_in
        return redirect_to_login(keep(request) or reverse("home"), reverse(settings.LOGIN_URL))

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Notes in the browser whose it is, without asking for that where nobody has."""
        user = getattr(request, "_cached_user", None)
        if isinstance(user, User) and request.COOKIES.get(COOKIE) != _cookie(user):
            response.set_cookie(
                COOKIE,
                _cookie(user),
                max_age=COOKIE_LASTS_S,
                secure=settings.SESSION_COOKIE_SECURE,
                httponly=True,
                samesite="Strict",
            )
        return response


def person_mark(user: User) -> str:
    """A constant mark of a person, from which neither name nor primary key can be read."""
    return _SIGNER.signature(str(user.pk))


def keep(request: HttpRequest) -> str:
    """Keeps what was typed in the session; the path of the page that shows it, or ""."""
    typed, person = fields_of_request(request), _person(request)
    if typed is None or person is None:
        return ""
    now = time()
    drafts = request.session.get(_KEPT, {})
    fresh = {key: draft for key, draft in drafts.items() if draft["until"] > now}
    newest = sorted(fresh.items(), key=lambda item: item[1]["until"])[-(MOST - 1) :]
    key = secrets.token_urlsafe(16)
    mine = {"person": person, "until": now + LASTS_S, "typed": asdict(typed)}
    request.session[_KEPT] = dict(newest) | {key: mine}
    return reverse("accounts:typed", args=[key])


def draft_of(request: HttpRequest, key: str) -> Typed | None:
    """What this person had typed within the hour; nothing of anybody else's."""
    draft = request.session.get(_KEPT, {}).get(key)
    if draft is None or draft["person"] != request.user.pk or draft["until"] <= time():
        return None
    path, fields, files = (draft["typed"][name] for name in ("path", "fields", "files"))
    return Typed(path, [(name, value) for name, value in fields], files)


def fields_of_request(request: HttpRequest) -> Typed | None:
    """The fields of a request, if it is a form of one of our pages and not too long."""
    own = (reverse("accounts:account"), reverse("admin:index"))  # passwords, and the admin's
    length = request.META.get("CONTENT_LENGTH") or "0"
    if (
        request.method != "POST"
        or request.content_type not in FORMS
        or request.path.startswith(own)
        or not _from_here(request)
        or int(length) > MOST_POSTED
    ):
        return None
    try:
        lists, files = request.POST.lists(), bool(request.FILES)
    except (
        RequestDataTooBig,
        TooManyFieldsSent,
        TooManyFilesSent,
        MultiPartParserError,
        UnreadablePostError,
    ):
        return None
    fields = [
        (name, value)
        for name, values in lists
        for value in values
        if not any(part in name.lower() for part in NEVER)
    ]
    if sum(len(name) + len(value) for name, value in fields) > MOST_BYTES:
        return None
    return Typed(request.get_full_path(), fields, files)


def _from_here(request: HttpRequest) -> bool:
    """Whether a page of this site sent the request: every browser says so of a form."""
    origin = f"{request.scheme}://{request.get_host()}"
    return request.headers.get("Origin") in (origin, *settings.CSRF_TRUSTED_ORIGINS)


def _cookie(user: User) -> str:
    return _SIGNER.sign(str(user.pk))


def _person(request: HttpRequest) -> int | None:
    """The person who was last signed in in this browser."""
    try:
        return int(_SIGNER.unsign(request.COOKIES.get(COOKIE, "")))
    except BadSignature:
        return None
