"""Test sets, models and their versions, as programs see them."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AliasPath, Field, JsonValue

from evalhub.declare.declaration import Declaration
from evalhub.declare.outside import Outside
from evalhub.frames.rest.shapes import ResponseBody, address
from evalhub.registry.models import Item, Model, ModelVersion, TestSet, TestSetVersion
from evalhub.registry.models.retirements import retirement_of
from evalhub.registry.versions import base_of_version
from evalhub.studies.file.test_sets import ItemFields
from evalhub.training.advice import advice_on

Upload = Annotated[
    str,
    Field(pattern="^sha256:[0-9a-f]{64}$", description="an upload, as sha256:DIGEST"),
    Outside("file"),
]
Purpose = Literal["task", "capability", "safety"]


class TestSetOut(ResponseBody):
    __test__ = False

    slug: str
    purpose: str
    created: datetime
    url: str

    @classmethod
    def from_model(cls, test_set: TestSet, /, **computed: Any) -> Self:
        url = address("test_set_versions", test_set.project.slug, test_set.slug)
        return super().from_model(test_set, url=url, **computed)


class TestSetVersionRequest(Declaration):
    """A file of items that was uploaded."""

    __test__ = False

    file: Upload
    purpose: Purpose = Field("task", description="of a test set that isn't there yet")
    fields: ItemFields = ItemFields()


class RetirementRequest(Declaration):
    reason: str = Field(min_length=1, max_length=1000)


class RetirementOut(ResponseBody):
    reason: str
    by: int | None = Field(
        validation_alias="by_id", description="number of the account; null: the operator"
    )
    created: datetime


class TestSetVersionOut(ResponseBody):
    __test__ = False

    test_set: str = Field(validation_alias=AliasPath("test_set", "slug"))
    number: int
    digest: str = Field(description="SHA-256 of the items in their order")
    items: int = Field(validation_alias="item_count")
    retired: RetirementOut | None = Field(
        description="since when nothing is judged on it; null: it is in use"
    )
    created: datetime
    url: str

    @classmethod
    def from_model(cls, version: TestSetVersion, /, **computed: Any) -> Self:
        test_set = version.test_set
        url = address("test_set_version", test_set.project.slug, test_set.slug, version.number)
        row = retirement_of(version)
        retired = None if row is None else RetirementOut.from_model(row)
        return super().from_model(version, url=url, retired=retired, **computed)


class ItemContentOut(ResponseBody):
    """What an item holds, in a version or in a working set."""

    id: str = Field(validation_alias="key", description="the item's id in its file")
    position: int
    input: JsonValue
    references: tuple[JsonValue, ...]
    context: str
    tags: tuple[str, ...]
    cluster: str
    choices: tuple[str, ...] | None
    tools: tuple[dict[str, JsonValue], ...] | None
    relevant: tuple[str, ...] | None = Field(
        description="ids of the passages that hold its answer; null: nobody said"
    )
    answerable: bool = Field(description="whether the documents hold its answer")
    metadata: dict[str, JsonValue]
    weight: float | None = Field(description="how much it counts; null: like every other")


class ItemOut(ItemContentOut):
    digest: str
    redacted: bool

    @classmethod
    def from_model(cls, item: Item, /, **computed: Any) -> Self:
        return super().from_model(item, redacted=item.redacted is not None, **computed)


class ModelOut(ResponseBody):
    slug: str
    created: datetime
    url: str

    @classmethod
    def from_model(cls, model: Model, /, **computed: Any) -> Self:
        url = address("model_versions", model.project.slug, model.slug)
        return super().from_model(model, url=url, **computed)


class PublicationOut(ResponseBody):
    title: str
    url: str


class TrainingAdviceOut(ResponseBody):
    rule: str = Field(
        validation_alias=AliasPath("rule", "name"),
        description="a rule of the table in training-advice.md",
    )
    says: str = Field(description="what is unusual, as a sentence")
    usual: str = Field(
        validation_alias=AliasPath("rule", "usual"), description="what is usual, with its numbers"
    )
    sources: tuple[PublicationOut, ...] = Field(
        validation_alias=AliasPath("rule", "sources"), description="where that is known from"
    )


class ModelVersionOut(ResponseBody):
    model: str = Field(validation_alias=AliasPath("model", "slug"))
    number: int
    kind: str
    parent: str | None = Field(description="address of the version it was made from")
    backend: dict[str, JsonValue]
    prompt: dict[str, JsonValue]
    sampling: dict[str, JsonValue]
    training: dict[str, JsonValue] = Field(description="the training record, as it was handed in")
    training_advice: tuple[TrainingAdviceOut, ...] = Field(
        description="what is unusual in the record; it changes no verdict"
    )
    notes: str
    stage: str
    digest: str = Field(description="SHA-256 of the specification")
    created: datetime
    url: str

    @classmethod
    def from_model(cls, version: ModelVersion, /, **computed: Any) -> Self:
        advice = advice_on(
            version.training.fields_with_names.fields,
            kind=version.kind,
            base=base_of_version(version),
        )
        return super().from_model(
            version,
            parent=version.parent and version_address(version.parent),
            prompt=version.prompt.as_json(),
            sampling=version.sampling.as_json(),
            training=version.training.as_json(),
            training_advice=advice,
            url=version_address(version),
            **computed,
        )


def version_address(version: ModelVersion) -> str:
    """The address of a version of a model."""
    model = version.model
    return address("model_version", model.project.slug, model.slug, version.number)
