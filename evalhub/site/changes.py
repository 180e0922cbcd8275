"""What changed between two arms on one test set, ten items at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from urllib.parse import urlencode

from django.urls import reverse

from evalhub.decision.document import DecisionRecord
from evalhub.decision.outcomes import Outcome
from evalhub.declare.verdicts import Status, Verdict
from evalhub.ledger.changed_items import flips_of
from evalhub.ledger.differences import compare_items, runs_of_evidence
from evalhub.registry.models import Study
from evalhub.report.charts.parts import Chart
from evalhub.report.distribution import distribution
from evalhub.report.flips import Flip, flip_of
from evalhub.report.transitions import Transitions, transitions
from evalhub.site.items.naming import item_address

PAGE = 10
# shown with a count of 0 too: "nothing lost" is worth saying
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
    sort: str = ""
    cost: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Wanted":
        page = query.get("page", "1")
        return cls(
            query.get("arm", ""),
            query.get("test_set", ""),
            query.get("outcome", ""),
            int(page) if page.isdecimal() and len(page) < 8 else 1,
            query.get("sort", ""),
            query.get("cost", ""),
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
    test_set: str
    transitions: Transitions | None
    scores: Chart | None
    every: str


def changes(study: Study, record: DecisionRecord, wanted: Wanted) -> Changes | None:
    """The `wanted` page of a decision's evidence; None if its scores may not be read, as with
    invalid evidence.

    Without a wish, the test set is the one of the first criterion that fails, else the one with
    the most losses, and the outcome is what was lost, or won where nothing was lost. Of the other
    test sets the record's own counts are shown: only the one that is looked at is compared item
    by item.
    """
    invalid = record.verdict is Verdict.INVALID
    pairs = {} if invalid else runs_of_evidence(study, record.evidence)
    if not pairs:
        return None
    moved = {name: count_moved(record, name) for name in pairs}
    name = wanted.test_set if wanted.test_set in pairs else worst_test_set(record, moved)
    pair = pairs[name]
    compared = compare_items(pair)
    items = compared.by_outcome
    counts = {each: len(items[each]) for each in Outcome}
    moved[name] = counts[Outcome.WON], counts[Outcome.LOST]
    outcome = next((each for each in Outcome if each == wanted.outcome), _first(counts))
    total = counts[outcome]
    pages = max(1, ceil(total / PAGE))
    page = min(max(wanted.page, 1), pages)
    arms = record.arms
    wanted_items = items[outcome][(page - 1) * PAGE : page * PAGE].tolist()
    rows = flips_of(pair, outcome, wanted_items)

    def leading_to(test_set: str, outcome: str, page: int = 1) -> str:
        query = {"arm": wanted.arm, "test_set": test_set, "outcome": outcome, "page": page}
        return urlencode({field: value for field, value in query.items() if value})

    return Changes(
        test_sets=[
            Tab(
                label=test_set,
                query=leading_to(test_set, ""),
                current=test_set == name,
                won=won,
                lost=lost,
            )
            for test_set, (won, lost) in moved.items()
        ],
        outcomes=[
            Tab(choice.label.capitalize(), leading_to(name, choice), choice == outcome, count)
            for choice in Outcome
            if (count := counts[choice]) or choice in ALWAYS
        ],
        flips=[
            flip_of(
                row
                | {
                    "test_set": name,
                    "address": item_address(
                        "study", study.pk, name, key=row["key"], arm=wanted.arm, outcome=outcome
                    ),
                },
                baseline=arms.baseline.name,
                candidate=arms.candidate.name,
            )
            for row in rows
        ],
        outcome=outcome,
        total=total,
        page=page,
        pages=pages,
        earlier=leading_to(name, outcome, page - 1) if page > 1 else "",
        later=leading_to(name, outcome, page + 1) if page < pages else "",
        metric=pair.metric.name,
        test_set=name,
        transitions=transitions(
            counts, whole=compared.whole, leading_to=lambda choice: leading_to(name, choice)
        ),
        scores=distribution(
            compared.baseline,
            compared.candidate,
            names=(arms.baseline.name, arms.candidate.name),
            metric=pair.metric.name,
        ),
        every=reverse("site:study_items", args=[study.pk]) + f"?{leading_to(name, outcome)}",
    )


def count_moved(record: DecisionRecord, test_set: str) -> tuple[int, int]:
    """Number of items won and lost on a test set, from the record."""
    for criterion in record.criteria:
        if criterion.test_set == test_set and criterion.kind.by_metric:
            return criterion.wins, criterion.losses
    return 0, 0


def worst_test_set(record: DecisionRecord, moved: Mapping[str, tuple[int, int]]) -> str:
    """Of these test sets, the one of the first failing criterion, else the one with the most
    losses."""
    for criterion in record.criteria:
        if criterion.status is Status.FAIL and criterion.test_set in moved:
            return criterion.test_set
    return max(moved, key=lambda name: moved[name][1])


def _first(counts: Mapping[Outcome, int]) -> Outcome:
    return next((each for each in Outcome if counts[each]), Outcome.LOST)
