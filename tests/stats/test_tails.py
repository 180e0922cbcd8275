"""What a sample can't show of a tail, and the limit that pays for it."""

import numpy as np
import pytest

from evalhub.stats.distributions import normal_cdf
from evalhub.stats.errors import StatisticsError
from evalhub.stats.intervals import clopper_pearson
from evalhub.stats.paired import compare, p_one_sided
from evalhub.stats.power_spread import items_for, spread_of
from evalhub.stats.tails import bounded_tail, errors_to_bounded_end, largest_share, unseen_tail
from tests.benchmarks.bounded_tails import (
    SCALE,
    THREES,
    exact_level,
    passes,
    passes_by_what_was_seen_of_the_baseline,
    searched,
    tailed,
    tailed_where_high,
)


def test_the_rule_of_three() -> None:
    """Hanley and Lippman-Hand (1983, JAMA 249:1743): nothing in n seen allows 3/n at 95%; their
    exact 1 − .05^(1/n) is 9.5% of 30 and 2.95% of 100."""
    assert largest_share(30, alpha=0.05) == pytest.approx(0.095, abs=0.0005)
    assert largest_share(100, alpha=0.05) == pytest.approx(0.0295, abs=0.00005)
    for n in (50, 100, 1000):
        assert largest_share(n, alpha=0.05) == pytest.approx(3 / n, rel=0.05)


def test_forty_items_can_miss_almost_nine_in_a_hundred() -> None:
    assert largest_share(40) == pytest.approx(0.088, abs=0.0002)


@pytest.mark.parametrize("seen", [0, 1, 3, 39, 40])
def test_some_that_were_seen_have_clopper_and_pearson_s_upper_limit(seen: int) -> None:
    assert largest_share(40, seen) == pytest.approx(clopper_pearson(seen, 40)[1], abs=1e-9)


def test_what_is_much_is_what_would_cost_the_margin() -> None:
    tail = unseen_tail(np.zeros(40), margin=0.036)
    assert (tail.units, tail.seen) == (40, 0)
    assert tail.loss * tail.share == pytest.approx(0.036)
    two = unseen_tail(np.array([-0.6, -0.5, *[0.0] * 38]), margin=0.036)
    assert two.seen == 2
    assert two.share == pytest.approx(clopper_pearson(2, 40)[1])


def test_clusters_count_by_their_effective_number() -> None:
    even = unseen_tail(np.zeros(40), np.repeat(np.arange(8), 5), margin=0.02)
    assert even.units == pytest.approx(8)
    uneven = unseen_tail(np.zeros(40), np.repeat([0, 1, 2, 3, 4], [36, 1, 1, 1, 1]), margin=0.02)
    assert uneven.units == pytest.approx(40**2 / (36**2 + 4))


@pytest.mark.parametrize("lost", [0, 1, 3, 20])
@pytest.mark.parametrize("alpha", [0.025, 0.0006])
def test_of_yes_no_losses_the_limit_is_clopper_and_pearson_s(lost: int, alpha: float) -> None:
    values = np.repeat([-1.0, 0.0], [lost, 40 - lost])
    limit = bounded_tail(values, worst=1.0)
    due = -clopper_pearson(lost, 40, alpha=alpha)[1]
    assert limit.lower(alpha) == pytest.approx(due, abs=1e-7)
    assert limit.p_above(due) == pytest.approx(alpha, rel=1e-6)


def test_at_the_mean_itself_the_p_value_is_about_one_half() -> None:
    values = np.random.default_rng(6).normal(0, 0.2, 3000)
    found = bounded_tail(values, worst=1.0).p_above(float(values.mean()))
    assert found == pytest.approx(0.5, abs=0.06)


def test_the_limit_is_the_quantile_of_weights_that_are_drawn() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(0, 0.2, 25)
    weights = rng.dirichlet(np.ones(26), 400_000)
    drawn = np.quantile(weights @ np.append(values, -1.0), 0.025)
    assert bounded_tail(values, worst=1.0).lower(0.025) == pytest.approx(drawn, abs=0.002)


def test_more_values_than_a_grid_holds_give_the_same_limit() -> None:
    values = np.random.default_rng(1).normal(0, 0.2, 3000)
    exact = bounded_tail(values, np.arange(3000), worst=1.0)
    assert bounded_tail(values, worst=1.0).lower(0.025) == pytest.approx(
        exact.lower(0.025), abs=1e-6
    )


