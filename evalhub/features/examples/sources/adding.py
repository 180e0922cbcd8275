"""Add what was made of answers to the queue, each answer once, and say of the others why not."""

from collections.abc import Mapping, Sequence

from evalhub.accounts.models import User
from evalhub.features.examples.models import ExampleCall
from reviews.errors import DraftError, QueueClosedError
from reviews.examples.drafts import ExampleDraft
from reviews.examples.queues import add_examples
from reviews.models import Example, ExampleQueue

HAS_IT = "the queue has it already"
CLOSED = "the queue was closed"
NO_LABEL = "the answer is none of the queue's labels"
UNFIT = "it can't be an example: {reason}"


def add_drafts(
    queue: ExampleQueue, drafts: Mapping[ExampleCall, ExampleDraft], by: User | None
) -> None:
    """Adds the drafts made of these calls' answers, and links each call with its example.

    In the caller's transaction. What can't be added is noted at its call: nothing is lost that was
    paid for.
    """
    fit = dict[ExampleCall, ExampleDraft]()
    for call, draft in drafts.items():
        if reason := _why_unfit(draft, queue.labels):
            leave_out([call], reason)
        else:
            fit[call] = draft
    had = _by_digest(queue, list(fit.values()))
    try:
        add_examples(queue=queue, drafts=fit.values(), by=by)
    except QueueClosedError:
        leave_out(list(fit), CLOSED)
        return
    examples = _by_digest(queue, list(fit.values()))
    linked = set(had.values())
    for call, draft in fit.items():
        pk = examples[draft.digest]
        if pk in linked:  # also where two answers of one batch are the same
            leave_out([call], HAS_IT)
            continue
        linked.add(pk)
        call.example_id = pk
        call.save(update_fields=["example"])


def leave_out(calls: Sequence[ExampleCall], reason: str) -> None:
    """Notes why these answers became no part of an example."""
    for call in calls:
        call.left_out = reason[:100]
        call.save(update_fields=["left_out"])


def _why_unfit(draft: ExampleDraft, labels: Sequence[str]) -> str:
    if labels and draft.proposal not in labels:
        return NO_LABEL
    try:
        draft.check(1, labels)
    except DraftError as error:
        return UNFIT.format(reason=f"{error.field.rpartition(' ')[2]}: {error.reason}")
    return ""


def _by_digest(queue: ExampleQueue, drafts: Sequence[ExampleDraft]) -> dict[str, int]:
    digests = {draft.digest for draft in drafts}
    rows = Example.objects.filter(queue=queue, digest__in=digests).order_by()
    return dict(rows.values_list("digest", "pk"))
