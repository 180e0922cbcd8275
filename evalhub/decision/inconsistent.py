"""Numbers of one criterion that contradict each other, whatever was measured. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import isclose
from typing import Any

from evalhub.decision.criterion import Criterion
from evalhub.decision.wording import SAME_RUN

FOLLOWS = "that is what follows from the record's numbers"
MISSING = "every record has this field"
POLICY_ASKS = "it is what the policy asks for"
"""Rules of discrepancies."""


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """A field that doesn't agree with the rest of its record.

    Attributes:
        field: where it stands, such as "criteria[0].status"; "digest" is the record's SHA-256.
        recorded: what it says, None where it is missing.
        expected: what it would have to say; None where no single value is right.
        rule: why, in words.
    """

    field: str
    recorded: Any
    expected: Any
    rule: str


def levels_apart(c: Criterion, alpha: float, harm_alpha: float, at: str) -> Iterator[Discrepancy]:
    """Where the ends of an interval aren't at the rule's levels."""
    for name, due in (("alpha", alpha), ("harm_alpha", harm_alpha)):
        level = getattr(c, name)
        # A review that was watched may have ended early at a stricter level.
        stricter = not c.kind.by_item and level < due
        if not stricter and not isclose(level, due, rel_tol=1e-9):
            yield Discrepancy(f"{at}{name}", level, due, "it is the rule's")


def inconsistent(criterion: Criterion, at: str) -> Iterator[Discrepancy]:
    """Fields of one criterion that can't be true together, whatever was measured."""
    c = criterion
    if not c.lower <= c.difference:
        yield Discrepancy(
            f"{at}lower", c.lower, None, f"an interval holds its difference, {c.difference}"
        )
    if not c.difference <= c.upper:
        yield Discrepancy(
            f"{at}upper", c.upper, None, f"an interval holds its difference, {c.difference}"
        )
    sign = 1.0 if c.higher_is_better else -1.0
    gain = sign * (c.candidate - c.baseline)
    scale = max(1.0, abs(c.candidate), abs(c.baseline))
    if not isclose(c.difference, gain, rel_tol=0, abs_tol=1e-9 * scale):
        order = "candidate − baseline" if c.higher_is_better else "baseline − candidate"
        yield Discrepancy(f"{at}difference", c.difference, gain, f"it is {order}")
    counted = c.wins + c.losses + c.ties
    if counted != c.n and not c.kind.counts_users:
        yield Discrepancy(f"{at}n", c.n, counted, "it is wins + losses + ties")
    if counted and c.kind.counts_users:
        yield Discrepancy(f"{at}wins", c.wins, 0, "nobody of these users is in both arms")
    if c.clusters is not None and c.clusters > c.n:
        yield Discrepancy(f"{at}clusters", c.clusters, None, f"{c.n} items fill at most {c.n}")
    if c.holds and c.p_harm <= c.harm_alpha:
        rule = "what is shown to hold can't be shown to do harm"
        yield Discrepancy(f"{at}p_harm", c.p_harm, None, rule)
    yield from _wrong_demand(c, at)
    yield from _wrong_ratio(c, at)
    # People's interval has no other test than itself.
    outside = c.alpha if c.lower > 0 else c.harm_alpha if c.upper < 0 else None
    if c.kind.by_item and outside is not None and c.p_value > 2 * outside:
        rule = f"an interval that leaves out 0 goes with a p-value of at most {2 * outside:g}"
        yield Discrepancy(f"{at}p_value", c.p_value, None, rule)


def _wrong_demand(c: Criterion, at: str) -> Iterator[Discrepancy]:
    """Where a bound, factor or gap isn't what follows from what is asked."""
    share, margin = c.relative_margin, c.margin or 0.0
    factor = c.max_ratio
    if share is not None:
        factor = 1 - share if c.higher_is_better else 1 + share
        if not isclose(margin, share * abs(c.baseline), rel_tol=1e-9, abs_tol=1e-12):
            rule = "it is relative_margin times the baseline"
            yield Discrepancy(f"{at}margin", c.margin, share * abs(c.baseline), rule)
    if c.factor != factor:
        yield Discrepancy(f"{at}factor", c.factor, factor, "it is the ratio that is asked")
    bound = None if factor is not None else c.kind.bound(c)
    if c.bound != bound:
        yield Discrepancy(f"{at}bound", c.bound, bound, "it is −margin, or min_gain")
    if factor is not None:
        due = c.kind.gap_to(factor, c.baseline)
        if not isclose(c.gap, due, rel_tol=1e-9, abs_tol=1e-12):
            rule = "it is how far the ratio that is asked lies from 1, times the baseline"
            yield Discrepancy(f"{at}gap", c.gap, due, rule)
    elif c.kind.keeps_to == "margin" and c.gap != c.margin:
        yield Discrepancy(f"{at}gap", c.gap, c.margin, "a guard's gap is its margin")


def _wrong_ratio(c: Criterion, at: str) -> Iterator[Discrepancy]:
    if c.ratio is None:
        for name in ("ratio_lower", "ratio_upper"):
            if (end := getattr(c, name)) is not None:
                yield Discrepancy(f"{at}{name}", end, None, "no ratio, no interval of it")
        return
    due = c.candidate / c.baseline if c.baseline > 0 else None
    if c.method == SAME_RUN:
        due = 1.0
    if due is None or not isclose(c.ratio, due, rel_tol=1e-9, abs_tol=1e-12):
        yield Discrepancy(f"{at}ratio", c.ratio, due, "it is candidate/baseline")
    rule = f"an interval holds its ratio, {c.ratio}"
    if c.ratio_lower is not None and c.ratio_lower > c.ratio * (1 + 1e-9):
        yield Discrepancy(f"{at}ratio_lower", c.ratio_lower, None, rule)
    if c.ratio_upper is not None and c.ratio_upper < c.ratio * (1 - 1e-9):
        yield Discrepancy(f"{at}ratio_upper", c.ratio_upper, None, rule)
