"""Flags are answered above Django: its middleware would take several times as long as they do.

So they are answered by any Host, by http too, and while the process drains. Neither the request nor
its user is logged; each is counted, as the method FLAG.
"""

import json
from collections.abc import Callable, Iterable
from http import HTTPStatus
from time import perf_counter
from typing import Any

from evalhub.features.experiments.routing.ofrep import (
    LARGEST_CONTEXT,
    Evaluations,
    FlagAnswer,
    no_bulk,
    refusal,
    too_large,
)
from evalhub.serving.counting import FLAG, count

type Application = Callable[[dict[str, Any], Any], Iterable[bytes]]

FLAGS_ROOT = "/ofrep/"
FLAGS = f"{FLAGS_ROOT}v1/evaluate/flags"
BEARER = "bearer "


class FlagsFirst:
    """A WSGI application that answers flags, and leaves all else to the one below it."""

    def __init__(self, application: Application, evaluations: Evaluations) -> None:
        self._application, self._evaluations = application, evaluations

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if not environ["PATH_INFO"].startswith(FLAGS_ROOT):
            return self._application(environ, start_response)
        began = perf_counter()
        answer = self._answer(environ)
        body = json.dumps(answer.content).encode()
        start_response(
            f"{answer.status} {HTTPStatus(answer.status).phrase}", _headers(answer, body)
        )
        count(method=FLAG, status=answer.status, seconds=perf_counter() - began)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    def _answer(self, environ: dict[str, Any]) -> FlagAnswer:
        path: str = environ["PATH_INFO"].encode("latin-1").decode(errors="replace")
        folder, _, key = path.partition(f"{FLAGS}/")
        if folder or not key:
            is_bulk = path.rstrip("/") == FLAGS
            return no_bulk() if is_bulk else refusal(404, "Nothing is here")
        if environ["REQUEST_METHOD"] != "POST":
            return refusal(405, "A flag is evaluated by POST")
        length = _length(environ)
        if length > LARGEST_CONTEXT:
            return too_large(key)
        body = environ["wsgi.input"].read(length)
        return self._evaluations.answer(key=key, secret=_secret(environ), body=body)


def _length(environ: dict[str, Any]) -> int:
    """Bytes of the body; 0 where the request doesn't say."""
    text = environ.get("CONTENT_LENGTH") or "0"
    return int(text) if text.isdecimal() else 0


def _secret(environ: dict[str, Any]) -> str:
    """The token: of `Authorization: Bearer`, else of `X-API-Key`."""
    header: str = environ.get("HTTP_AUTHORIZATION", "")
    if header[: len(BEARER)].lower() == BEARER:
        return header[len(BEARER) :].strip()
    key: str = environ.get("HTTP_X_API_KEY", "")
    return key.strip()


def _headers(answer: FlagAnswer, body: bytes) -> list[tuple[str, str]]:
    headers = [
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-store"),
    ]
    if answer.retry_after_s is not None:
        headers.append(("Retry-After", str(answer.retry_after_s)))
    if answer.status == HTTPStatus.METHOD_NOT_ALLOWED:
        headers.append(("Allow", "POST"))
    if answer.status == HTTPStatus.UNAUTHORIZED:
        headers.append(("WWW-Authenticate", 'Bearer realm="Evalhub"'))
    return headers
