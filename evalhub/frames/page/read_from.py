"""Forms that change what exists say what they were read from, so that none takes back unseen what
somebody has changed meanwhile.

A template writes `{% read_from alarm %}` into the form. The view opens `with as_read(request,
alarm):` around its verb: one transaction that locks the row, compares, and writes. Forms that only
add need neither.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from django import template
from django.db import transaction
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import format_html
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString

from evalhub.accounts.requests import SignedInRequest
from evalhub.io.canonical import digest_of

FIELD = "read_from"
DIGITS = 16
LONG = 12
"""Characters from which on a sent text is shown again, for its writer to copy."""

register = template.Library()


class OutdatedFormError(Exception):
    """What the form was read from has changed since, or the form doesn't say what it was."""


def state_digest(shown: object) -> str:
    """What a form shows and changes, as 16 hexadecimal digits.

    Args:
        shown: a row, by the attributes that its class lists in `forms_read`; else the value itself.
    """
    if isinstance(shown, Model):
        names: tuple[str, ...] = getattr(type(shown), "forms_read")  # noqa: B009 (few have it)
        shown = [getattr(shown, name) for name in names]
    elif shown == "":  # a template's word for what isn't there
        shown = None
    return digest_of(json.loads(json.dumps([shown], default=str)))[:DIGITS]


@register.simple_tag
def read_from(shown: object) -> SafeString:
    """`{% read_from row %}`: the hidden field that says what the form was read from."""
    return format_html('<input type="hidden" name="{}" value="{}">', FIELD, state_digest(shown))


def is_stale(request: SignedInRequest, shown: Model) -> bool:
    """Whether the row is no longer what the posted form was read from."""
    return state_digest(shown) != request.POST.get(FIELD)


@contextmanager
def as_read(
    request: SignedInRequest,
    shown: Model | Callable[[], object],
    *,
    lock: Model | None = None,
) -> Iterator[None]:
    """The transaction of a change, if all is still as the posted form was read.

    Args:
        shown: the row of the form's `read_from`, or what reads its value.
        lock: the row that the verb locks as well, so that no other door writes in between; by
            default the row shown.

    Raises OutdatedFormError, and then nothing was written.
    """
    with transaction.atomic():
        locked = lock if lock is not None else shown
        assert isinstance(locked, Model)
        rows = type(locked)._base_manager.select_for_update(of=("self",))
        there = rows.filter(pk=locked.pk).first() is not None
        current = _again(shown) if isinstance(shown, Model) else shown()
        if not there or state_digest(current) != request.POST.get(FIELD):
            raise OutdatedFormError
        yield


def _again(row: Model) -> Model | None:
    return type(row)._base_manager.filter(pk=row.pk).first()


class StaleForms:
    """Middleware: a stale form is answered by 409, with the page as it is now a click away and what
    was typed kept on the screen."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, OutdatedFormError):
            return None
        typed = [
            text
            for name, text in request.POST.items()
            if isinstance(text, str) and len(text) >= LONG and name not in _OURS
        ]
        context = {"page": _page_of_form(request), "typed": typed}
        return render(request, "site/stale.html", context, status=409)


_OURS = {FIELD, "csrfmiddlewaretoken", "revision"}


def _page_of_form(request: HttpRequest) -> str:
    """The address of the page that the form was on; the start, where the browser doesn't say it."""
    referer = request.headers.get("Referer", "")
    hosts = {request.get_host()}
    if not url_has_allowed_host_and_scheme(referer, hosts, require_https=request.is_secure()):
        return "/"
    parts = urlsplit(referer)
    return f"{parts.path}{f'?{parts.query}' if parts.query else ''}"
