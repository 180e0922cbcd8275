"""An example's life: where it came from, what each person did with it, and what it became."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString

from evalhub.features.examples.models import SentExample
from evalhub.frames.page.properties import Property, properties
from reviews.models import Annotation, AnnotationAction, Example
from reviews.pages.differences import mark_differences
from reviews.pages.page import ItemRequest, request_of

_OUT = ("row__file", "item__version__test_set")


@dataclass(frozen=True, slots=True)
class LifeStep:
    """One answer: `before` is the proposal with the words that are gone marked, `after` the answer
    with the new ones; both None where nothing was edited."""

    annotation: Annotation
    before: SafeString | None
    after: SafeString | None


@dataclass(frozen=True, slots=True)
class ExampleLife:
    """`reference` says what it was made from. `hidden` is how many answers aren't shown, since
    somebody may still have to be blind to them. `final` is the final answer with what differs from
    the proposal marked."""

    example: Example
    request: ItemRequest
    reference: Sequence[Property]
    steps: Sequence[LifeStep]
    hidden: int
    final: SafeString | None
    variations: Sequence[Example]
    outs: Sequence[SentExample]


def example_life(example: Example) -> ExampleLife:
    """The life of an example with its `queue` and `parent`. Three queries."""
    answers = list(
        example.annotations.exclude(action="").select_related("annotator").order_by("answered")
    )
    blind = example.seats > 1 and not example.is_decided and not example.gold
    shown = [] if blind else answers
    final = None
    if example.final_answer:
        final = mark_differences(example.proposal, example.final_answer)[1].html
    return ExampleLife(
        example=example,
        request=request_of(example.input, example.context),
        reference=properties(example.reference),
        steps=[_step(example, annotation) for annotation in shown],
        hidden=len(answers) - len(shown),
        final=final,
        outs=list(example.outs.select_related(*_OUT)),
        variations=list(example.variations.select_related("queue")[:20]),
    )


def _step(example: Example, annotation: Annotation) -> LifeStep:
    if annotation.action != AnnotationAction.EDIT:
        return LifeStep(annotation, None, None)
    before, after = mark_differences(example.proposal, annotation.answer)
    return LifeStep(annotation, before.html, after.html)
