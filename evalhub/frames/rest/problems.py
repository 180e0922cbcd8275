"""A problem, as application/problem+json (RFC 9457): raised by an endpoint, or answered.

Besides type, title, status and detail a problem has `errors`: for each flaw the field, as a dotted
path, and where it lies in a file, the file and its line.
"""

from collections.abc import Mapping
from typing import Any

from rest_framework.response import Response

from evalhub.declare.problem_body import MEDIA_TYPE, problem_body
from evalhub.logs import request_id

NAMED = (403, 429)
"""Refusals that somebody asks the site's operator about, by the request's id, as about its faults.
Others say the same to the same request."""


class Problem(Exception):
    """An answer that is no success, raised by the API itself.

    Attributes:
        more: further members of the problem, beside the usual ones.
        headers: of the answer.
    """

    def __init__(
        self,
        code: int,
        detail: str,
        *,
        field: str = "",
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        self.code, self.detail, self.field, self.more = code, detail, field, more
        self.headers = dict(headers or {})
        super().__init__(detail)


def problem(
    code: int,
    detail: str,
    errors: list[dict[str, Any]] | None = None,
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> Response:
    """The response of a problem."""
    if (code in NAMED or code >= 500) and (identity := request_id()):
        more["request_id"] = identity
    body = problem_body(code, detail, errors or [], **more)
    return Response(body, code, headers=dict(headers or {}), content_type=MEDIA_TYPE)
