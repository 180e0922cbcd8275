"""Comparing two arms on the same items."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalhub.stats.errors import StatisticsError
from evalhub.stats.intervals import score_interval
from evalhub.stats.paired import compare, p_one_sided, variance_split

SLEEP = np.array([0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0])
SLEEP_OTHER = np.array([1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4])


def binary_arms(losses: int, wins: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    baseline = np.r_[np.ones(losses), np.zeros(wins), np.ones(n - losses - wins)]
    candidate = np.r_[np.zeros(losses), np.ones(wins), np.ones(n - losses - wins)]
    return baseline, candidate


def test_yes_no_scores_take_exact_limits_and_their_own_test():
    """Discordant 1 and 7 of 21: Tango's own limits (1998, table) are -.517 and -.026, and the exact
    unconditional McNemar test has p = .035 (Fagerland, Lydersen and Laake 2013)."""
    result = compare(*binary_arms(losses=7, wins=1, n=21))
    assert -0.57 < result.lower < -0.517
    assert -0.026 < result.upper < -0.01
    assert result.p_value == pytest.approx(0.0353, abs=5e-5)
    assert (result.wins, result.losses, result.ties) == (1, 7, 13)
    assert (result.method, result.test) == ("exact score interval", "exact score test")
    assert result.difference == pytest.approx(-6 / 21)
    assert (result.alpha, result.upper_alpha) == (0.025, 0.025)


def test_a_hundred_ties_still_admit_regressions_of_more_than_three_percent():
    """With a share of .0362 to lose, none of 100 loses with a chance of .025 (1 − .025^(1/100));
    a little more, since outcomes with a loss and some wins count as no worse."""
    result = compare(np.ones(100), np.ones(100))
    assert 1 - 0.025**0.01 < result.upper < 0.0368
    assert result.lower == -result.upper
    assert result.p_value == 1


def test_four_wins_of_thirty_are_a_gain_by_interval_and_test_alike():
    """Mid-p has .0625. Of thirty items an outcome as good has a chance of .0242 at most, over the
    shares that no loss in thirty leaves possible; twenty items leave more, and it is above .025."""
    result = compare(*binary_arms(losses=0, wins=4, n=30))
    assert 0 < result.lower < 0.01
    assert result.p_value == pytest.approx(0.0484, abs=5e-5)
    assert result.method == "exact score interval"
    few = compare(*binary_arms(losses=0, wins=4, n=20))
    assert few.lower < 0 < few.upper
    assert few.p_value > 0.05


@pytest.mark.heavy
def test_exact_ends_and_their_p_value_never_disagree_about_0():
    """At the levels of looks, of shared looks and of harm, over drawn outcomes and all small ones:
    an end leaves 0 out just where p is at most twice its level."""
    rng = np.random.default_rng(24)
    outcomes = [(n, w, x) for n in (1, 3, 6) for w in range(n + 1) for x in range(n + 1 - w)]
    for n in (20, 60, 150, 3000):
        for share in (0.01, 0.05, 0.2, 0.6) if n <= 150 else (0.005,):
            for lean in (0.5, 0.7, 0.9):
                wins, losses, _ = rng.multinomial(n, [share * lean, share * (1 - lean), 1 - share])
                outcomes.append((n, int(wins), int(losses)))
    for n, wins, losses in outcomes:
        for alpha, upper_alpha in ((0.025, 0.025), (0.0152, 0.025), (0.00061, 0.05), (0.25, 0.01)):
            arms = binary_arms(losses, wins, n)
            result = compare(*arms, alpha=alpha, upper_alpha=upper_alpha)
            if "exact" not in result.method:
                continue
            level = alpha if wins > losses else upper_alpha
            assert (result.lower > 0 or result.upper < 0) == (result.p_value <= 2 * level)
            above = p_one_sided(*arms, bound=0.0, alternative="greater", alpha=alpha)
            below = p_one_sided(*arms, bound=0.0, alternative="less", alpha=upper_alpha)
            assert (result.lower > 0, result.upper < 0) == (above <= alpha, below <= upper_alpha)


def test_many_yes_no_scores_take_tangos_interval():
    result = compare(*binary_arms(losses=150, wins=90, n=2000))
    counts = np.array([150.0, 1760.0, 90.0])
    assert result.method == "Tango score interval"
    limits = score_interval(np.array([-1.0, 0.0, 1.0]), counts, reach=1.0)
    assert (result.lower, result.upper) == pytest.approx(limits, abs=1e-12)


@pytest.mark.parametrize("score", [0.3, 4.0, -2.5])
def test_constant_scores_of_any_kind_leave_doubt(score):
    result = compare(np.full(60, score), np.full(60, score))
    assert result.lower < -0.03
    assert result.upper > 0.03
    assert result.method == "bounded score interval"


@pytest.mark.parametrize("options", [{}, {"clusters": np.arange(400) // 2}])
def test_a_constant_gain_is_not_taken_for_certain(options):
    """Also where the mean of equal numbers isn't quite the number: 0.2 and 0.1 in binary."""
    for n in (30, 400):
        baseline = np.random.default_rng(n).random(n)
        cut = {name: labels[:n] for name, labels in options.items()}
        result = compare(baseline, baseline + 0.1, **cut)
        assert result.difference == pytest.approx(0.1)
        assert result.lower < 0.1 - 1 / n
        assert result.upper > 0.1 + 1 / n


