"""Items that changed between two arms: input, both answers, both scores."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from evalhub.decision.document import DecisionRecord
from evalhub.decision.outcomes import Outcome
from evalhub.declare.verdicts import Status, Verdict
from evalhub.ledger.differences import (
    ComparedRuns,
    differences_of,
    items_by_outcome,
    runs_of_evidence,
)
from evalhub.registry.models import Item, Output, Study

SHOWN = {Outcome.LOST: 50, Outcome.WON: 10}
"""Rows of each outcome that are read where nobody says how many."""


def worst_flips(
    study: Study, record: DecisionRecord, most: dict[Outcome, int] = SHOWN
) -> list[dict[str, Any]]:
    """Lost items, worst first, then won ones, as `evalhub.report.flips.flip_of` takes them.

    Test sets of which a criterion fails come first, then open ones: values of two test sets have
    no common measure. Empty where the scores aren't to be read, as those of invalid evidence.
    Three queries, and five more for each test set.
    """
    if record.verdict is Verdict.INVALID:
        return []
    pairs = runs_of_evidence(study, record.evidence)
    names = sorted(pairs, key=lambda name: _position(record, name))
    flips: list[dict[str, Any]] = []
    for outcome, number in most.items():
        left = number
        for name in names:
            items = items_by_outcome(pairs[name])[outcome][:left].tolist()
            rows = flips_of(pairs[name], outcome, items) if items else []
            flips += [row | {"test_set": name} for row in rows]
            left -= len(items)
    return flips


def worst_losses(
    study: Study, record: DecisionRecord, test_sets: Sequence[str], most: int
) -> list[dict[str, Any]]:
    """The `most` worst losses on each of these test sets, in the form of `worst_flips`."""
    pairs = runs_of_evidence(study, record.evidence)
    flips: list[dict[str, Any]] = []
    for name in test_sets if record.verdict is not Verdict.INVALID else ():
        if name not in pairs:
            continue
        items = items_by_outcome(pairs[name])[Outcome.LOST][:most].tolist()
        rows = flips_of(pairs[name], Outcome.LOST, items) if items else []
        flips += [row | {"test_set": name} for row in rows]
    return flips


def _position(record: DecisionRecord, test_set: str) -> int:
    order = [Status.FAIL, Status.OPEN, Status.PASS]
    of = [order.index(each.status) for each in record.criteria if each.test_set == test_set]
    return min(of, default=len(order))


def flips_of(pair: ComparedRuns, outcome: Outcome, items: Sequence[int]) -> list[dict[str, Any]]:
    """Rows for `flip_of` of these items of one outcome, in order. Three queries."""
    by_id = Item.objects.in_bulk(items)
    answers = _answers([pair.baseline.pk, pair.candidate.pk], by_id)
    return [
        {
            "key": by_id[difference.item_id].key,
            "input": _with_context(by_id[difference.item_id]),
            "reference": by_id[difference.item_id].references,
            "tags": by_id[difference.item_id].tags,
            "outcome": outcome,
            "difference": difference.difference,
            "baseline": difference.baseline,
            "candidate": difference.candidate,
            "right": pair.right,
            **_answer_fields("baseline", answers[pair.baseline.pk, difference.item_id]),
            **_answer_fields("candidate", answers[pair.candidate.pk, difference.item_id]),
        }
        for difference in differences_of(pair, items)
    ]


def _answers(runs: Sequence[int], items: Iterable[int]) -> dict[tuple[int, int], list[Output]]:
    answers: dict[tuple[int, int], list[Output]] = defaultdict(list)
    for output in Output.objects.filter(run__in=runs, item__in=list(items)).order_by("sample"):
        answers[output.run_id, output.item_id].append(output)
    return answers


def _answer_fields(arm: str, outputs: Sequence[Output]) -> dict[str, Any]:
    """The first answer; scores are means over all samples, whose number the page gives."""
    first = outputs[0] if outputs else None
    return {
        f"{arm}_text": _text(first) if first else None,
        f"{arm}_error": first.error if first else "",
        "samples": len(outputs),
    }


def _text(output: Output) -> str | None:
    """The answer as text, with the tools that it calls."""
    return None if output.text is None else output.as_read


def _with_context(item: Item) -> Any:
    if item.context and isinstance(item.input, str):
        return f"{item.context}\n\n{item.input}"
    return item.input
