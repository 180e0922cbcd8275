"""Measuring one criterion."""

import pytest

from evalhub.decision.measuring import measure, same_run
from evalhub.decision.requirements import Requirement
from evalhub.decision.rule import decide
from evalhub.stats.errors import StatisticsError

GUARD = Requirement("sorting", "guard", "sorting", "exact_match", margin=0.02)
PRIMARY = Requirement("triage", "primary", "triage", "exact_match")


def test_wins_losses_and_ties_are_counted_from_the_candidates_side() -> None:
    measured = measure(PRIMARY, [0, 0, 1, 1, 0], [1, 1, 0, 1, 0], alpha=0.025, planned_gain=0.05)
    assert (measured.wins, measured.losses, measured.ties) == (2, 1, 2)
    assert (measured.baseline, measured.candidate) == (0.4, 0.6)
    assert measured.difference == pytest.approx(0.2)
    assert (measured.alpha, measured.harm_alpha) == (0.025, 0.025)


def test_less_of_a_cost_is_a_gain() -> None:
    cost = Requirement("cost", "primary", "triage", "tokens", higher_is_better=False)
    measured = measure(cost, [100, 120, 80] * 40, [90, 100, 75] * 40, alpha=0.025, planned_gain=5.0)
    assert (measured.baseline, measured.candidate) == pytest.approx((100, 265 / 3))
    assert measured.difference == pytest.approx(35 / 3)
    assert (measured.wins, measured.losses) == (120, 0)
    assert measured.lower > 0
    assert measured.as_json()["higher_is_better"] is False
    assert decide("tuned", [measured]).verdict == "ship"


def test_a_dearer_candidate_is_harmed() -> None:
    cost = Requirement("cost", "guard", "triage", "latency", margin=10.0, higher_is_better=False)
    measured = measure(cost, [100, 120, 80] * 40, [190, 200, 175] * 40, alpha=0.025, planned_gain=5)
    assert measured.difference < -80
    assert decide("tuned", [measured]).verdict == "hold"


def test_the_p_value_of_harm_agrees_with_the_interval() -> None:
    """At most alpha just where the interval lies wholly below the bound."""
    base = [1] * 400 + [0] * 600
    for lost in range(20, 80):
        tuned = [0] * lost + [1] * (400 - lost) + [1] * 5 + [0] * 595
        measured = measure(GUARD, base, tuned, alpha=0.025, planned_gain=0.05)
        assert (measured.p_harm <= 0.025) == (measured.upper <= -0.02), lost


def test_several_samples_an_item_are_one_difference() -> None:
    baseline, candidate = [[1, 0], [0, 0], [1, 1]], [[1, 1], [1, 0], [1, 1]]
    measured = measure(PRIMARY, baseline, candidate, alpha=0.025, planned_gain=0.05)
    assert (measured.n, measured.wins, measured.ties) == (3, 2, 1)
    assert measured.difference == pytest.approx(1 / 3)


def test_items_of_one_cluster_belong_together() -> None:
    clusters = [f"c{i % 5}" for i in range(100)]
    scores = [float(i % 5 == 0) for i in range(100)]
    alone = measure(PRIMARY, [0.0] * 100, scores, alpha=0.025, planned_gain=0.05)
    together = measure(
        PRIMARY, [0.0] * 100, scores, clusters=clusters, alpha=0.025, planned_gain=0.05
    )
    assert (alone.clusters, together.clusters) == (None, 5)
    assert together.lower < alone.lower
    assert together.design_effect > 5


def test_scores_that_are_missing_are_refused() -> None:
    with pytest.raises(StatisticsError):
        measure(PRIMARY, [1.0, float("nan")], [1.0, 1.0], alpha=0.025, planned_gain=0.05)
    with pytest.raises(StatisticsError):
        measure(PRIMARY, [], [], alpha=0.025, planned_gain=0.05)
    with pytest.raises(StatisticsError):
        measure(PRIMARY, [1.0], [1.0, 0.0], alpha=0.025, planned_gain=0.05)


def test_an_arm_that_is_the_baseline_passes_its_guards_and_gains_nothing() -> None:
    import numpy as np

    scores = np.array([1.0, 0.0, 1.0])
    guard = decide("tuned", [same_run(GUARD, scores, alpha=0.025)])
    assert guard.verdict == "ship"
    assert guard.reasons == ["✓ sorting: the arm is the baseline here, nothing can differ"]
    zero = Requirement("sorting", "guard", "sorting", "exact_match", margin=0.0)
    assert decide("tuned", [same_run(zero, scores, alpha=0.025)]).verdict == "ship"
    primary = decide("tuned", [same_run(PRIMARY, scores, alpha=0.025)])
    assert primary.verdict == "hold"


def test_a_rating_from_1_to_5_reaches_over_4_points() -> None:
    """Ten ratings without a change leave room for what a tenth of a scale of 4 points is, not 5:
    the bounded score interval's end is reach·z²/(n + z²)."""
    rating = Requirement("x", "guard", "x", "rating", margin=1.0, bounds=(1.0, 5.0))
    unknown = Requirement("x", "guard", "x", "rating", margin=1.0)
    scores = [2.0, 3.0, 5.0, 4.0, 1.0] * 2
    of_four, of_five = (
        measure(each, scores, scores, alpha=0.025, planned_gain=0.1) for each in (rating, unknown)
    )
    assert of_four.upper == pytest.approx(4 * 3.8415 / 13.8415, abs=1e-4)
    assert of_five.upper == pytest.approx(5 * 3.8415 / 13.8415, abs=1e-4)
