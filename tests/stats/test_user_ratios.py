"""Two arms' ratios over users: variance by users, epochs apart, and limits where much is rare."""

from dataclasses import replace
from math import sqrt

import numpy as np
import pyarrow as pa
import pytest
import tea_tasting

from evalhub.stats.confidence_sequences import one_sided_half_width, one_sided_rho
from evalhub.stats.distributions import normal_quantile
from evalhub.stats.errors import StatisticsError
from evalhub.stats.user_ratios import (
    FEWEST_USERS,
    UNSEEN_USERS,
    Epoch,
    UserSums,
    compare_users,
)


def arm(seed: int, users: int = 400, chance: float = 0.2) -> UserSums:
    """Users with 0 to some 8 requests."""
    rng = np.random.default_rng(seed)
    x = rng.poisson(3, users)
    return UserSums.of(rng.binomial(x, chance), x)


@pytest.mark.parametrize("seed", range(4))
def test_the_variance_is_tea_tastings(seed):
    rng = np.random.default_rng(seed)
    variant, x = rng.integers(0, 2, 600), rng.poisson(3, 600).astype(float)
    y = rng.binomial(x.astype(int), 0.2) * rng.lognormal(size=600)
    metric = tea_tasting.RatioOfMeans("y", "x", use_t=False, equal_var=False)
    table = pa.table({"variant": variant, "x": x, "y": y})
    theirs = tea_tasting.Experiment(ratio=metric).analyze(table)["ratio"]
    baseline, candidate = (UserSums.of(y[variant == v], x[variant == v]) for v in (0, 1))
    se = (theirs.effect_size_ci_upper - theirs.effect_size) / normal_quantile(0.975)
    assert (baseline.ratio, candidate.ratio) == pytest.approx((theirs.control, theirs.treatment))
    assert baseline.variance + candidate.variance == pytest.approx(se**2, rel=1e-9)


def test_a_ratio_and_its_variance_by_hand():
    """Users (y, x) = (1, 2), (0, 2), (2, 2): R = 1/2, residuals 0, −1, 1 add up to 2 when squared
    and to 2 in fourth powers; 3/2 · 2/36 = 1/12."""
    sums = UserSums.of([1, 0, 2], [2, 2, 2])
    assert (sums.ratio, sums.squares, sums.fourth_powers) == (0.5, 2, 2)
    assert sums.variance == pytest.approx(1 / 12)
    assert sums.user_sd == pytest.approx(sqrt(3 / 12))


def test_sums_add_up_whoever_is_counted_first():
    y, x = np.arange(10.0), np.arange(10.0) % 3
    parts = UserSums.of(y[:4], x[:4]) + UserSums.of(y[4:], x[4:])
    assert parts == UserSums.of(y, x)
    assert (parts.users, parts.measured) == (10, 6)


def test_one_epoch_is_the_plain_difference_with_its_limits():
    baseline, candidate = arm(1), arm(2, 500)
    result = compare_users(
        [Epoch(baseline, candidate)], planned_users=2000, alpha=0.025, upper_alpha=0.005
    )
    assert result is not None
    assert result.se is not None
    assert result.difference == baseline.ratio - candidate.ratio
    plain = sqrt(baseline.variance + candidate.variance)
    assert result.upper_se is not None
    assert plain < result.upper_se < result.se < 1.1 * plain
    for end, se, alpha, plan in (
        (result.lower, -result.se, 0.025, 2000),
        (result.upper, result.upper_se, 0.005, 250),
    ):
        width = one_sided_half_width(se, 900, rho=one_sided_rho(plan, alpha), alpha=alpha)
        assert end == pytest.approx(result.difference + width)


def test_a_p_value_is_at_most_its_level_just_where_its_limit_has_passed_the_bound():
    result = compare_users(
        [Epoch(arm(1), arm(2, chance=0.5))], planned_users=900, alpha=0.025, upper_alpha=0.005
    )
    assert result is not None
    assert result.lower is not None
    assert result.upper is not None
    assert result.p_above(result.lower) == pytest.approx(0.025)
    assert result.p_below(result.upper) == pytest.approx(0.005)
    assert result.p_below(result.upper - 0.01) > 0.005 > result.p_below(result.upper + 0.01)
    assert result.p_above(result.lower + 0.01) > 0.025 > result.p_above(result.lower - 0.01)


def test_more_is_better_turns_the_difference_round():
    epochs = [Epoch(arm(1), arm(2, chance=0.4))]
    less = compare_users(epochs, planned_users=900)
    more = compare_users(epochs, planned_users=900, higher_is_better=True)
    assert less is not None
    assert more is not None
    assert more.difference == -less.difference > 0.1
    for result in (less, more):
        assert result.lower is not None
        assert result.lower < result.difference
    assert more.se == less.se


