"""What REST takes and gives of queues of examples; commands print the same."""

from datetime import datetime
from typing import Any, Literal, Self

from pydantic import AliasPath, Field, JsonValue

from evalhub.declare.declaration import Declaration
from evalhub.frames.rest.shapes import ResponseBody, address
from evalhub.stats.intervals import Estimate
from reviews.examples.drafts import ExampleDraft
from reviews.examples.quality import AnnotatorAgreement, AnnotatorQuality
from reviews.examples.queues import (
    LONGEST_INSTRUCTIONS,
    LONGEST_NAME,
    MOST_GOLD,
    MOST_LABELS,
)
from reviews.examples.results import QueueResults
from reviews.models import Annotation, Example, ExampleQueue, ExampleSource

MOST_AT_ONCE = 1000
"""Examples in one request."""


class QueueRequest(Declaration):
    """A queue to create: it is open and empty."""

    name: str = Field(min_length=1, max_length=LONGEST_NAME)
    purpose: Literal["training", "references"] = Field(
        "training", description="rows to train on, or right answers of a test set"
    )
    instructions: str = Field(
        "", max_length=LONGEST_INSTRUCTIONS, description="what people are to do; it names no model"
    )
    annotators_per_example: int = Field(1, ge=1, le=2, description="2: blind to each other")
    labels: tuple[str, ...] = Field(
        (), max_length=MOST_LABELS, description="the answers that are allowed; none: any text"
    )
    gold_share: float = Field(
        0.0, ge=0, le=MOST_GOLD, description="share of a person's turns whose right answer is known"
    )


class NewExample(Declaration):
    """An example to add. What proposed its answer is shown to nobody who judges it."""

    input: str | tuple[dict[str, JsonValue], ...] = Field(
        description="a text, or chat messages {role, content}"
    )
    proposal: str = Field("", description="the proposed answer; empty: people write it")
    context: str = ""
    tags: tuple[str, ...] = ()
    metadata: dict[str, JsonValue] = Field(default_factory=dict)
    source: Literal["traffic", "model", "augmentation", "file", "person"] = Field(
        "person", description="where it came from"
    )
    reference: dict[str, JsonValue] = Field(
        default_factory=dict, description="where exactly, such as the number of a model's call"
    )
    model: str = Field("", max_length=200, description="that proposed the answer")
    prompt: str = Field("", description="with which the model was asked for it")
    licence: str = Field("", max_length=100)
    user_hash: str = Field("", max_length=32, description="keyed hash of the traffic's user")
    gold: bool = Field(False, description="planted, to see whether people look; goes nowhere")
    expected: str = Field("", description="gold: right answer; empty: it is wrong")

    def draft(self) -> ExampleDraft:
        """As the verb takes it."""
        values = {name: getattr(self, name) for name in type(self).model_fields}
        return ExampleDraft(**values | {"source": ExampleSource(self.source)})


class NewExamples(Declaration):
    """Examples to add: all of them, or none."""

    examples: tuple[NewExample, ...] = Field(min_length=1, max_length=MOST_AT_ONCE)


class AddedExamplesOut(ResponseBody):
    added: int
    duplicates: int = Field(description="left out: the queue has their input and context already")


class QueueOut(ResponseBody):
    """A queue with its numbers of examples."""

    id: int
    name: str
    purpose: str
    instructions: str
    annotators_per_example: int
    labels: tuple[str, ...]
    gold_share: float
    state: str
    created: datetime
    size: int = Field(description="examples, without gold and erased ones")
    decided: int = Field(description="accepted or rejected")
    accepted: int
    disputed: int = Field(description="two annotators disagree: a third is to decide")
    gold: int
    url: str

    @classmethod
    def from_model(cls, queue: ExampleQueue, /, **computed: Any) -> Self:
        """Of a queue with its counts (`with_counts`)."""
        url = address("example_queue", queue.project.slug, queue.pk)
        return super().from_model(queue, url=url, **computed)


