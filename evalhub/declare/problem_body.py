"""What a problem says, by RFC 9457, whoever says it. Pure."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

MEDIA_TYPE = "application/problem+json"


def problem_body(
    code: int, detail: str, errors: Sequence[dict[str, Any]] = (), **more: Any
) -> dict[str, Any]:
    """The document: `errors` has each flaw with its field; `more` are members beside the usual."""
    return {
        "type": "about:blank",
        "title": HTTPStatus(code).phrase,
        "status": code,
        "detail": detail,
        "errors": list(errors),
        **more,
    }
