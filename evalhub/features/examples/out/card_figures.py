"""The figures of a training file's data card, computed when it goes out and kept with it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from evalhub.features.examples.out.rows import AcceptedExample
from evalhub.features.traffic.privacy.personal_data import mails, numbers
from evalhub.ledger.leakage.fingerprints import texts_of
from evalhub.stats.intervals import clopper_pearson
from reviews.examples.results import queue_results
from reviews.models import Annotation, AnnotationPurpose, Example, ExampleQueue

UNKNOWN = "not stated"


def card_figures(
    queues: Sequence[ExampleQueue], examples: Sequence[Example], rows: Iterable[Any]
) -> dict[str, Any]:
    """What a data card says, as JSON, of the examples that go out and of their rows."""
    proposed = [each for each in examples if each.proposal]
    edited = sum(
        AcceptedExample(one.input, one.context, one.proposal, one.final_answer).edited
        for one in proposed
    )
    standing = Annotation.objects.standing().exclude(purpose=AnnotationPurpose.GOLD)
    people = standing.filter(queue__in=[each.pk for each in queues])
    return {
        "queues": [each.name for each in queues],
        "sources": _counts(each.source for each in examples),
        "licences": _counts(each.licence or UNKNOWN for each in examples),
        "models": _counts(each.model or UNKNOWN for each in proposed),
        "people": people.order_by().values("annotator").distinct().count(),
        "proposed": len(proposed),
        "edited": _share(edited, len(proposed)),
        "agreement": [_agreement(queue) for queue in queues],
        "personal_data": _personal_data(rows),
    }


def _counts(values: Iterable[str]) -> dict[str, int]:
    return dict(Counter(values).most_common())


def _share(count: int, of: int) -> dict[str, Any]:
    """A proportion with its exact 95% interval; null for none."""
    if not of:
        return {"count": count, "value": None, "lower": None, "upper": None}
    lower, upper = clopper_pearson(count, of)
    return {"count": count, "value": count / of, "lower": lower, "upper": upper}


def _agreement(queue: ExampleQueue) -> dict[str, Any]:
    """Of two people on accept, edit or reject; null where no two answered."""
    agreed = queue_results(queue).actions
    same = None if agreed is None else agreed.same
    return {
        "queue": queue.name,
        "examples": 0 if agreed is None else agreed.examples,
        "same": None
        if same is None
        else {"value": same.value, "lower": same.lower, "upper": same.upper},
    }


def _personal_data(rows: Iterable[Any]) -> dict[str, int]:
    """Rows in which patterns with checksums find a mail address, or an IBAN, card or phone
    number."""
    counts = {"mail addresses": 0, "numbers": 0}
    for row in rows:
        texts = list(texts_of(row))
        counts["mail addresses"] += any(mails(text) for text in texts)
        counts["numbers"] += any(numbers(text) for text in texts)
    return counts
