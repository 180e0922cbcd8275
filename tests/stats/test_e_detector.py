"""Evidence for a step in a series of batches: its formula, its rate, and what it withstands."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.integrate import quad
from scipy.stats import t as student

from evalhub.stats.e_detector import (
    LOWER_END,
    WANDER,
    Restart,
    change_evidence,
    change_since,
    threshold,
)
from evalhub.stats.errors import StatisticsError

Array = NDArray[np.float64]
REFERENCE = 14
WEEKENDS = (np.arange(400) % 7 >= 5).astype(float)


def series(
    seed: int, batches: int, *, step: float = 0.0, since: int = 0, wander: float = 0.0
) -> tuple[Array, Array]:
    """Values and weights: 2, .5 higher at weekends, with deviation 3 at a reference's mean weight,
    and a level that moves by √wander of it from batch to batch."""
    rng = np.random.default_rng(seed)
    weights = rng.uniform(0.5, 1.5, batches)
    weights = weights / weights[:REFERENCE].mean()
    noise = 3 * rng.normal(size=batches) / np.sqrt(weights)
    steps = step * (np.arange(batches) >= since)
    level = 2 + 3 * math.sqrt(wander) * rng.normal(size=batches).cumsum()
    return level + 0.5 * WEEKENDS[:batches] + noise + steps, weights


def inverse_root(weights: Array, wander: float, batches: Array | None = None) -> Array:
    """V^(−1/2), the symmetric root by eigenvalues, of values whose level moves."""
    batches = np.arange(len(weights)) if batches is None else batches
    shared = np.minimum(batches[:, None], batches[None, :])
    eigenvalues, vectors = np.linalg.eigh(np.diag(1 / weights) + wander * shared)
    return np.asarray(vectors @ np.diag(eigenvalues**-0.5) @ vectors.T)


def log_factor(
    values: Array, weights: Array, covariates: Array, since: int, g: float, wander: float
) -> float:
    """ln of the two-sided Bayes factor by least squares and the published formula, plus that of
    twice the posterior probability that the step is above 0, by integrating the posterior."""
    root = inverse_root(weights / weights[:REFERENCE].mean(), wander)
    nuisance = root @ np.column_stack([np.ones(len(values)), covariates])
    step = root @ (np.arange(len(values)) >= since)
    y = root @ values

    def rest(column: Array) -> Array:
        return column - nuisance @ np.linalg.lstsq(nuisance, column, rcond=None)[0]

    n = float(rest(step) @ rest(step))
    slope = float(rest(step) @ rest(y)) / n
    residual = rest(y) - slope * rest(step)
    nu = len(y) - 3
    spread = float(residual @ residual) / nu
    t_square = slope**2 * n / spread
    r = g / (g + n)
    two_sided = 0.5 * math.log(r) + 0.5 * (nu + 1) * (
        math.log1p(t_square / nu) - math.log1p(r * t_square / nu)
    )

    # of the step d, σ integrated out: (RSS + n(d − slope)² + g·d²)^(−(ν + 2)/2)
    def posterior(d: float) -> float:
        total = nu * spread + n * (d - slope) ** 2 + g * d * d
        return float((total / (nu * spread)) ** (-(nu + 2) / 2))

    above, below = quad(posterior, 0, np.inf)[0], quad(posterior, -np.inf, 0)[0]
    return two_sided + math.log(2 * above / (above + below))


@pytest.mark.parametrize("wander", [0.0, WANDER, 0.2])
@pytest.mark.parametrize("worse", ["higher", "lower"])
def test_one_step_has_the_published_factor_and_its_posteriors_side(worse, wander):
    """Right after the reference there is one step to sum over."""
    values, weights = series(1, REFERENCE + 1, step=9, since=REFERENCE)
    weekends = WEEKENDS[: REFERENCE + 1]
    evidence = change_evidence(
        values, weights, weekends, reference=REFERENCE, worse=worse, precision=0.5, wander=wander
    )
    signed = values if worse == "higher" else -values
    expected = log_factor(signed, weights, weekends, REFERENCE, 0.5, wander)
    assert evidence.log_sums[-1] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("wander", [0.0, WANDER])
def test_the_sum_adds_the_factors_of_all_steps_and_names_the_largest(wander):
    values, weights = series(2, 30, step=6, since=22)
    weekends = WEEKENDS[:30]
    evidence = change_evidence(
        values,
        weights,
        weekends,
        reference=REFERENCE,
        worse="higher",
        precision=0.25,
        wander=wander,
    )
    factors = [
        log_factor(values, weights, weekends, since, 0.25, wander) for since in range(REFERENCE, 30)
    ]
    assert evidence.log_sums[-1] == pytest.approx(np.logaddexp.reduce(factors), rel=1e-6)
    assert evidence.since[-1] == REFERENCE + int(np.argmax(factors)) == 22


def test_the_two_sided_factor_is_that_of_lindon_and_others():
    """ν = 92, n = 100, g = 1: t = 5.776 has p = 1/e = 6.6978e-6, and 10.769 has 6.048e-16."""
    from evalhub.stats.e_detector import _log_factors

    for t, p in ((5.776, 6.6978e-6), (10.769, 6.048e-16)):
        reach, ratio = np.array([101.0]), t * t / 92
        cross = np.array([math.sqrt(100 * ratio / (1 + ratio))])
        factor = float(_log_factors(reach, cross, 1.0, 93, 0.0, 1.0)[0])
        z = float(cross[0]) / math.sqrt(101)
        side = 2 * student.cdf(z * math.sqrt(93 / (1 - z * z)), 93)
        assert math.exp(-(factor - math.log(side))) == pytest.approx(p, rel=1e-4)


@pytest.mark.parametrize("wander", [0.0, 0.1])
@pytest.mark.parametrize("worse", ["higher", "lower"])
def test_while_nothing_changes_the_sum_grows_by_one_a_batch_on_average(worse, wander):
    """So each factor is 1 before its step and a martingale from there."""
    draws, after = 1200, 4
    sums = np.empty((draws, after))
    for i in range(draws):
        values, weights = series(10_000 + i, REFERENCE + after, wander=wander)
        evidence = change_evidence(
            values,
            weights,
            WEEKENDS[: len(values)],
            reference=REFERENCE,
            worse=worse,
            precision=1,
            wander=wander,
        )
        sums[i] = np.exp(evidence.log_sums[REFERENCE:])
    errors = sums.std(axis=0, ddof=1) / math.sqrt(draws)
    assert (np.abs(sums.mean(axis=0) - np.arange(1, after + 1)) < 3 * errors).all()


def test_a_reference_has_no_evidence():
    values, weights = series(3, 40)
    evidence = change_evidence(values, weights, reference=REFERENCE, worse="higher")
    assert np.isneginf(evidence.log_sums[:REFERENCE]).all()
    assert (evidence.since[:REFERENCE] == -1).all()
    assert np.isfinite(evidence.log_sums[REFERENCE:]).all()


def test_neither_the_unit_nor_the_level_nor_the_weekends_size_counts():
    values, weights = series(4, 60, step=4, since=40)
    weekends = WEEKENDS[:60]
    before = change_evidence(values, weights, weekends, reference=REFERENCE, worse="higher")
    other = change_evidence(
        1000 * values - 77 + 5000 * weekends,
        50 * weights,
        weekends,
        reference=REFERENCE,
        worse="higher",
    )
    assert other.log_sums[REFERENCE:] == pytest.approx(before.log_sums[REFERENCE:], abs=1e-6)


def test_a_column_that_never_varies_costs_nothing():
    """Batches of whole weeks have the same share of weekend days."""
    values, weights = series(5, 40)
    alone = change_evidence(values, weights, reference=REFERENCE, worse="higher")
    weeks = change_evidence(
        values, weights, np.full(40, 2 / 7), reference=REFERENCE, worse="higher"
    )
    assert weeks.log_sums[REFERENCE:] == pytest.approx(alone.log_sums[REFERENCE:])


def test_a_step_to_the_better_side_is_no_evidence():
    values, weights = series(6, 80, step=9, since=20)
    to_the_better = change_evidence(values, weights, reference=REFERENCE, worse="lower")
    to_the_worse = change_evidence(values, weights, reference=REFERENCE, worse="higher")
    assert to_the_better.log_sums[-1] < math.log(10) < 20 < to_the_worse.log_sums[-1]


def test_equal_values_are_no_evidence_whatever_comes_after_them():
    values = np.full(40, 0.1)
    values[20:] = 0.3
    evidence = change_evidence(values[:20], np.ones(20), reference=REFERENCE, worse="higher")
    assert not evidence.varies
    assert np.isneginf(evidence.log_sums).all()
    assert not change_evidence(
        values, np.ones(40), WEEKENDS[:40], reference=REFERENCE, worse="higher"
    ).varies


def test_variances_within_batches_are_the_least_that_is_supposed():
    """Equal values of which each could have been .05 off: .01 more is nothing, .3 more is."""
    variances = np.full(30, 0.05**2)

    def evidence_of(step: float) -> float:
        values = np.full(30, 0.1) + step * (np.arange(30) >= 20)
        return float(
            change_evidence(
                values, np.ones(30), reference=REFERENCE, worse="higher", variances=variances
            ).log_sums[-1]
        )

    assert evidence_of(0.01) < math.log(10)
    assert evidence_of(0.3) > 20


def test_variances_only_take_evidence_away():
    for seed in range(20):
        values, weights = series(seed, 60, step=2, since=30)
        plain = change_evidence(values, weights, reference=REFERENCE, worse="higher")
        floored = change_evidence(
            values, weights, reference=REFERENCE, worse="higher", variances=12 / weights
        )
        later = slice(REFERENCE, None)
        assert (floored.log_sums[later] <= plain.log_sums[later] + 1e-9).all()


def test_after_a_restart_only_later_steps_count():
    values, weights = series(7, 80, step=6, since=30)
    evidence = change_evidence(
        values, weights, reference=REFERENCE, worse="higher", restarts=[Restart(after=39)]
    )
    whole = change_evidence(values, weights, reference=REFERENCE, worse="higher")
    assert evidence.log_sums[:40] == pytest.approx(whole.log_sums[:40])
    assert (evidence.log_sums[40:] <= whole.log_sums[40:]).all()
    assert (evidence.since[40:] >= 40).all()


def test_a_change_that_was_mended_is_left_out_and_found_again():
    """As if the batches of the first change had never been, where the level stands still."""
    values, weights = series(8, 100, step=6, since=70)
    broken = values.copy()
    broken[30:40] += 6
    restarts = [Restart(after=39, changed_since=30)]
    evidence = change_evidence(
        broken, weights, reference=REFERENCE, worse="higher", restarts=restarts
    )
    gone = np.r_[0:30, 40:100]
    without = change_evidence(
        values[gone],
        weights[gone],
        reference=REFERENCE,
        worse="higher",
        restarts=[Restart(after=29)],
    )
    assert evidence.log_sums[40:] == pytest.approx(without.log_sums[30:])
    assert evidence.log_sums[35] > 5
    assert 65 <= evidence.since[-1] <= 75


@pytest.mark.parametrize("wander", [0.0, WANDER, 0.2])
def test_the_change_is_that_of_least_squares_against_the_reference_alone(wander):
    values, weights = series(9, 60, step=4, since=40)
    weekends = WEEKENDS[:60]
    change = change_since(
        values, weights, weekends, reference=REFERENCE, since=40, worse="higher", wander=wander
    )
    rows = np.r_[0:REFERENCE, 40:60]
    root = inverse_root(weights[rows], wander, rows)
    design = root @ np.column_stack([np.ones(60), weekends, np.arange(60) >= 40])[rows]
    fit, squares, *_ = np.linalg.lstsq(design, root @ values[rows], rcond=None)
    se = math.sqrt(float(squares[0]) / (34 - 3) * np.linalg.inv(design.T @ design)[2, 2])
    assert (change.estimate, change.se, change.df) == (
        pytest.approx(fit[2]),
        pytest.approx(se),
        31,
    )
    assert change.lower == pytest.approx(fit[2] - student.ppf(1 - LOWER_END, 31) * se)


def test_a_level_that_may_wander_takes_evidence_and_size_away():
    """The same step of two deviations is less certain where the level itself may have moved."""
    values, weights = series(11, 200, step=6, since=150)
    still, moving = (
        change_evidence(values, weights, reference=REFERENCE, worse="higher", wander=wander)
        for wander in (0.0, WANDER)
    )
    assert moving.log_sums[-1] < still.log_sums[-1]
    ends = [
        change_since(values, weights, reference=REFERENCE, since=150, worse="higher", wander=wander)
        for wander in (0.0, WANDER)
    ]
    assert ends[1].lower < ends[0].lower


def test_the_better_side_turns_the_changes_sign():
    values, weights = series(10, 60, step=4, since=40)
    up, down = (
        change_since(values, weights, reference=REFERENCE, since=40, worse=worse)
        for worse in ("higher", "lower")
    )
    assert up.estimate == pytest.approx(-down.estimate)


def test_the_threshold_shares_a_years_alarms_over_streams():
    assert threshold(false_alarms_a_year=2, steps_a_year=365, streams=6) == 1095


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"values": [1.0, math.nan] * 10}, "finite"),
        ({"weights": [0.0] * 20}, "above 0"),
        ({"weights": [1.0] * 19}, "one row a batch"),
        ({"variances": [-1.0] * 20}, "0 or more"),
        ({"reference": 2}, "3 batches or more"),
        ({"reference": 21}, "3 batches or more"),
        ({"restarts": [Restart(after=5)]}, "after the reference"),
        ({"restarts": [Restart(after=18), Restart(after=16)]}, "order of time"),
    ],
)
def test_what_cannot_be_analysed_says_so(changes, message):
    arguments = {
        "values": np.arange(20.0),
        "weights": np.ones(20),
        "reference": REFERENCE,
        "worse": "higher",
    }
    with pytest.raises(StatisticsError, match=message):
        change_evidence(**(arguments | changes))


def test_a_change_begins_after_the_reference():
    with pytest.raises(StatisticsError, match="after the reference"):
        change_since(np.arange(20.0), np.ones(20), reference=14, since=13, worse="higher")
