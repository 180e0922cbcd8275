"""What changed between two arms on one test set, a page of ten items at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any
from urllib.parse import urlencode

from evalhub.dashboard.flips import Flip, flip_of
from evalhub.dashboard.queries import differences_page
from evalhub.gate.models import Comparison, Outcome

PAGE = 10
# shown with a count of 0 too: that nothing was lost is worth saying
ALWAYS = (Outcome.LOST, Outcome.WON)


@dataclass(frozen=True, slots=True)
class Tab:
    """One choice among several: `query` leads to it."""

    label: str
    query: str
    current: bool
    count: int = 0
    lost: int = 0
    won: int = 0


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address asks for; empty where it leaves the choice to the page."""

    arm: str
    test_set: str
    outcome: str
    page: int

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Wanted":
        page = query.get("page", "1")
        return cls(
            query.get("arm", ""),
            query.get("test_set", ""),
            query.get("outcome", ""),
            int(page) if page.isdecimal() and len(page) < 8 else 1,
        )


@dataclass(frozen=True, slots=True)
class Changes:
    """A page of what changed, and the ways to the others."""

    test_sets: Sequence[Tab]
    outcomes: Sequence[Tab]
    flips: Sequence[Flip]
    outcome: str
    total: int
    page: int
    pages: int
    earlier: str
    later: str
    metric: str


def changes(record: Mapping[str, Any], wanted: Wanted) -> Changes | None:
    """The page that is `wanted` of a decision's evidence; None where its items aren't kept.

    Without a wish, the test set is the one of the first criterion that fails, else the one with
    the most losses, and the outcome is what was lost, or won where nothing was lost.
    """
    evidence = {each["test_set"]: each for each in record["evidence"]}
    found = Comparison.objects.in_bulk([each["comparison"] for each in evidence.values()])
    kept = {
        name: found[each["comparison"]]
        for name, each in evidence.items()
        if each["comparison"] in found
    }
    if not kept:
        return None
    name = wanted.test_set if wanted.test_set in kept else _worst(record, kept)
    comparison = kept[name]
    outcome = wanted.outcome if wanted.outcome in Outcome.values else _first(comparison.counts)
    total = comparison.counts.get(outcome, 0)
    pages = max(1, ceil(total / PAGE))
    page = min(max(wanted.page, 1), pages)
    arms = record["arms"]
    rows = differences_page(comparison, outcome, start=(page - 1) * PAGE, size=PAGE)

    def leading_to(test_set: str, outcome: str, page: int = 1) -> str:
        asked = {"arm": wanted.arm, "test_set": test_set, "outcome": outcome, "page": page}
        return urlencode({field: value for field, value in asked.items() if value})

    return Changes(
        test_sets=[
            Tab(
                label=each,
                query=leading_to(each, ""),
                current=each == name,
                lost=kept[each].counts.get(Outcome.LOST, 0),
                won=kept[each].counts.get(Outcome.WON, 0),
            )
            for each in kept
        ],
        outcomes=[
            Tab(str(each.label).capitalize(), leading_to(name, each), each == outcome, count)
            for each in Outcome
            if (count := comparison.counts.get(each, 0)) or each in ALWAYS
        ],
        flips=[
            flip_of(
                row | {"test_set": name},
                baseline=arms["baseline"]["name"],
                candidate=arms["candidate"]["name"],
            )
            for row in rows
        ],
        outcome=outcome,
        total=total,
        page=page,
        pages=pages,
        earlier=leading_to(name, outcome, page - 1) if page > 1 else "",
        later=leading_to(name, outcome, page + 1) if page < pages else "",
        metric=evidence[name]["metric"],
    )


def _worst(record: Mapping[str, Any], kept: Mapping[str, Comparison]) -> str:
    for criterion in record["criteria"]:
        if criterion["status"] == "fail" and criterion["test_set"] in kept:
            return str(criterion["test_set"])
    return max(kept, key=lambda name: kept[name].counts.get(Outcome.LOST, 0))


def _first(counts: Mapping[str, int]) -> str:
    ways = [Outcome.LOST, Outcome.WON, *Outcome]
    return next((way.value for way in ways if counts.get(way)), Outcome.LOST.value)
