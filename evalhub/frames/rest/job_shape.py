"""Jobs, as programs see them."""

from datetime import datetime
from typing import Literal

from pydantic import Field, JsonValue

from evalhub.frames.rest.addresses import address
from evalhub.frames.rest.shapes import ResponseShape
from evalhub.jobs.models import Job


class JobShape(ResponseShape):
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
    def of(cls, job: Job) -> "JobShape":
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
