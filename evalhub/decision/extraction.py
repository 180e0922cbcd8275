"""Does a gain come from answers in which the extraction pattern matched nothing? Pure."""

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass

import numpy as np

from evalhub.decision.align import Aligned
from evalhub.decision.criteria.primary import Primary
from evalhub.decision.criterion import Criterion
from evalhub.decision.requirements import Requirement
from evalhub.decision.rule import Ruling
from evalhub.decision.sections.base import CleanRow
from evalhub.decision.sections.jumps import MissRow
from evalhub.stats.errors import StatisticsError


@dataclass(frozen=True, slots=True)
class ExtractionMisses:
    """The answers in which a metric's extraction pattern matched nothing.

    Attributes:
        name: the criterion's.
        baseline, candidate: how many such answers each arm gave.
        items: keys of the items with such an answer of either arm; where `may_feign_gain` is
            false nobody reads them, and they may be left out.
    """

    name: str
    baseline: int
    candidate: int
    items: Set[str] = frozenset()


def may_feign_gain(requirement: Requirement, *, baseline: int, candidate: int) -> bool:
    """Whether misses may look like a gain: a primary whose baseline has more of them."""
    return requirement.role == Primary.role and baseline > candidate


def gains_by_misses(
    misses: Sequence[ExtractionMisses],
    scores: Sequence[Aligned],
    criteria: Sequence[Criterion],
    rule: Callable[[Sequence[Aligned]], Ruling],
) -> list[MissRow]:
    """A row for each primary that holds on all items, but not without the items that have a miss.

    Args:
        scores: what the criteria were measured on.
        rule: measures and rules on scores at the levels of the verdict.
    """
    holding = {each.name for each in criteria if each.role == Primary.role and each.holds}
    requirements = {each.requirement.name: each.requirement for each in scores}
    suspects = {
        row.name: row for row in misses if row.name in holding and row.baseline > row.candidate
    }
    if not suspects:
        return []
    rest = [
        rows
        for aligned in scores
        if (rows := _without(aligned, suspects.get(aligned.requirement.name))) is not None
    ]
    try:
        ruling = rule(rest) if rest else None
    except StatisticsError:  # no item of a tag of the mix is left
        ruling = None
    without = {each.name: each for each in (ruling.criteria if ruling else ())}
    return [
        MissRow(
            name=name,
            test_set=requirements[name].test_set,
            baseline=suspect.baseline,
            candidate=suspect.candidate,
            without=CleanRow.of(without[name]) if name in without else None,
        )
        for name, suspect in suspects.items()
        if name not in without or not without[name].holds
    ]


def _without(aligned: Aligned, misses: ExtractionMisses | None) -> Aligned | None:
    """The rows of items without a miss, weighted again; None where none is left."""
    if misses is None:
        return aligned
    rows = np.array([each.key not in misses.items for each in aligned.items], dtype=bool)
    if not rows.any():
        return None
    try:
        return aligned.where(rows)
    except StatisticsError:  # no item of a tag of the mix is left
        return None
