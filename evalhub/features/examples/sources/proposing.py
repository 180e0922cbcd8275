"""Ask a model for answers that people accept, edit or reject."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evalhub.accounts.models import User
from evalhub.declare.declaration import DeclarationError
from evalhub.declare.keys import Reach
from evalhub.features.examples.models import CallPart, ExampleCall, ExampleCallQuerySet
from evalhub.features.examples.sources.adding import add_drafts, leave_out
from evalhub.features.examples.sources.calls import (
    CallProgress,
    MostPaid,
    PlannedCall,
    VersionCalls,
    ask_failed_again,
    prompt_text,
)
from evalhub.features.examples.sources.from_traffic import ExampleDraw, choose_requests
from evalhub.features.examples.sources.items_of_tests import asked_by_test_sets
from evalhub.features.examples.sources.traffic_query import ExampleQuery
from evalhub.io.items import FieldMapping, ItemContent, items_of
from evalhub.io.rows import read_rows
from evalhub.registry.models import Item, ModelVersion, TestSetVersion
from evalhub.registry.version_names import version_name
from reviews.examples.drafts import ExampleDraft
from reviews.models import Example, ExampleQueue, ExampleSource, Pair, QueuePurpose
from reviews.models.campaigns import OVER

PROPOSE = "propose"
EMPTY = "the answer is empty"
IN_REVIEW = "it is in a review that goes on"
LICENCE = "licence"


@dataclass(frozen=True, slots=True)
class ProposalInputs:
    """Inputs to answer, one of the three; none: only what was planned before is asked.

    Attributes:
        file: rows {input, context, tags, licence, …}, as of a test set; `id` may be missing.
        traffic: requests, drawn as examples are.
        test_set: items without a reference, for a queue of references.
    """

    file: Path | None = None
    traffic: ExampleQuery | None = None
    test_set: TestSetVersion | None = None


@dataclass(slots=True)
class AskedCalls:
    """What asking has come to.

    Attributes:
        planned: calls that were new.
        inputs_left_out: inputs that aren't asked, by reason.
        answered, failed, waiting: all calls of this kind, of the queue and the version.
        examples: that were made of them.
        left_out: answers that made none, by reason.
        errors: failed calls by their error, the most frequent first.
        cost: of all of them, in the price's currency; None: no price is known.
    """

    planned: int = 0
    inputs_left_out: Counter[str] = field(default_factory=Counter)
    answered: int = 0
    failed: int = 0
    waiting: int = 0
    examples: int = 0
    left_out: Mapping[str, int] = field(default_factory=dict)
    errors: Mapping[str, int] = field(default_factory=dict)
    cost: float | None = None


@dataclass(frozen=True, slots=True)
class ProposalPlan:
    """The calls that proposing would make, and what they may cost at most."""

    calls: Sequence[PlannedCall]
    left_out: Counter[str]
    draw: ExampleDraw | None = None


def plan_proposals(
    *,
    queue: ExampleQueue,
    version: ModelVersion,
    inputs: ProposalInputs,
    by: User | None,
    reach: Reach,
) -> tuple[ProposalPlan, MostPaid]:
    """What `propose` would ask now; nothing is stored. Raises as `propose`."""
    asker = VersionCalls(queue, version, reach, by)
    plan = _plan(asker, inputs)
    asked = set(_calls(asker).values_list("input_digest", flat=True))
    new = [call for call in plan.calls if call.input_digest not in asked]
    return plan, asker.most_paid(new)


def propose(
    *,
    queue: ExampleQueue,
    version: ModelVersion,
    inputs: ProposalInputs,
    by: User | None,
    reach: Reach,
    again: bool = False,
    progress: CallProgress = lambda *_: None,
) -> AskedCalls:
    """Asks a version for answers to the inputs; each becomes an example of the queue at once.

    All calls are written before the first is asked. Called again after it was stopped, it asks what
    is left, and nothing twice. Where requests are to be drawn and calls are left of a draw before,
    those are asked, and nothing is drawn.

    Args:
        again: ask again what ended in an error.

    Raises:
        NotAllowedError: `by` doesn't evaluate in the project.
        DeclarationError: inputs that can't be, or none that could be asked.
        evalhub.io.rows.DataError: what is wrong with the file.
        runners.backends.asking.BackendError: the server can't be used; what came before is stored.
        reviews.errors.QueueClosedError: the queue is closed.
    """
    asker = VersionCalls(queue, version, reach, by)
    calls = _calls(asker)
    left_over = inputs.traffic is not None and calls.unanswered().exists()
    plan = ProposalPlan((), Counter()) if left_over else _plan(asker, inputs)
    planned = asker.plan(plan.calls)
    if again:
        ask_failed_again(calls)
    asker.ask(calls, lambda answered: _use(asker, answered), progress=progress)
    result = asked_calls(asker, calls)
    result.planned, result.inputs_left_out = planned, plan.left_out
    return result


def asked_calls(asker: VersionCalls, calls: ExampleCallQuerySet) -> AskedCalls:
    """What these calls have come to so far."""
    rows = calls.order_by().values_list("answered", "error", "example", "left_out", "cost")
    result = AskedCalls(cost=None if asker.price is None else 0.0)
    left_out, errors = Counter[str](), Counter[str]()
    for answered, error, example, reason, cost in rows:
        result.answered += answered is not None
        result.failed += bool(error)
        result.waiting += answered is None and not error
        result.examples += example is not None
        left_out.update([reason] if reason else [])
        errors.update([error] if error else [])
        if result.cost is not None:
            result.cost += cost or 0.0
    result.left_out, result.errors = left_out, dict(errors.most_common())
    return result


def _calls(asker: VersionCalls) -> ExampleCallQuerySet:
    return asker.calls().filter(kind=PROPOSE)


def _plan(asker: VersionCalls, inputs: ProposalInputs) -> ProposalPlan:
    if inputs.file is not None:
        return _without_test_items(asker.queue, list(_of_file(inputs.file)))
    if inputs.traffic is not None:
        return _of_traffic(asker, inputs.traffic)
    if inputs.test_set is not None:
        return _of_items(asker.queue, inputs.test_set)
    return ProposalPlan((), Counter())


def _of_file(path: Path) -> Iterator[PlannedCall]:
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    for line, content in items_of(read_rows(path), FieldMapping()):
        metadata = dict(content.metadata)
        licence = metadata.pop(LICENCE, "")
        draft = {
            "tags": content.tags,
            "metadata": metadata,
            "licence": licence if isinstance(licence, str) else "",
            "reference": {"name": path.name, "sha256": sha256, "line": line}
            | _cluster(content.cluster),
        }
        yield PlannedCall(
            PROPOSE, CallPart.ANSWER, content.input, context=content.context, draft=draft
        )


def _of_traffic(asker: VersionCalls, query: ExampleQuery) -> ProposalPlan:
    queue = asker.queue
    examples = Example.objects.filter(queue=queue).order_by()
    has = set(examples.values_list("fingerprint", flat=True))
    has.update(ItemContent("", each, [], "", [], "", {}).fingerprint() for each in _inputs(asker))
    users = Counter(examples.exclude(user_hash="").values_list("user_hash", flat=True))
    draw = choose_requests(queue.project, query, has=has, users=users)
    calls = [
        PlannedCall(
            PROPOSE,
            CallPart.ANSWER,
            example.item.content.input,
            draft={"tags": example.item.content.tags, "reference": example.reference},
            user_hash=example.candidate.user_hash,
        )
        for example in draw.examples
    ]
    return ProposalPlan(calls, draw.left_out, draw)


def _inputs(asker: VersionCalls) -> Iterator[Any]:
    rows = _calls(asker).exclude(input="").values_list("input", flat=True)
    yield from rows.iterator(2_000)


def _of_items(queue: ExampleQueue, version: TestSetVersion) -> ProposalPlan:
    """Items whose right answer nobody has written, and that no running review shows."""
    if queue.purpose != QueuePurpose.REFERENCES:
        raise DeclarationError(
            "a test set's items are answered in a queue of references: in one of training rows "
            "they would be trained on",
            "test_set",
        )
    items = Item.objects.filter(version=version, redacted=None, references=[])
    going_on = Pair.objects.exclude(campaign__state__in=OVER).order_by()
    shown = set(items.filter(pk__in=going_on.values("item")).values_list("pk", flat=True))
    calls = [
        PlannedCall(
            PROPOSE,
            CallPart.ANSWER,
            item.input,
            context=item.context,
            draft={
                "tags": item.tags,
                "item": item.pk,
                "reference": {"test_set": str(version), "key": item.key},
            },
        )
        for item in items.order_by("position").iterator(2_000)
        if item.pk not in shown
    ]
    return ProposalPlan(calls, Counter({IN_REVIEW: len(shown)} if shown else {}))


def _without_test_items(queue: ExampleQueue, calls: Sequence[PlannedCall]) -> ProposalPlan:
    asked = asked_by_test_sets(queue.project, [call.input for call in calls])
    fresh = [call for place, call in enumerate(calls) if place not in asked]
    return ProposalPlan(fresh, Counter(asked.values()))


def _cluster(name: str) -> dict[str, str]:
    return {"cluster": name} if name else {}


def _use(asker: VersionCalls, calls: Sequence[ExampleCall]) -> None:
    """Makes an example of each answer."""
    empty = [call for call in calls if not (call.answer or "").strip()]
    leave_out(empty, EMPTY)
    drafts = {call: _draft(asker, call) for call in calls if call not in empty}
    add_drafts(asker.queue, drafts, asker.by)


def _draft(asker: VersionCalls, call: ExampleCall) -> ExampleDraft:
    draft = call.draft
    return ExampleDraft(
        input=call.input,
        source=ExampleSource.MODEL,
        proposal=(call.answer or "").strip(),
        context=call.context,
        tags=draft.get("tags", ()),
        metadata=draft.get("metadata", {}),
        reference={
            **draft.get("reference", {}),
            "version": asker.version.digest,
            "call": call.pk,
            "prompt": call.prompt_digest,
            **({"cut": True} if call.finish_reason == "length" else {}),
        },
        model=version_name(asker.version),
        prompt=prompt_text(asker.version.prompt),
        licence=draft.get("licence", ""),
        user_hash=call.user_hash,
        item=draft.get("item"),
    )
