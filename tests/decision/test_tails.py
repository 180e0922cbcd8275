"""What a guard's items can't rule out is said, and a policy may have it paid for."""

from typing import Any

import numpy as np
import pytest

from evalhub.decision.criterion import Criterion
from evalhub.decision.measuring import measure
from evalhub.decision.policy import Policy
from evalhub.decision.policy_changes import Effect, demands_of_policy, policy_changes
from evalhub.decision.requirements import Requirement, requirement_of
from evalhub.decision.rule import decide
from evalhub.decision.test_set_extension import StageScores, p_combined
from evalhub.declare.declaration import DeclarationError, validate

GRADED = {"role": "guard", "margin": 0.036, "bounds": [0, 1]}


def a_policy(**guard: Any) -> Policy:
    document = {"schema": "evalhub.policy/1", "criteria": {"quality": GRADED | guard}}
    return validate(Policy, document)


def judged(n: int, losses: tuple[float, ...] = (), **guard: Any) -> Criterion:
    rng = np.random.default_rng(0)
    before = rng.uniform(0.7, 0.9, n)
    change = rng.normal(0, 0.01, n)
    change[: len(losses)] -= losses
    asked = requirement_of("quality", a_policy(**guard).criteria["quality"])
    found = measure(asked, before, before + change, alpha=0.025, planned_gain=0.05)
    return decide("tuned", [found]).criteria[0]


def test_forty_items_are_said_to_miss_what_they_can_miss() -> None:
    criterion = judged(40)
    said = decide("tuned", [criterion]).reasons[-1]
    assert criterion.status == "pass"
    assert said == (
        "? quality: 40 items can miss up to 8.8% that lose much; at 0.41 each they would cost the "
        "margin of 0.036 (a policy with tails: bounded pays for that)"
    )


def test_a_tail_that_was_seen_has_its_upper_limit() -> None:
    few = judged(60, (0.55, 0.6), margin=0.05).unseen
    assert few is not None
    assert few.seen == 0  # .84 or more would be needed each
    two = judged(60, (0.55, 0.6), margin=0.03).unseen
    assert two is not None
    assert two.seen == 2
    assert two.share == pytest.approx(0.1153, abs=0.0005)  # Clopper and Pearson, 2 of 60


def test_nothing_is_said_where_no_tail_could_cost_the_margin() -> None:
    """Of 400 items 0.9% can be missed: each would have to lose 3.9, and can lose 1."""
    assert not [each for each in decide("tuned", [judged(400)]).reasons if "miss" in each]


def test_yes_no_guards_have_limits_that_pay_anyway() -> None:
    asked = Requirement("quality", "guard", "quality", "exact", margin=0.036)
    found = measure(asked, np.ones(400), np.ones(400), alpha=0.025, planned_gain=0.05)
    assert found.unseen is None


def test_with_bounded_tails_the_same_forty_items_are_open_and_say_how_many_more() -> None:
    criterion = judged(40, tails="bounded")
    assert criterion.status == "open"
    assert criterion.needed_n is not None
    assert 100 < criterion.needed_n < 200
    assert criterion.tails == "bounded"
    assert "Gaffke" in criterion.method
    assert judged(criterion.needed_n + 40, tails="bounded").status == "pass"


def test_added_items_pay_for_their_own_tail() -> None:
    rng = np.random.default_rng(1)
    before = np.full(60, 0.8)
    after = before + rng.normal(0, 0.01, 60)
    usual, bounded = (
        p_combined(
            [StageScores(before, after, bounds=(0.0, 1.0), bounded_tails=each)] * 2,
            bound=-0.036,
            alternative="greater",
        )
        for each in (False, True)
    )
    assert usual < 1e-6 < bounded


def test_a_relative_guard_pays_too() -> None:
    share = {"margin": None, "relative_margin": 0.05}
    asked = {name: each for name, each in (GRADED | share).items() if each is not None}
    rng = np.random.default_rng(2)
    before = rng.uniform(0.7, 0.9, 40)
    arms = before, before + rng.normal(0, 0.01, 40)
    seen, bounded = (
        measure(
            requirement_of("quality", validate(Policy, {
                "schema": "evalhub.policy/1",
                "criteria": {"quality": asked | more},
            }).criteria["quality"]),
            *arms,
            alpha=0.025,
            planned_gain=0.05,
        )
        for more in ({}, {"tails": "bounded"})
    )  # fmt: skip
    assert seen.holds
    assert not bounded.holds


def test_an_unknown_scale_is_refused() -> None:
    with pytest.raises(DeclarationError) as error:
        a_policy(bounds=None, tails="bounded")
    assert error.value.field == "criteria.quality.bounds"
    assert "tails: bounded needs the least and the most" in str(error.value)


def test_to_pay_for_tails_is_stricter() -> None:
    old, new = demands_of_policy(a_policy()), demands_of_policy(a_policy(tails="bounded"))
    (change,) = policy_changes(old, new)
    assert (change.field, change.effect) == ("criteria.quality.tails", Effect.STRICTER)
    (change,) = policy_changes(new, old)
    assert change.effect is Effect.EASIER
