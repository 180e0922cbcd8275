"""Shapes of answers and scores that are sent in parts."""

from datetime import datetime

from pydantic import Field

from evalhub.api.shapes.runs import VersionOnItems
from evalhub.declare.declaration import Declaration
from evalhub.frames.rest.addresses import address
from evalhub.frames.rest.shapes import ResponseShape
from evalhub.registry.models import Ingestion
from runners.metrics import AnyMetric


class IngestionRequest(VersionOnItems):
    """A recorded version's answers to a test set version, which are to come in parts."""

    metrics: tuple[AnyMetric, ...] = Field(
        min_length=1, description="`recorded` takes the scores that the answers come with"
    )


class FinishRequest(Declaration):
    """Request to finish an ingestion, with the number of rows."""

    rows: int = Field(ge=1, le=2**31 - 1, description="how many rows there are in all")


class IngestionShape(ResponseShape):
    id: int
    model: str
    version: int
    test_set: str
    test_set_version: int
    rows: int = Field(description="taken so far: the offset of the next part")
    created: datetime
    finished: datetime | None
    run: str | None = Field(description="the run that it became")
    url: str

    @classmethod
    def of(cls, ingestion: Ingestion) -> "IngestionShape":
        run, project = ingestion.run, ingestion.project.slug
        return cls(
            id=ingestion.pk,
            model=run.version.model.slug,
            version=run.version.number,
            test_set=run.test_set_version.test_set.slug,
            test_set_version=run.test_set_version.number,
            rows=ingestion.rows,
            created=ingestion.created,
            finished=ingestion.finished,
            run=address("run", project, run.pk) if ingestion.finished else None,
            url=address("ingestion", project, ingestion.pk),
        )


class TakenShape(ResponseShape):
    """What was taken of a part: all of it."""

    rows: int = Field(description="taken so far: the offset of the next part")
