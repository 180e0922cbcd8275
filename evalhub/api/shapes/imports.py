"""Shapes of other tools' logs that are imported."""

from typing import Annotated, Any, Self

from pydantic import AliasPath, Field

from evalhub.declare.declaration import Declaration
from evalhub.declare.row_fields import RowFields
from evalhub.declare.study import ModelKind, Name
from evalhub.frames.rest.registry_shapes import Upload
from evalhub.frames.rest.shapes import ResponseBody, address
from evalhub.studies.files.import_logs import ImportedTask, ImportRequest

FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=200)]


class LogRequest(Declaration):
    """Another tool's log, whose files were uploaded."""

    kind: str = Field(description="lm-eval, inspect, promptfoo, json, parquet, …")
    files: dict[FileName, Upload] = Field(
        min_length=1, max_length=200, description="the log's files by the names that they had"
    )
    arm: str | None = Field(None, description="of a log of several the only one to take")
    test_set: Name | None = Field(None, description="its name; else as in the log")
    model: Name | None = Field(None, description="its name; else as in the log")
    model_kind: ModelKind | None = Field(None, description="base where none is given")
    fields: RowFields = Field(
        RowFields(), description="of json and parquet: where the rows are, and what each has"
    )

    @property
    def request(self) -> ImportRequest:
        """The import request without the log itself."""
        options = self.model_dump(exclude={"kind", "files", "fields"}, exclude_none=True)
        return ImportRequest(**options, fields=self.fields.mapping)


class ImportedTaskOut(ResponseBody):
    arm: str
    task: str
    model: str = Field(validation_alias=AliasPath("run", "version", "model", "slug"))
    test_set: str = Field(validation_alias=AliasPath("run", "test_set_version", "test_set", "slug"))
    items: int = Field(validation_alias=AliasPath("run", "test_set_version", "item_count"))
    metrics: tuple[str, ...] = Field(description="of which scores came with the answers")
    left_out: dict[str, str] = Field(description="metrics that weren't taken, and why")
    disagreeing: tuple[str, ...] = Field(
        description="metrics of which the log's own figure isn't the mean of its scores"
    )
    run: str = Field(validation_alias="run_address")

    @classmethod
    def from_model(cls, task: ImportedTask, /, **computed: Any) -> Self:
        run = address("run", task.run.version.model.project.slug, task.run.pk)
        return super().from_model(task, run_address=run, **computed)


class ImportedOut(ResponseBody):
    imported: tuple[ImportedTaskOut, ...]
