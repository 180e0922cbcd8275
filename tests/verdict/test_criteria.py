"""Measuring one criterion, and planning how many items would settle it."""

import pytest

from evalhub.schemas.criteria import Criterion
from evalhub.stats.errors import StatisticsError
from evalhub.verdict.criteria import Requirement
from evalhub.verdict.measuring import measure, needed_items, same_run
from evalhub.verdict.rule import decide
from tests.verdict.made_up import a_criterion, a_guard

GUARD = Requirement("sorting", "guard", "sorting", "exact_match", margin=0.02)
PRIMARY = Requirement("triage", "primary", "triage", "exact_match")


def test_needed_items_is_the_reference_value() -> None:
    """.30²·(1.959964 + .841621)²/.02² = 1765.998: σ_d .30, margin .02, power .8, alpha .025."""
    assert needed_items(a_guard(-0.03, 0.01, sd=0.3), 1) == 1766


def test_several_open_criteria_need_more_power_each() -> None:
    """Two open: power .9 each, .30²·(1.959964 + 1.281552)²/.02² = 2364.17."""
    assert needed_items(a_guard(-0.03, 0.01, sd=0.3), 2) == 2365


def test_clustered_items_count_for_less() -> None:
    """A design effect of 2 doubles 1765.998."""
    assert needed_items(a_guard(-0.03, 0.01, sd=0.3, design_effect=2.0), 1) == 3532


def test_a_primary_is_planned_for_the_planned_gain_and_never_the_observed_one() -> None:
    """.35²·7.848880/.05² = 384.6, whether it seems to gain .001 or .1."""
    small, large = a_criterion(-0.02, 0.022, sd=0.35), a_criterion(-0.02, 0.22, sd=0.35)
    assert needed_items(small, 1) == needed_items(large, 1) == 385


def test_a_stricter_level_needs_more() -> None:
    """alpha .0125: .30²·(2.241403 + .841621)²/.02² = 2138.6."""
    assert needed_items(a_guard(-0.03, 0.01, sd=0.3, level=0.975), 1) == 2139


def test_arms_that_never_disagreed_still_need_the_items_at_which_silence_tells() -> None:
    """No discordant pair among n: the lower bound is −z²/(n+z²), above −.02 from n = 188.2 on."""
    measured = measure(GUARD, [1.0] * 10, [1.0] * 10, alpha=0.025, planned_gain=0.05)
    assert measured.sd == 0
    found = decide("tuned", [measured])
    assert (found.verdict, found.needed_n) == ("need-more-data", 189)
    enough = measure(GUARD, [1.0] * 189, [1.0] * 189, alpha=0.025, planned_gain=0.05)
    assert decide("tuned", [enough]).verdict == "ship"
    short = measure(GUARD, [1.0] * 188, [1.0] * 188, alpha=0.025, planned_gain=0.05)
    assert decide("tuned", [short]).verdict == "need-more-data"


def test_silence_of_items_that_belong_together_counts_for_less() -> None:
    """In clusters of 5 with an assumed correlation of .3 an item is worth 1/2.2: 188.23·2.2."""

    def silent(items: int) -> Criterion:
        ones, clusters = [1.0] * items, [f"c{i // 5}" for i in range(items)]
        return measure(GUARD, ones, ones, clusters=clusters, alpha=0.025, planned_gain=0.05)

    assert decide("tuned", [silent(50)]).needed_n == 415
    assert decide("tuned", [silent(410)]).verdict == "need-more-data"
    assert decide("tuned", [silent(415)]).verdict == "ship"


def test_no_gap_means_no_number() -> None:
    assert needed_items(a_guard(-0.01, 0.01, margin=0.0), 1) is None


def test_wins_losses_and_ties_are_counted_from_the_candidates_side() -> None:
    measured = measure(PRIMARY, [0, 0, 1, 1, 0], [1, 1, 0, 1, 0], alpha=0.025, planned_gain=0.05)
    assert (measured.wins, measured.losses, measured.ties) == (2, 1, 2)
    assert (measured.baseline, measured.candidate) == (0.4, 0.6)
    assert measured.difference == pytest.approx(0.2)
    assert measured.level == 0.95


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
