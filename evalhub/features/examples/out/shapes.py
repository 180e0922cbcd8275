"""What REST takes and gives of what examples become; commands print the same."""

from datetime import datetime
from typing import Any, Literal, Self

from pydantic import Field, JsonValue

from evalhub.declare.declaration import Declaration
from evalhub.features.examples.out.exporting import ExportedFile
from evalhub.features.examples.out.publishing import PublishedExamples
from evalhub.frames.rest.shapes import ResponseBody, address
from evalhub.registry.models import TrainingFileVersion

Format = Literal["chat", "prompt-completion", "dpo"]
MOST_QUEUES = 100


class ExamplesExportRequest(Declaration):
    """Queues whose accepted examples go out as a training file."""

    queues: tuple[int, ...] = Field(min_length=1, max_length=MOST_QUEUES)
    format: Format = "chat"
    name: str = Field("", max_length=120, description="to know it by; else the first queue's")
    strict: bool = Field(False, description="refuse, instead of leaving out, what is judged on")
    provenance: bool = Field(False, description="rows name their example, source and licence")


class ExamplesPublishRequest(Declaration):
    """Queues whose accepted examples become a test set's next version."""

    queues: tuple[int, ...] = Field(min_length=1, max_length=MOST_QUEUES)
    test_set: str = Field(min_length=1, max_length=120)
    strict: bool = Field(False, description="refuse, instead of leaving out, what is trained on")


class TrainingFileOut(ResponseBody):
    """A version of a training file that went out from here."""

    id: int
    name: str
    number: int
    format: str
    rows: int
    sha256: str = Field(description="of the file's bytes")
    digest: str = Field(description="SHA-256 of its rows in whatever order")
    left_out: dict[str, int] = Field(description="why rows were left out → how many")
    card: dict[str, JsonValue] = Field(description="the figures of its data card")
    by: int | None = Field(validation_alias="by_id", description="account; null: the operator")
    created: datetime
    url: str

    @classmethod
    def from_model(cls, file: TrainingFileVersion, /, **computed: Any) -> Self:
        url = address("training_file", file.project.slug, file.pk)
        return super().from_model(file, url=url, **computed)


class ExportedFileOut(TrainingFileOut):
    test_items: tuple[str, ...] = Field(
        description="test items that examples hold which were left out of this export"
    )

    @classmethod
    def of(cls, exported: ExportedFile) -> Self:
        items = tuple(str(each) for each in exported.items)
        return cls.from_model(exported.file, left_out=dict(exported.left_out), test_items=items)


class PublishedExamplesOut(ResponseBody):
    test_set: str
    number: int
    items: int
    examples: int = Field(description="that are in it, or whose right answers are")
    left_out: dict[str, int] = Field(description="why examples were left out → how many")
    training_rows: tuple[str, ...] = Field(description="rows of training files that hold those")
    url: str

    @classmethod
    def of(cls, published: PublishedExamples) -> Self:
        version = published.version
        test_set = version.test_set
        return cls(
            test_set=test_set.slug,
            number=version.number,
            items=version.item_count,
            examples=published.examples,
            left_out=dict(published.left_out),
            training_rows=tuple(str(each) for each in published.rows),
            url=address("test_set_version", test_set.project.slug, test_set.slug, version.number),
        )
