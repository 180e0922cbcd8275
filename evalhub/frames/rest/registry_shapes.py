"""Test sets, models and their versions, as programs see them."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, JsonValue

from evalhub.declare.declaration import Declaration
from evalhub.declare.outside import Outside
from evalhub.frames.rest.addresses import address
from evalhub.frames.rest.shapes import ResponseShape
from evalhub.registry.models import Item, Model, ModelVersion, TestSet, TestSetVersion
from evalhub.registry.versions import base_of_version
from evalhub.studies.file.test_sets import ItemFields
from evalhub.training.advice import Advice, advice_on

Upload = Annotated[
    str,
    Field(pattern="^sha256:[0-9a-f]{64}$", description="an upload, as sha256:DIGEST"),
    Outside("file"),
]
Purpose = Literal["task", "capability", "safety"]


class TestSetShape(ResponseShape):
    __test__ = False

    slug: str
    purpose: str
    created: datetime
    url: str

    @classmethod
    def of(cls, test_set: TestSet) -> "TestSetShape":
        return cls(
            slug=test_set.slug,
            purpose=test_set.purpose,
            created=test_set.created,
            url=address("test_set_versions", test_set.project.slug, test_set.slug),
        )


class TestSetVersionRequest(Declaration):
    """A file of items that was uploaded."""

    __test__ = False

    file: Upload
    purpose: Purpose = Field("task", description="of a test set that isn't there yet")
    fields: ItemFields = ItemFields()


class TestSetVersionShape(ResponseShape):
    __test__ = False

    test_set: str
    number: int
    digest: str = Field(description="SHA-256 of the items in their order")
    items: int
    created: datetime
    url: str

    @classmethod
    def of(cls, version: TestSetVersion) -> "TestSetVersionShape":
        test_set = version.test_set
        return cls(
            test_set=test_set.slug,
            number=version.number,
            digest=version.digest,
            items=version.item_count,
            created=version.created,
            url=address("test_set_version", test_set.project.slug, test_set.slug, version.number),
        )


class ItemShape(ResponseShape):
    id: str = Field(description="the item's id in its file")
    position: int
    input: JsonValue
    references: tuple[JsonValue, ...]
    context: str
    tags: tuple[str, ...]
    cluster: str
    choices: tuple[str, ...] | None
    tools: tuple[dict[str, JsonValue], ...] | None
    metadata: dict[str, JsonValue]
    digest: str
    redacted: bool

    @classmethod
    def of(cls, item: Item) -> "ItemShape":
        return cls(
            id=item.key,
            position=item.position,
            input=item.input,
            references=tuple(item.references),
            context=item.context,
            tags=tuple(item.tags),
            cluster=item.cluster,
            choices=None if item.choices is None else tuple(item.choices),
            tools=None if item.tools is None else tuple(item.tools),
            metadata=item.metadata,
            digest=item.digest,
            redacted=item.redacted is not None,
        )


class ModelShape(ResponseShape):
    slug: str
    created: datetime
    url: str

    @classmethod
    def of(cls, model: Model) -> "ModelShape":
        url = address("model_versions", model.project.slug, model.slug)
        return cls(slug=model.slug, created=model.created, url=url)


class PublicationShape(ResponseShape):
    title: str
    url: str


class TrainingAdviceShape(ResponseShape):
    rule: str = Field(description="a rule of the table in training-advice.md")
    says: str = Field(description="what is unusual, as a sentence")
    usual: str = Field(description="what is usual, with its numbers")
    sources: tuple[PublicationShape, ...] = Field(description="where that is known from")

    @classmethod
    def of(cls, advice: Advice) -> "TrainingAdviceShape":
        return cls(
            rule=advice.rule.name,
            says=advice.says,
            usual=advice.rule.usual,
            sources=tuple(
                PublicationShape(title=source.title, url=source.url)
                for source in advice.rule.sources
            ),
        )


class ModelVersionShape(ResponseShape):
    model: str
    number: int
    kind: str
    parent: str | None = Field(description="address of the version it was made from")
    backend: dict[str, JsonValue]
    prompt: dict[str, JsonValue]
    sampling: dict[str, JsonValue]
    training: dict[str, JsonValue] = Field(description="the training record, as it was handed in")
    training_advice: tuple[TrainingAdviceShape, ...] = Field(
        description="what is unusual in the record; it changes no verdict"
    )
    notes: str
    stage: str
    digest: str = Field(description="SHA-256 of the specification")
    created: datetime
    url: str

    @classmethod
    def of(cls, version: ModelVersion) -> "ModelVersionShape":
        return cls(
            model=version.model.slug,
            number=version.number,
            kind=version.kind,
            parent=None if version.parent is None else _at(version.parent),
            backend=version.backend,
            prompt=version.prompt.as_json(),
            sampling=version.sampling.as_json(),
            training=version.training.as_json(),
            training_advice=tuple(
                TrainingAdviceShape.of(advice)
                for advice in advice_on(
                    version.training.fields_with_names.fields,
                    kind=version.kind,
                    base=base_of_version(version),
                )
            ),
            notes=version.notes,
            stage=version.stage,
            digest=version.digest,
            created=version.created,
            url=_at(version),
        )


def _at(version: ModelVersion) -> str:
    model = version.model
    return address("model_version", model.project.slug, model.slug, version.number)
