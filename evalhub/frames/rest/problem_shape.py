"""What a problem looks like."""

from pydantic import Field, JsonValue

from evalhub.frames.rest.shapes import ResponseShape


class FlawShape(ResponseShape, extra="allow", json_schema_serialization_defaults_required=False):
    """One error, and its place if it has one."""

    field: str = Field("", description="its field, as a dotted path")
    message: str
    file: str | None = Field(None, description="the upload that it is in, as sha256:DIGEST")
    line: int | None = None


class ProblemShape(ResponseShape, extra="allow", json_schema_serialization_defaults_required=False):
    """What went wrong, by RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    errors: tuple[FlawShape, ...] = Field(description="each flaw with its field")
    request_id: str | None = Field(
        None,
        description="of a 403, a 429 or a 5xx: X-Request-ID, which finds it in the log",
    )


class GateProblemShape(ProblemShape):
    """Why the gate doesn't open: what it says when it does, beside the problem."""

    verdict: str | None
    current: bool
    registered: bool
    headline: str
    reasons: tuple[str, ...]
    changed_since: tuple[str, ...]
    links: dict[str, JsonValue]
