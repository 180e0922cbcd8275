"""Shapes of answers and scores that are sent in parts."""

from datetime import datetime
from typing import Any, Self

from pydantic import AliasPath, Field

from evalhub.api.shapes.runs import VersionOnItems
from evalhub.declare.declaration import Declaration
from evalhub.frames.rest.shapes import ResponseBody, address
from evalhub.registry.models import Ingestion
from runners.metrics import AnyMetric


class IngestionRequest(VersionOnItems):
    """A recorded version's answers to a test set version, which are to come in parts."""

    metrics: tuple[AnyMetric, ...] = Field(
        min_length=1, description="`recorded` takes the scores that the answers come with"
    )


class FinishRequest(Declaration):
    """That all of it was handed in."""

    rows: int = Field(ge=1, le=2**31 - 1, description="how many rows there are in all")


class IngestionOut(ResponseBody):
    id: int
    model: str = Field(validation_alias=AliasPath("run", "version", "model", "slug"))
    version: int = Field(validation_alias=AliasPath("run", "version", "number"))
    test_set: str = Field(validation_alias=AliasPath("run", "test_set_version", "test_set", "slug"))
    test_set_version: int = Field(validation_alias=AliasPath("run", "test_set_version", "number"))
    rows: int = Field(description="taken so far: the offset of the next part")
    created: datetime
    finished: datetime | None
    run: str | None = Field(validation_alias="run_address", description="the run that it became")
    url: str

    @classmethod
    def from_model(cls, ingestion: Ingestion, /, **computed: Any) -> Self:
        project = ingestion.project.slug
        return super().from_model(
            ingestion,
            run_address=address("run", project, ingestion.run_id) if ingestion.finished else None,
            url=address("ingestion", project, ingestion.pk),
            **computed,
        )


class TakenOut(ResponseBody):
    """What was taken of a part: all of it."""

    rows: int = Field(description="taken so far: the offset of the next part")