def test_epochs_are_compared_within_themselves():
    """Simpson's: in each epoch the arms are alike; pooled, the candidate looks far worse, since it
    had most of its users when more failed."""
    calm = Epoch(arm(1, 900, 0.1), arm(2, 200, 0.1))
    rough = Epoch(arm(3, 200, 0.5), arm(4, 900, 0.5))
    pooled = compare_users(
        [Epoch(calm.baseline + rough.baseline, calm.candidate + rough.candidate)],
        planned_users=2000,
    )
    apart = compare_users([calm, rough], planned_users=2000)
    assert pooled is not None
    assert apart is not None
    assert pooled.upper is not None
    assert apart.lower is not None
    assert apart.upper is not None
    assert pooled.upper < -0.2
    assert apart.lower < 0 < apart.upper
    parts = [compare_users([epoch], planned_users=2000) for epoch in (calm, rough)]
    assert apart.difference == pytest.approx(sum(p.difference for p in parts if p) / 2)
    assert apart.users == 2200


def test_an_epoch_waits_until_each_arm_has_users_who_were_measured():
    few = arm(1, 300)
    waiting = replace(few, measured=FEWEST_USERS - 1)
    enough = Epoch(arm(2), arm(3))
    assert compare_users([Epoch(few, waiting)], planned_users=900) is None
    assert compare_users([], planned_users=900) is None
    alone = compare_users([enough], planned_users=900)
    assert compare_users([enough, Epoch(waiting, few)], planned_users=900) == alone


def failing(users: int, failures: int) -> UserSums:
    """Users with one request each."""
    return UserSums.of(np.arange(users) < failures, np.ones(users))


def test_none_of_two_hundred_isn_t_never():
    """Without unseen users both variances were 0, and the limits too."""
    result = compare_users(
        [Epoch(failing(200, 0), failing(200, 0))], planned_users=400, events=True
    )
    assert result is not None
    assert result.se == pytest.approx(sqrt(2 * UNSEEN_USERS) / 200)
    assert result.lower is not None
    assert result.lower < -0.05


def test_no_failure_among_many_users_shows_that_few_are_lost():
    epochs = [Epoch(failing(20_000, 0), failing(20_000, 0))]
    result = compare_users(epochs, planned_users=40_000, events=True)
    assert result is not None
    assert result.lower is not None
    assert -0.001 < result.lower < -0.0005


def test_what_costs_nothing_in_any_request_has_no_limits():
    """Nothing says how much a user's requests might cost."""
    result = compare_users([Epoch(failing(200, 0), failing(200, 0))], planned_users=400)
    assert result is not None
    assert (result.difference, result.se, result.lower, result.upper) == (0, None, None, None)
    assert (result.p_above(-1), result.p_below(1)) == (1, 1)


def test_users_without_a_signal_change_neither_difference_nor_error():
    """Most never vote; they count as users, and add nothing to either sum."""
    with_votes, silent = arm(1), UserSums.of(np.zeros(9000), np.zeros(9000))
    few = compare_users([Epoch(with_votes, arm(2))], planned_users=20_000)
    many = compare_users([Epoch(with_votes + silent, arm(2) + silent)], planned_users=20_000)
    assert few is not None
    assert many is not None
    assert many.users == few.users + 18_000
    assert (many.difference, many.se) == pytest.approx((few.difference, few.se), rel=2e-3)


def test_what_seldom_succeeds_and_what_seldom_fails_have_the_same_error():
    rng = np.random.default_rng(5)
    x = rng.poisson(3, (2, 2000)).astype(float)
    y = rng.binomial(x.astype(int), 0.002).astype(float)
    fails, succeeds = (
        compare_users(
            [Epoch(*(UserSums.of(*sums) for sums in zip(tops, x, strict=True)))],
            planned_users=4000,
            events=True,
        )
        for tops in (y, x - y)
    )
    assert fails is not None
    assert succeeds is not None
    assert fails.se == pytest.approx(succeeds.se)
    assert fails.difference == pytest.approx(-succeeds.difference)


def test_one_heavy_user_who_fails_is_no_proof():
    """A user of 500 requests, all failed, beside users of one: the estimate is .33 worse."""
    heavy = UserSums.of(np.r_[500.0, np.zeros(999)], np.r_[500.0, np.ones(999)])
    epochs = [Epoch(failing(1000, 2), heavy)]
    result = compare_users(epochs, planned_users=2000, events=True, upper_alpha=0.025)
    assert result is not None
    assert result.difference == pytest.approx(-0.33, abs=0.01)
    assert result.upper is not None
    assert result.upper > 0


@pytest.mark.parametrize(
    ("y", "x", "message"),
    [
        ([1.0], [1.0, 2.0], "equally long"),
        ([[1.0]], [[1.0]], "flat"),
        ([float("nan")], [1.0], "finite"),
        ([1.0], [-1.0], "0 or more"),
    ],
)
def test_sums_of_what_is_no_number_are_refused(y, x, message):
    with pytest.raises(StatisticsError, match=message):
        UserSums.of(y, x)


def test_a_ratio_of_nothing_is_refused():
    with pytest.raises(StatisticsError, match="nothing was measured"):
        _ = UserSums.of([0.0], [0.0]).ratio
    with pytest.raises(StatisticsError, match="two or more"):
        _ = UserSums.of([0.0], [1.0]).variance
