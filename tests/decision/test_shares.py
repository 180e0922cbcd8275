"""Relative guards and budgets as they are measured: against hand-computed and published values."""

from itertools import pairwise

import numpy as np
import pytest

from evalhub.decision.criterion import Criterion
from evalhub.decision.measuring import measure, same_run
from evalhub.decision.requirements import Requirement
from evalhub.decision.rule import decide
from evalhub.stats.intervals import score_interval
from evalhub.stats.ratios import contrast, p_contrast, ratio_of_means

ALPHA = 0.025


def a_guard(share: float, **fields: bool) -> Requirement:
    return Requirement("rare", "guard", "rare", "exact_match", relative_margin=share, **fields)


def measured(requirement: Requirement, base: object, tuned: object, **more: object) -> Criterion:
    return measure(requirement, base, tuned, alpha=ALPHA, planned_gain=0.05, **more)  # type: ignore[arg-type]


def answers(both: int, lost: int, won: int, neither: int) -> tuple[list[float], list[float]]:
    base = [1.0] * (both + lost) + [0.0] * (won + neither)
    tuned = [1.0] * both + [0.0] * lost + [1.0] * won + [0.0] * neither
    return base, tuned


def test_a_share_is_what_the_candidate_keeps_of_the_baseline() -> None:
    """80 of 1,000 right, of which 70 stay and 4 come: 74/80 = .925, and a tenth is .008."""
    found = measured(a_guard(0.1), *answers(70, 10, 4, 916))
    assert (found.baseline, found.candidate) == (0.08, 0.074)
    assert found.ratio == pytest.approx(0.925)
    assert found.margin == pytest.approx(0.008)
    assert found.gap == pytest.approx(0.008)
    assert found.ratio_lower is not None
    assert found.ratio_upper is not None
    assert found.ratio_lower < 0.925 < found.ratio_upper
    assert found.method == "score interval of candidate − 0.9·baseline"


def test_the_contrast_of_yes_no_scores_is_the_score_tests() -> None:
    """Its values are candidate − .9·baseline: .1 (both right), −.9, 1 and 0."""
    base, tuned = answers(70, 10, 4, 916)
    found = contrast(base, tuned, factor=0.9, alpha=ALPHA)
    values, counts = np.array([0.1, -0.9, 1.0, 0.0]), np.array([70.0, 10, 4, 916])
    limits = score_interval(values, counts, reach=1.0, alpha=ALPHA)
    assert found.mean == pytest.approx((70 * 0.1 - 10 * 0.9 + 4) / 1000)
    assert (found.lower, found.upper) == pytest.approx(limits)


def test_with_a_factor_of_1_the_contrast_is_tangos_difference() -> None:
    """Discordant 1, 7 of 21 (Tango 1998): [−.517, −.026]."""
    found = contrast(*answers(6, 7, 1, 7), factor=1.0, alpha=0.025)
    assert (round(found.lower, 3), round(found.upper, 3)) == (-0.517, -0.026)


def test_a_guard_passes_just_where_the_contrast_is_above_0() -> None:
    for lost in range(0, 40, 3):
        base, tuned = answers(200 - lost, lost, 5, 795)
        found = measured(a_guard(0.1), base, tuned)
        assert found.holds == (contrast(base, tuned, factor=0.9).lower > 0), lost
        beyond = p_contrast(base, tuned, factor=0.9, alternative="less") <= ALPHA
        assert (found.p_harm <= ALPHA) == beyond, lost
        assert beyond == (contrast(base, tuned, factor=0.9).upper < 0), lost


def test_graded_scores_are_compared_by_the_paired_comparison() -> None:
    rng = np.random.default_rng(1)
    base = rng.uniform(0.2, 0.8, 200)
    tuned = 0.97 * base + rng.normal(0, 0.1, 200)
    found = measured(a_guard(0.1), base, tuned)
    plain = ratio_of_means(base, tuned, alpha=ALPHA)
    assert found.method == "skew-corrected t of candidate − 0.9·baseline"
    assert (found.ratio_lower, found.ratio_upper) == pytest.approx(
        (plain.lower, plain.upper), rel=2e-3
    )


def test_less_of_an_error_rate_is_kept_below_a_share_more() -> None:
    """100 errors of 1,000, now 108: a tenth more would be 110."""
    rate = a_guard(0.1, higher_is_better=False)
    found = measured(rate, *answers(100, 0, 8, 892))
    assert found.ratio == pytest.approx(1.08)
    assert (found.wins, found.losses, found.difference) == (0, 8, pytest.approx(-0.008))
    assert not found.holds
    assert measured(rate, *answers(100, 0, 0, 900)).holds
    assert decide("tuned", [measured(rate, *answers(100, 0, 60, 840))]).verdict == "hold"


