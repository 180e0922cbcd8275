"""A budget of the slowest answers: what is measured, what it needs, and added items."""

import numpy as np
import pytest

from evalhub.decision.align import Aligned, criterion_of
from evalhub.decision.arm_scores import ItemLabel
from evalhub.decision.requirements import Requirement
from evalhub.decision.rule import decide

P95 = Requirement(
    "latency_p95",
    "budget",
    "triage",
    "latency_ms",
    max_ratio=1.2,
    quantile=0.95,
    higher_is_better=False,
)


def timed(n: int, first: int | None = None) -> Aligned:
    """Both arms as fast; the first look saw `first` of the items."""
    rng = np.random.default_rng(1)
    items = [ItemLabel(f"q{i}") for i in range(n)]
    stages = None if first is None else np.arange(n) < first
    return Aligned(P95, items, *rng.lognormal(5, 0.4, (2, n)), clusters=None, look_stages=stages)


def test_a_p95_is_of_the_answers_and_the_difference_says_the_same_as_the_ratio() -> None:
    found = criterion_of(timed(500), alpha=0.025, planned_gain=0.05)
    assert found.candidate / found.baseline == pytest.approx(found.ratio)
    assert found.difference == pytest.approx(found.baseline - found.candidate)
    assert found.ratio_upper is not None
    assert found.lower == pytest.approx(found.baseline * (1 - found.ratio_upper))


def test_added_items_are_judged_with_those_of_the_first_look() -> None:
    alone = criterion_of(timed(400), alpha=0.025, planned_gain=0.05)
    staged = criterion_of(timed(400, first=200), alpha=0.025, planned_gain=0.05)
    assert staged.method.startswith("inverse-normal combination of 200 and 200 items")
    assert staged.ratio == alone.ratio
    assert staged.ratio_upper == pytest.approx(alone.ratio_upper, rel=0.1)


def test_too_few_items_say_how_many_more_are_needed() -> None:
    (found,) = decide("tuned", [criterion_of(timed(60), alpha=0.025, planned_gain=0.05)]).criteria
    assert found.ratio_upper is None
    assert found.needed_n is not None
    assert found.needed_n > 72
    assert f"{found.needed_n:,} items would settle it" in found.sentence
