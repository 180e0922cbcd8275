"""The body of an error response by RFC 9457, for every door. Pure."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

MEDIA_TYPE = "application/problem+json"


def problem_body(
    code: int, detail: str, errors: Sequence[dict[str, Any]] = (), **more: Any
) -> dict[str, Any]:
    """The body: `errors` lists each flaw with its field; `more` are further members."""
    return {
        "type": "about:blank",
        "title": HTTPStatus(code).phrase,
        "status": code,
        "detail": detail,
        "errors": list(errors),
        **more,
    }
