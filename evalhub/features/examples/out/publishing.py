"""Accepted examples become a version of a test set, without anything that went out to training."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import transaction

from evalhub.accounts.audit_log import note
from evalhub.accounts.models import Action, Project, User
from evalhub.accounts.permissions import check_evaluates
from evalhub.decision.wording import count_text
from evalhub.features.examples.models import SentExample
from evalhub.features.examples.out.exporting import (
    AT_ONCE,
    NAMED,
    ExamplesOutError,
    accepted_examples,
    check_queues,
)
from evalhub.io.items import EDITED, ItemContent
from evalhub.ledger.leakage.matching import item_texts
from evalhub.ledger.leakage.outgoing import TrainedRow, rows_that_hold
from evalhub.registry import drafts
from evalhub.registry.contents import content_of
from evalhub.registry.importing import ItemSource, publish_test_set, stage_items
from evalhub.registry.models import TestSetRetirement, TestSetVersion
from evalhub.registry.models.testsets import TestSetPurpose
from reviews.models import Example, ExampleQueue, ExampleSource

IN_TRAINING = "in-training-files"
"""Why an example is left out of a test set: it, or a copy of it, went out to training."""
SAME_QUESTION = "same-question"
"""Why an example is left out: the test set has its question already."""


@dataclass(frozen=True, slots=True)
class PublishedExamples:
    """A version that was made of examples.

    Attributes:
        examples: how many are in it; of items of the test set that was, whose right answers.
        left_out: why examples were left out → how many.
        rows: rows of training files that hold those that were left out.
    """

    version: TestSetVersion
    examples: int
    left_out: Mapping[str, int]
    rows: Sequence[TrainedRow]


def publish_examples(
    *,
    project: Project,
    queues: Sequence[ExampleQueue],
    test_set: str,
    by: User | None,
    purpose: str = TestSetPurpose.TASK,
    strict: bool = False,
) -> PublishedExamples:
    """Makes the accepted examples of queues the next version of a test set: its newest version's
    items, with the right answers that people wrote to them, and then the other examples.

    Examples that stand in a training file that went out from the project, or whose copy or
    near-copy does, are left out and counted. The same items are the version that is there.

    Args:
        test_set: its name; it is made where it isn't there.
        purpose: what a new test set is for.
        strict: refuse, naming the rows, instead of leaving examples out for them.

    Raises:
        evalhub.accounts.permissions.NotAllowedError: `by` doesn't evaluate in the project.
        ExamplesOutError: no queue, or one of another project, a retired version to go on from, no
            example left, or `strict` and one in a training file.
        evalhub.declare.declaration.DeclarationError: a name or a purpose that can't be.
    """
    check_evaluates(by, project)
    check_queues(project, queues)
    before = TestSetVersion.objects.newest().filter(
        test_set__project=project, test_set__slug=test_set
    )
    base = before.select_related("test_set").first()
    if base is not None and (retirement := TestSetRetirement.objects.of(base).first()):
        raise ExamplesOutError(
            f"{retirement.sentence}: take another name, for what is judged on has no item of it"
        )
    examples = list(accepted_examples(queues))
    trained = rows_that_hold(
        project,
        [
            (item_texts(_key(one), one.input, [one.final_answer]), one.fingerprint)
            for one in examples
        ],
    )
    left_out = Counter[str]()
    if trained and strict:
        raise ExamplesOutError(_strict_sentence(trained, len(examples)))
    if trained:
        left_out[IN_TRAINING] = len(trained)
    kept = [each for each in examples if _key(each) not in trained]
    contents, used = _contents(base, kept, left_out)
    if not used:
        texts = [f"{reason}: {count:,}" for reason, count in left_out.items()]
        why = f" (left out: {', '.join(texts)})" if texts else ": none is accepted yet"
        raise ExamplesOutError(f"no example is left for {test_set}{why}")
    version = _publish(project, test_set, purpose, queues, contents)
    with transaction.atomic():
        keys = [key for key, _ in used]
        items = version.items.keys_of(version.pk, keys)
        SentExample.objects.bulk_create(
            (SentExample(example=one, item_id=items[key]) for key, one in used),
            batch_size=AT_ONCE,
            ignore_conflicts=True,
        )
        note(Action.EXPORTED, by=by, project=project, what=f"examples to {version}")
    return PublishedExamples(version, len(used), left_out, list(trained.values()))


def _key(example: Example) -> str:
    return f"example-{example.pk}"


def _contents(
    base: TestSetVersion | None, examples: Sequence[Example], left_out: Counter[str]
) -> tuple[list[ItemContent], list[tuple[str, Example]]]:
    """The version's items, and of the examples that are in it the keys of their items."""
    written: dict[tuple[int, int], Example] = {}
    for example in examples:
        written.setdefault((example.fingerprint, example.fingerprint_in_context), example)
    contents, used, taken = list[ItemContent](), list[tuple[str, Example]](), set[int]()
    for item in base.items.order_by("position") if base is not None else ():
        content = content_of(item)
        same = written.get((item.fingerprint, item.fingerprint_in_context))
        if same is not None and item.redacted is None:
            taken.add(same.pk)
            if same.item_id is not None or content.key == _key(same):
                content = replace(content, references=[same.final_answer])
                used.append((content.key, same))
            else:
                left_out[SAME_QUESTION] += 1
        contents.append(content)
    for example in examples:
        if example.pk in taken:
            continue
        if written[example.fingerprint, example.fingerprint_in_context] is not example:
            left_out[SAME_QUESTION] += 1
            continue
        contents.append(_content(example))
        used.append((_key(example), example))
    return contents, used


def _content(example: Example) -> ItemContent:
    """An example as an item. An edit of a production answer leans to the model that gave it, and
    says so."""
    edited = example.source == ExampleSource.TRAFFIC and example.proposal
    metadata: dict[str, Any] = {"example": example.pk, **(EDITED if edited else {})}
    return ItemContent(
        key=_key(example),
        input=example.input,
        references=[example.final_answer],
        context=example.context,
        tags=list(example.tags),
        cluster="",
        metadata=metadata,
    )


def _publish(
    project: Project,
    test_set: str,
    purpose: str,
    queues: Sequence[ExampleQueue],
    contents: Sequence[ItemContent],
) -> TestSetVersion:
    def read() -> Iterator[tuple[int, ItemContent]]:
        yield from enumerate(contents, 1)

    name = f"examples of {', '.join(each.name for each in queues)}"
    staged = stage_items(
        project=project,
        slug=test_set,
        source=ItemSource(name[:255], name, "id", read),
        purpose=purpose,
    )
    version = publish_test_set(staged)
    if version != staged:
        drafts.drop(staged)
    return version


def _strict_sentence(trained: Mapping[str, TrainedRow], count: int) -> str:
    named = ", ".join(f"{key}: {row}" for key, row in list(trained.items())[:NAMED])
    more = f" and {len(trained) - NAMED:,} more" if len(trained) > NAMED else ""
    went = "has" if len(trained) == 1 else "have"
    return (
        f"{len(trained):,} of {count_text(count, 'example')} {went} gone out to training: {named}"
        f"{more}. What is trained on is never judged on: leave out --strict, and they are left out"
    )