def test_a_constant_gain_on_one_scale_stays_close() -> None:
    result = compare(np.full(400, 0.2), np.full(400, 0.3))
    assert result.difference == pytest.approx(0.1)
    assert 0.08 < result.lower < 0.1 < result.upper


def test_varied_differences_take_a_t_that_is_never_narrower_than_students():
    rng = np.random.default_rng(1)
    baseline = rng.random(300)
    candidate = baseline + rng.normal(0.02, 0.1, 300)
    result = compare(baseline, candidate)
    d = candidate - baseline
    assert result.method == "skew-corrected t"
    # t(299) at .975 is 1.96793 (tables)
    half = 1.96793 * d.std(ddof=1) / math.sqrt(300)
    assert 1 - 1e-5 < (d.mean() - result.lower) / half < 1.05
    assert 1 - 1e-5 < (result.upper - d.mean()) / half < 1.05


def test_a_handful_of_items_gets_a_wide_interval_and_an_exact_test():
    """Student's sleep data, ten pairs: t would say [.70, 2.46]; one sign of nine is 0."""
    result = compare(SLEEP, SLEEP_OTHER)
    assert result.difference == pytest.approx(1.58)
    assert result.lower < 0.7001
    assert result.upper > 2.4599
    # All nine differences that aren't 0 are gains: 2/2^9
    assert result.p_value == pytest.approx(2 / 512)
    assert result.test == "sign-flip, exact"


@pytest.mark.parametrize("n", [1, 2, 3])
def test_one_two_or_three_items_decide_nothing(n):
    result = compare(np.zeros(n), np.ones(n))
    assert result.lower < 0 < result.upper
    assert result.p_value > 0.12


def test_several_samples_an_item_are_averaged_first():
    rng = np.random.default_rng(2)
    baseline, candidate = rng.integers(0, 2, (200, 4)), rng.integers(0, 2, (200, 4))
    many = compare(baseline, candidate)
    means = compare(baseline.mean(axis=1), candidate.mean(axis=1))
    assert many == means


def test_the_variance_of_samples_splits_into_between_and_within_items():
    """Uniform chances of success: between 1/12, within 1/6, so Var_K/Var_1 = (1 + 2/K)/3
    (Miller 2024). Two independent arms double both parts."""
    rng = np.random.default_rng(3)
    chance = rng.random((20000, 2, 1))
    draws = (rng.random((20000, 2, 8)) < chance).astype(float)
    split = variance_split(draws[:, 0], draws[:, 1])
    assert split.between == pytest.approx(2 / 12, abs=0.004)
    assert split.within_baseline == pytest.approx(1 / 6, abs=0.003)
    assert split.within_candidate == pytest.approx(1 / 6, abs=0.003)
    one = split.between + split.within_baseline + split.within_candidate
    for k, ratio in ((2, 2 / 3), (4, 1 / 2)):
        at_k = split.between + (split.within_baseline + split.within_candidate) / k
        assert at_k / one == pytest.approx(ratio, abs=0.01)


