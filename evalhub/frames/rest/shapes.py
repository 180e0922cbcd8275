"""What any endpoint may give: its base class, addresses, a problem, a job."""

from datetime import datetime
from typing import Any, Literal, Self

from django.urls import reverse
from pydantic import ConfigDict, Field, JsonValue

from evalhub.declare.declaration import Declaration
from evalhub.jobs.models import Job


def address(name: str, *args: object) -> str:
    """The address /api/v1/… of the endpoint of this name."""
    return reverse(f"api:{name}", args=args)


class ResponseBody(Declaration):
    """What an endpoint gives. No request is read by it, so what it names is followed by nobody."""

    model_config = ConfigDict(from_attributes=True, strict=False)

    @classmethod
    def from_model(cls, row: Any, /, **computed: Any) -> Self:
        """The fields read from the row's attributes of the same name, or of their AliasPath.

        Fields that no attribute holds are computed, which a shape's own `from_model` does. A
        computed field hides the row's attribute of that name also from paths: where one begins by
        it, the field gets an alias (`run_address` for `run`).
        """
        return cls.model_validate(_Row(row, computed) if computed else row)


class _Row:
    """A row whose computed attributes come before its own."""

    def __init__(self, row: Any, computed: dict[str, Any]) -> None:
        self._row = row
        self.__dict__.update(computed)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._row, name)


class FlawOut(ResponseBody, extra="allow", json_schema_serialization_defaults_required=False):
    """One thing that is wrong, and where, as far as it is anywhere."""

    field: str = Field("", description="its field, as a dotted path")
    message: str
    file: str | None = Field(None, description="the upload that it is in, as sha256:DIGEST")
    line: int | None = None


class ProblemOut(ResponseBody, extra="allow", json_schema_serialization_defaults_required=False):
    """What went wrong, by RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    errors: tuple[FlawOut, ...] = Field(description="each flaw with its field")
    request_id: str | None = Field(
        None,
        description="of a 403, a 429 or a 5xx: X-Request-ID, which finds it in the log",
    )


class JobOut(ResponseBody):
    """A heavy request that a process of its own works on, and once it has ended its answer."""

    id: int
    title: str = Field(description="what the request does")
    state: Literal["waiting", "running", "ended"] = Field(validation_alias="state_word")
    ahead: int = Field(description="jobs of the project that come before it; one runs at a time")
    rows_read: int = Field(description="rows of files that its process has read so far")
    rows_written: int = Field(description="rows that it has written into the database so far")
    status: int | None = Field(description="the answer's HTTP status; null until it has ended")
    location: str | None = Field(description="the answer's Location: what was made")
    answer: JsonValue = Field(description="the answer's JSON, a problem where status is above 399")
    by: str
    created: datetime
    started: datetime | None
    ended: datetime | None
    url: str

    @classmethod
    def from_model(cls, job: Job, /, **computed: Any) -> Self:
        ended = job.has_ended
        return super().from_model(
            job,
            status=job.status if ended else None,
            location=job.location or None if ended else None,
            answer=job.body if ended else None,
            by=str(job.by),
            url=address("job", job.project.slug, job.pk),
            **computed,
        )