class ShareOut(ResponseBody):
    """A value with its 95% interval; null where there is nothing to take it of."""

    value: float | None
    lower: float | None
    upper: float | None

    @classmethod
    def of(cls, estimate: Estimate) -> Self:
        return cls(value=estimate.value, lower=estimate.lower, upper=estimate.upper)


class AnnotatorAgreementOut(ResponseBody):
    """How far two annotators of an example agree."""

    examples: int = Field(description="that two people answered")
    same: ShareOut = Field(description="share on which both did the same")
    krippendorff_alpha: ShareOut
    cohen_kappas: tuple[dict[str, JsonValue], ...] = Field(description="of every two people")

    @classmethod
    def of(cls, agreed: AnnotatorAgreement, names: dict[int, str]) -> Self:
        return cls(
            examples=agreed.examples,
            same=ShareOut.of(agreed.same),
            krippendorff_alpha=ShareOut.of(agreed.agreement.krippendorff_alpha),
            cohen_kappas=tuple(
                {
                    "people": [names.get(int(str(each)), "") for each in kappa.raters],
                    "examples": kappa.units,
                    "value": kappa.value,
                }
                for kappa in agreed.kappas
            ),
        )


class AnnotatorOut(ResponseBody):
    """How one person answers."""

    name: str
    answers: int
    seconds: float = Field(description="median from the deal to the answer")
    too_fast: int = Field(description="answers that came before the example could be read")
    edited: ShareOut
    rejected: ShareOut
    gold: int
    gold_right: ShareOut

    @classmethod
    def of(cls, person: AnnotatorQuality, names: dict[int, str]) -> Self:
        return cls(
            name=names[person.annotator],
            answers=person.answers,
            seconds=person.seconds,
            too_fast=person.pace.fast,
            edited=ShareOut.of(person.edited),
            rejected=ShareOut.of(person.rejected),
            gold=person.gold,
            gold_right=ShareOut.of(person.gold_right),
        )


class WholeQueueOut(QueueOut):
    """A queue with how it goes: agreement, and each person's pace and gold."""

    states: dict[str, int] = Field(description="examples by state")
    agreement: AnnotatorAgreementOut | None = Field(description="on accept, edit or reject")
    label_agreement: AnnotatorAgreementOut | None
    people: tuple[AnnotatorOut, ...]

    @classmethod
    def of(cls, queue: ExampleQueue, results: QueueResults) -> Self:
        names = dict(results.names)
        agreed = {"agreement": results.actions, "label_agreement": results.labels}
        return cls.from_model(
            queue,
            states=dict(results.states),
            people=tuple(AnnotatorOut.of(person, names) for person in results.people),
            **{
                name: each and AnnotatorAgreementOut.of(each, names)
                for name, each in agreed.items()
            },
        )


class AnnotationOut(ResponseBody):
    """What a person did with an example."""

    annotator: str = Field(validation_alias=AliasPath("annotator", "username"))
    purpose: str
    action: str
    answer: str
    reason: str
    state: str = Field(description="answered, or undone: taken back")
    seconds: float | None
    answered: datetime | None


class ExampleOut(ResponseBody):
    """An example with its provenance, and what came of it."""

    id: int
    position: int
    input: JsonValue
    context: str
    proposal: str
    tags: tuple[str, ...]
    metadata: dict[str, JsonValue]
    source: str
    reference: dict[str, JsonValue]
    model: str
    prompt: str
    licence: str
    gold: bool
    state: str
    final_answer: str
    decided: datetime | None
    created: datetime
    annotations: tuple[AnnotationOut, ...] = Field(description="once it is decided; else none")

    @classmethod
    def from_model(cls, example: Example, /, **computed: Any) -> Self:
        """Of an example whose annotations are read. What one annotator did is told once nobody
        has to be blind to it any more."""
        rows: list[Annotation] = list(example.annotations.all()) if example.is_decided else []
        said = tuple(AnnotationOut.from_model(row) for row in rows if row.action)
        return super().from_model(example, annotations=said, **computed)
