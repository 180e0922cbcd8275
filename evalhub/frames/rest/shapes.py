"""What any endpoint may give: its base class, addresses, a problem, a job."""

from datetime import datetime
from typing import Literal

from django.urls import reverse
from pydantic import Field, JsonValue

from evalhub.declare.declaration import Declaration
from evalhub.jobs.models import Job


def address(name: str, *args: object) -> str:
    """The address /api/v1/… of the endpoint of this name."""
    return reverse(f"api:{name}", args=args)


class ResponseBody(Declaration):
    """What an endpoint gives. Nothing is read by it, so what it names is followed by nobody."""


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
    state: Literal["waiting", "running", "ended"]
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
    def of(cls, job: Job) -> "JobOut":
        ended = job.has_ended
        return cls(
            id=job.pk,
            title=job.title,
            state=job.state_word,
            ahead=job.ahead,
            rows_read=job.rows_read,
            rows_written=job.rows_written,
            status=job.status if ended else None,
            location=job.location or None if ended else None,
            answer=job.body if ended else None,
            by=str(job.by),
            created=job.created,
            started=job.started,
            ended=job.ended,
            url=address("job", job.project.slug, job.pk),
        )