@pytest.mark.parametrize(
    ("n", "alpha"),
    [(5, 0.025), *(pytest.param(10, a, marks=pytest.mark.heavy) for a in (0.025, 0.00625))],
)
def test_no_search_finds_a_distribution_that_breaks_the_level(n: int, alpha: float) -> None:
    """Exactly, by the multinomial distribution of three values: the conjecture that the limit
    rests on."""
    shares = searched(0)
    worst = max(exact_level(n, each, shares, alpha) for each in THREES)
    assert 0.8 * alpha < worst <= alpha


def test_the_issue_s_scene_passes_no_more_than_it_may() -> None:
    """6% lose .6, noise .05, 40 items: what was seen passes .075 of the time, at .025."""
    rng, draw = np.random.default_rng(2), tailed(0.06, 0.6, 0.05)
    draws = [draw(rng, 40) for _ in range(400)]
    usual, bounded = (
        sum(passes(*arms, 0.036, bounded=each) for arms in draws) / 400 for each in (False, True)
    )
    assert usual > 0.05
    assert bounded <= 0.025


def test_the_largest_score_seen_of_the_baseline_would_not_be_enough() -> None:
    """Why the scale's end is charged: the items that lose may be a kind that wasn't seen at all,
    whose baseline's scores nobody saw either."""
    rng, draw = np.random.default_rng(3), tailed_where_high(0.06, 0.6, 0.02)
    draws = [draw(rng, 40) for _ in range(400)]
    by_baseline = sum(passes_by_what_was_seen_of_the_baseline(*arms, 0.036) for arms in draws)
    bounded = sum(passes(*arms, 0.036, bounded=True) for arms in draws)
    assert by_baseline / 400 > 0.05
    assert bounded / 400 <= 0.025


def test_the_end_and_the_p_value_agree_in_clusters_and_with_weights() -> None:
    rng = np.random.default_rng(4)
    before = rng.uniform(0.4, 0.6, 120)
    after = np.clip(before + rng.normal(0, 0.05, 120), *SCALE)
    clusters, weights = np.repeat(np.arange(30), 4), rng.uniform(0.5, 2, 120)
    for extra in ({}, {"clusters": clusters}, {"weights": weights}):
        found = compare(before, after, bounds=SCALE, bounded_tails=True, **extra)
        usual = compare(before, after, bounds=SCALE, **extra)
        assert found.lower < usual.lower
        assert found.upper == usual.upper
        for bound, low in ((found.lower - 1e-4, True), (found.lower + 1e-4, False)):
            p = p_one_sided(
                before,
                after,
                bound=bound,
                alternative="greater",
                bounds=SCALE,
                bounded_tails=True,
                **extra,
            )
            assert (p <= 0.025) is low


def test_yes_no_scores_that_stand_alone_pay_for_what_was_not_seen_anyway() -> None:
    before = np.array([1.0] * 30 + [0.0] * 10)
    after = np.array([1.0] * 29 + [0.0] * 11)
    assert compare(before, after, bounded_tails=True) == compare(before, after)


def test_a_plan_counts_what_an_unseen_item_may_lose() -> None:
    assert errors_to_bounded_end(0.0, 40, 0.025) == pytest.approx(1.96, abs=0.01)
    rng = np.random.default_rng(5)
    before = np.full(60, 0.5)
    after = before + rng.normal(0, 0.05, 60)
    usual, bounded = (
        items_for(
            0.036,
            spread_of(before, after, bound=-0.036, bounds=SCALE, bounded_tails=each),
            due=1.96,
        )
        for each in (False, True)
    )
    assert usual is not None
    assert bounded is not None
    assert usual < 40
    assert 100 < bounded < 160


def test_a_level_is_one() -> None:
    with pytest.raises(StatisticsError):
        largest_share(40, alpha=0.6)


@pytest.mark.parametrize("worst", [5.0, 25.0, 100.0])
def test_the_planned_errors_leave_alpha_to_what_is_seen_and_what_is_not(worst: float) -> None:
    """P(Z + kE > c) = alpha by adding up over E, where k = worst/(units + log(1/alpha)/2)."""
    units, alpha = 50.0, 0.025
    c, k = errors_to_bounded_end(worst, units, alpha), worst / (units + np.log(1 / alpha) / 2)
    middles = (np.arange(10_000) + 0.5) / 10_000
    beyond = np.mean([normal_cdf(-(c + k * np.log(each))) for each in middles])
    assert beyond == pytest.approx(alpha, rel=1e-3)