def test_a_low_baseline_may_lose_less_than_a_fixed_margin_lets_it() -> None:
    """.05 that loses .015: within a margin of .02 × 1.5, and three tenths of all there is."""
    base, tuned = answers(140, 60, 0, 3800)
    fixed = Requirement("rare", "guard", "rare", "exact_match", margin=0.03)
    assert decide("tuned", [measured(fixed, base, tuned)]).verdict == "ship"
    assert decide("tuned", [measured(a_guard(0.1), base, tuned)]).verdict == "hold"


def test_the_planned_number_of_items_follows_from_the_share() -> None:
    """σ of candidate − .9·baseline and gap .1·.2: n = σ²·7.84888/.02², and some more since σ is
    known from 30 answers only."""
    base, tuned = answers(45, 15, 15, 225)
    found = decide("tuned", [measured(a_guard(0.1), base, tuned)]).criteria[0]
    d = np.array(tuned) - 0.9 * np.array(base)
    assert found.sd == pytest.approx(d.std(ddof=1))
    assert found.needed_n == pytest.approx(d.var(ddof=1) * 7.84888 / 0.02**2, rel=0.05)
    assert found.needed_n > d.var(ddof=1) * 7.84888 / 0.02**2


@pytest.mark.heavy
def test_nothing_and_less_than_nothing_have_no_shares() -> None:
    for base, tuned in (([0.0] * 50, [0.0] * 50), ([-1.0, 2.0] * 25, [1.0] * 50)):
        found = measured(a_guard(0.1), base, tuned)
        assert (found.ratio, found.ratio_lower, found.ratio_upper) == (None, None, None)
        assert (found.p_harm, found.holds) == (1.0, False)
        assert decide("tuned", [found]).verdict == "need-more-data"


def test_a_wider_share_never_fails_what_a_narrower_one_passes() -> None:
    base, tuned = answers(300, 12, 6, 682)
    shown = [measured(a_guard(share), base, tuned).holds for share in np.linspace(0.01, 0.5, 25)]
    assert all(later or not earlier for earlier, later in pairwise(shown))
    assert shown[-1]
    assert not shown[0]


def test_a_budget_is_judged_by_fiellers_upper_end() -> None:
    rng = np.random.default_rng(6)
    base = rng.lognormal(5, 0.5, 120)
    tuned = 1.1 * base * rng.lognormal(0, 0.3, 120)
    upper = ratio_of_means(base, tuned, alpha=ALPHA).upper
    assert upper is not None
    for most, holds in ((upper * 1.001, True), (upper * 0.999, False)):
        asked = Requirement(
            "latency", "budget", "x", "latency_ms", max_ratio=most, higher_is_better=False
        )
        found = measured(asked, base, tuned)
        assert found.holds == holds
        assert found.ratio_upper == upper
        assert found.method == "Fieller, t(119)"
        assert found.gap == pytest.approx((most - 1) * base.mean())


def test_clusters_widen_a_budgets_interval() -> None:
    rng = np.random.default_rng(7)
    labels = [f"c{i // 6}" for i in range(120)]
    slowed = np.repeat(rng.lognormal(0, 0.2, 20), 6)
    base = rng.lognormal(5, 0.3, 120)
    asked = Requirement(
        "cost", "budget", "x", "cost", max_ratio=1.5, higher_is_better=False, tier="supporting"
    )
    alone, together = (
        measured(asked, base, base * slowed, **more) for more in ({}, {"clusters": labels})
    )
    assert alone.ratio == pytest.approx(together.ratio)
    assert together.ratio_upper is not None
    assert alone.ratio_upper is not None
    assert together.ratio_upper > alone.ratio_upper
    assert together.clusters == 20


def test_an_arm_that_is_the_baseline_keeps_every_share_and_budget() -> None:
    scores = np.array([0.0, 1.0, 1.0])
    kept = Requirement("cost", "budget", "x", "cost", max_ratio=1.01, higher_is_better=False)
    saved = Requirement("cost", "budget", "x", "cost", max_ratio=0.9, higher_is_better=False)
    assert decide("tuned", [same_run(a_guard(0.01), scores, alpha=ALPHA)]).verdict == "ship"
    assert decide("tuned", [same_run(kept, scores, alpha=ALPHA)]).verdict == "ship"
    assert decide("tuned", [same_run(saved, scores, alpha=ALPHA)]).verdict == "hold"