def test_clusters_widen_the_interval_by_their_design_effect():
    rng = np.random.default_rng(4)
    shared = np.repeat(rng.normal(0, 0.2, 100), 10)
    baseline = np.full(1000, 0.5)
    candidate = np.clip(baseline + shared + rng.normal(0, 0.1, 1000), 0, 1)
    clusters = [f"document {i // 10}" for i in range(1000)]
    together = compare(baseline, candidate, clusters=clusters)
    alone = compare(baseline, candidate)
    assert together.clusters == 100
    assert alone.clusters is None
    assert together.design_effect > 5
    assert together.method == "CR2 over 100 clusters, skew-corrected t(49.5)"
    ratio = (together.upper - together.lower) / (alone.upper - alone.lower)
    assert ratio == pytest.approx(math.sqrt(together.design_effect), rel=0.06)


def test_ties_in_few_clusters_leave_more_doubt_than_ties_of_lone_items():
    ties = np.ones(100)
    together = compare(ties, ties, clusters=np.arange(100) // 10)
    assert together.upper > 2 * compare(ties, ties).upper
    assert "no narrower than the bounded score interval" in together.method


def test_one_cluster_is_one_observation():
    baseline, candidate = binary_arms(0, 50, 50)
    result = compare(baseline, candidate, clusters=["a"] * 50)
    assert result.lower < 0
    assert "there is one cluster" in result.method


def test_clusters_of_one_item_change_nothing():
    rng = np.random.default_rng(7)
    for baseline, candidate in (
        binary_arms(7, 1, 21),
        (rng.random(40), rng.random(40)),
        (rng.random(400), rng.random(400)),
    ):
        n = len(baseline)
        alone = compare(baseline, candidate, clusters=range(n))
        plain = compare(baseline, candidate)
        assert alone.clusters == n
        assert (alone.method, alone.test) == (plain.method, plain.test)
        assert alone.p_value == pytest.approx(plain.p_value)
        assert (alone.lower, alone.upper) == pytest.approx((plain.lower, plain.upper))


def test_equal_weights_change_nothing_but_the_method():
    rng = np.random.default_rng(5)
    baseline, candidate = rng.random(500), rng.random(500)
    weighted = compare(baseline, candidate, weights=np.full(500, 3.0))
    plain = compare(baseline, candidate)
    assert weighted.lower == pytest.approx(plain.lower)
    assert weighted.upper == pytest.approx(plain.upper)
    assert weighted.design_effect == pytest.approx(1)


def test_weights_bring_an_oversampled_tag_back_to_its_share():
    """Half the items are a rare tag that makes up a tenth of production."""
    rare = np.arange(1000) < 500
    baseline = np.zeros(1000)
    candidate = np.where(rare, 0.0, 1.0) * (np.arange(1000) % 2)
    result = compare(baseline, candidate, weights=np.where(rare, 0.1, 0.9))
    assert result.difference == pytest.approx(0.9 * 0.5)
    assert result.candidate == pytest.approx(0.45)
    assert result.baseline == 0


def test_the_one_sided_p_value_meets_the_interval_at_its_limits():
    rng = np.random.default_rng(6)
    real = rng.random(200)
    cases = [
        (*binary_arms(130, 112, 800), None),
        (real, np.clip(real + rng.normal(0.03, 0.1, 200), 0, 1), None),
        (real[:12], np.clip(real[:12] + 0.1, 0, 1), None),
        (real, np.clip(real + rng.normal(0.03, 0.1, 200), 0, 1), np.arange(200) // 4),
        (*binary_arms(3, 1, 100), np.arange(100) // 5),
    ]
    for baseline, candidate, clusters in cases:
        result = compare(baseline, candidate, clusters=clusters)
        for bound, alternative in ((result.upper, "less"), (result.lower, "greater")):
            p = p_one_sided(
                baseline, candidate, bound=bound, alternative=alternative, clusters=clusters
            )
            assert p == pytest.approx(0.025, abs=1e-6)


def test_each_end_has_its_own_level():
    rng = np.random.default_rng(6)
    real = rng.random(200)
    graded = (real, np.clip(real + rng.normal(0.03, 0.1, 200), 0, 1))
    for arms in (graded, binary_arms(30, 12, 400), binary_arms(0, 4, 20), binary_arms(4, 0, 20)):
        both = compare(*arms, alpha=0.001, upper_alpha=0.1)
        assert both.lower == compare(*arms, alpha=0.001).lower
        assert both.upper == compare(*arms, alpha=0.1).upper
        assert (both.alpha, both.upper_alpha) == (0.001, 0.1)
        for bound in np.linspace(-0.3, 0.3, 61):
            above = p_one_sided(*arms, bound=float(bound), alternative="greater", alpha=0.001)
            below = p_one_sided(*arms, bound=float(bound), alternative="less", alpha=0.1)
            assert (both.lower > bound) == (above < 0.001)
            assert (both.upper < bound) == (below < 0.1)


@pytest.mark.parametrize("gain", [-0.1, 0.0, 0.1])
def test_the_p_value_falls_as_the_bound_rises(gain):
    baseline = np.full(3, 0.3)
    p = [
        p_one_sided(baseline, baseline + gain, bound=bound, alternative="less")
        for bound in (-0.5, -0.1, -0.05, 0.0, 0.05, 0.1, 0.5)
    ]
    assert p == sorted(p, reverse=True)


def test_no_evidence_against_a_bound_on_the_near_side():
    baseline, candidate = binary_arms(5, 25, 200)
    assert p_one_sided(baseline, candidate, bound=0.05, alternative="less") > 0.5
    assert p_one_sided(baseline, candidate, bound=-0.05, alternative="greater") < 1e-4


@pytest.mark.parametrize(
    ("baseline", "candidate", "options", "says"),
    [
        ([1, 0], [1], {}, "baseline has 2 items and candidate 1"),
        ([1, math.nan], [1, 0], {}, "baseline: item 1 has no finite score"),
        ([1, 0], [1, math.inf], {}, "candidate: item 1 has no finite score"),
        ([], [], {}, "not empty"),
        ([[1, 0], [1]], [1, 0], {}, "rows of one length"),
        (["good"], [1], {}, "must be numbers"),
        ([1, 0], [1, 0], {"clusters": ["a"]}, "1 labels for 2 items"),
        ([1, 0], [1, 0], {"weights": [1, -1]}, "weights must be positive"),
        ([1, 0], [1, 0], {"weights": [1, 0]}, "weights must be positive"),
        ([1, 0], [1, 0], {"alpha": 0.9}, "alpha must lie between"),
        ([1, 0.5], [2, 0], {"bounds": (0, 1)}, "leave the scale"),
    ],
)
def test_bad_input_is_named(baseline, candidate, options, says):
    with pytest.raises(StatisticsError, match=says):
        compare(baseline, candidate, **options)


scores = st.lists(
    st.tuples(*[st.sampled_from([0.0, 0.25, 0.5, 1.0])] * 2, st.integers(0, 3)),
    min_size=1,
    max_size=40,
)


@settings(max_examples=40, deadline=None)
@given(scores, st.randoms(use_true_random=False), st.booleans())
def test_the_order_of_items_and_the_names_of_clusters_change_nothing(rows, random, clustered):
    shuffled = rows.copy()
    random.shuffle(shuffled)

    def result(rows, name):
        a, b, c = zip(*rows, strict=True)
        return compare(a, b, clusters=[name(x) for x in c] if clustered else None)

    first, second = result(rows, str), result(shuffled, lambda x: -x)
    for field in ("difference", "lower", "upper", "p_value", "design_effect"):
        assert getattr(first, field) == pytest.approx(getattr(second, field), abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(scores, st.booleans())
def test_swapping_the_arms_flips_the_signs_and_changes_nothing_else(rows, clustered):
    a, b, c = zip(*rows, strict=True)
    clusters = c if clustered else None
    forth, back = compare(a, b, clusters=clusters), compare(b, a, clusters=clusters)
    assert forth.difference == pytest.approx(-back.difference, abs=1e-12)
    assert forth.lower == pytest.approx(-back.upper, abs=1e-9)
    assert forth.p_value == pytest.approx(back.p_value, abs=1e-9)
    assert (forth.wins, forth.losses, forth.method) == (back.losses, back.wins, back.method)
    below = p_one_sided(a, b, bound=0.1, alternative="less", clusters=clusters)
    above = p_one_sided(b, a, bound=-0.1, alternative="greater", clusters=clusters)
    assert below == pytest.approx(above, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(scores, st.booleans())
def test_no_interval_has_zero_width_or_leaves_the_scale(rows, clustered):
    a, b, c = zip(*rows, strict=True)
    result = compare(a, b, clusters=c if clustered else None)
    assert -1 <= result.lower <= result.difference <= result.upper <= 1
    assert result.upper - result.lower > 1 / len(rows)
    assert 0 <= result.p_value <= 1
