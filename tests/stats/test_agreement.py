"""How far raters agree."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

from evalhub.stats.agreement import agreement, pair_kappas, rater_agreement
from evalhub.stats.disagreements import distances, score_ends, unit_disagreements
from evalhub.stats.errors import StatisticsError
from evalhub.stats.kappa import (
    brennan_prediger,
    cohen,
    fleiss,
    gwet,
    weight_matrix,
)
from evalhub.stats.krippendorff import krippendorff_alpha
from evalhub.stats.ratings import Level, patterns, read_ratings
from tests.benchmarks.agreement_coverage import Case, missed, percentiles

# Krippendorff 2011, example C: four coders by twelve units, * missing
CODERS = """
1 2 3 3 2 1 4 1 2 * * *
1 2 3 3 2 2 4 1 2 5 * 3
* 3 3 3 2 3 4 2 2 5 1 *
1 2 3 3 2 4 4 1 2 5 1 *
"""


def example() -> list[list[int | None]]:
    rows = [[None if c == "*" else int(c) for c in line.split()] for line in CODERS.split("\n")]
    return [list(unit) for unit in zip(*[row for row in rows if row], strict=True)]


def gwets_example() -> list[list[int | None]]:
    """The same with the second coder's last rating dropped and the third's last set to 3."""
    table = example()
    table[11][1], table[11][2] = None, 3
    return table


@pytest.mark.parametrize(
    ("level", "alpha"),
    [("nominal", 0.743421), ("ordinal", 0.815388), ("interval", 0.849107), ("ratio", 0.797403)],
)
def test_krippendorffs_example_on_every_level(level, alpha):
    assert krippendorff_alpha(read_ratings(example()), level=level) == pytest.approx(
        alpha, abs=5e-7
    )


def test_the_bootstrap_of_units_gives_the_examples_limits():
    """The limit of many resamples is .4143 (400,000 of them); 2,000 have an error of .005."""
    lower, upper = percentiles(example(), np.random.default_rng(0), 2000)[0]
    assert lower == pytest.approx(0.4143, abs=0.01)
    assert upper == pytest.approx(1.0)


def test_the_examples_interval_leaves_room_for_what_wasnt_seen():
    """Of 40 ratings in pairs 4, 4 and 4 stand in units of which 1/2, 1/2 and all pairs differ: D =
    8/40, worth 40²/150 units, and K = (1 − .743421)/.2. The score test keeps a D of U where
    n(U − .2)² is z² times the variance of the likeliest shares of 0, 1/2 and 1 whose mean is U."""
    ratings = read_ratings(example())
    table = patterns(ratings)
    seen = unit_disagreements(table, distances(table, "nominal", ratings), by_rating=True)
    n, x, p = 1600 / 150, np.array([0.0, 0.5, 1.0]), np.array([0.7, 0.2, 0.1])
    assert seen.counts.sum() == pytest.approx(n)

    def excess(supposed: float) -> float:
        gap = x - supposed
        tilt = optimize.brentq(
            lambda t: float((p * gap / (1 + t * gap)).sum()),
            -1 / gap.max() + 1e-9,
            -1 / gap.min() - 1e-9,
        )
        variance = float((p / (1 + tilt * gap) * gap**2).sum())
        return n * (supposed - 0.2) ** 2 - 1.959964**2 * variance

    upper = optimize.brentq(excess, 0.21, 0.9)
    by_hand = 0.743421 - 0.256579 / 0.2 * (upper - 0.2)
    assert score_ends(0.743421, seen, 0.0)[0] == pytest.approx(by_hand, abs=1e-4)
    result = agreement(example())
    assert result.krippendorff_alpha.lower is not None
    assert result.krippendorff_alpha.lower < by_hand < 0.4143
    assert result.krippendorff_alpha.upper == pytest.approx(1.0)
    assert (result.units, result.raters, result.ratings) == (12, 4, 41)
    assert result.state == "ok"
    assert result.prevalence[2] == pytest.approx(13 / 41)


@pytest.mark.parametrize("case", [Case(50, 4, 0.95, 0.5), Case(100, 4, 0.98, 0.5)])
def test_the_lower_end_holds_where_raters_seldom_disagree(case: Case) -> None:
    """The percentiles alone are above the truth of AC1 in .06 to .1 of these draws."""
    result = missed(case, 200, 0)
    error = math.sqrt(0.025 * 0.975 / (200 * (1 - result.none)))
    for shares in (result.alpha, result.ac1):
        assert shares[0, 0] <= 0.025 + 2 * error
    assert result.ac1[1, 0] > 0.05


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval", "ratio"])
def test_the_disagreements_give_alpha_back_on_every_level(level: Level) -> None:
    """Alpha is 1 less their mean over that of any two ratings (Krippendorff 2011)."""
    ratings = read_ratings(example())
    table = patterns(ratings)
    apart = distances(table, level, ratings)
    seen = unit_disagreements(table, apart, by_rating=True)
    mean = float(seen.counts @ seen.values) / float(seen.counts.sum())
    paired = table.counts.sum(axis=1) >= 2
    totals = table.units[paired] @ table.counts[paired]
    n = totals.sum()
    chance = float(totals @ apart @ totals) / (n * (n - 1)) / apart.max()
    assert 1 - mean / chance == pytest.approx(krippendorff_alpha(ratings, level=level))


@pytest.mark.parametrize(
    ("weighting", "value"),
    [("identity", 0.77544), ("linear", 0.85874), ("quadratic", 0.91400), ("ordinal", 0.89894)],
)
def test_gwets_ac1_and_ac2(weighting, value):
    """Gwet 2014 on the altered example."""
    table = read_ratings(gwets_example())
    found = patterns(table)
    weights = found.units[None, :].astype(float)
    result = gwet(found, weights, weight_matrix(table.values, weighting))
    assert result[0] == pytest.approx(value, abs=5e-6)


def test_fleiss_and_brennan_prediger_with_missing_ratings():
    table = patterns(read_ratings(gwets_example()))
    assert fleiss(table, np.eye(5)) == pytest.approx(0.76117, abs=5e-6)
    assert brennan_prediger(table, np.eye(5)) == pytest.approx(0.77273, abs=5e-6)


# Fleiss 1971: thirty patients, six psychiatrists; depression, personality disorder,
# schizophrenia, neurosis, other: how many chose each
PATIENTS = """
00060 03003 01401 00006 03030 20400 00402 20310 20040 00006 10050 11040 03300 10050 02031
00501 30012 51000 02040 10203 00006 01050 02013 20040 10041 05010 40002 02040 10500 00006
"""


def as_ratings(pattern: str) -> list[int]:
    return [label for label, count in enumerate(pattern) for _ in range(int(count))]


def test_fleiss_kappa_of_thirty_patients():
    table = patterns(read_ratings([as_ratings(p) for p in PATIENTS.split()]))
    assert fleiss(table, np.eye(5)) == pytest.approx(0.430, abs=5e-4)


def test_cohens_kappa():
    """[[20, 5], [10, 15]]: p_a .7, p_e .5, so .4."""
    assert cohen([[20, 5], [10, 15]]).value == pytest.approx(0.4)
    table = [[40, 4, 4, 17], [6, 25, 2, 13], [4, 1, 21, 12], [15, 5, 9, 45]]
    assert cohen(table).value == pytest.approx(0.43150, abs=5e-6)
    assert cohen(table).se == pytest.approx(0.04597, abs=5e-6)
    assert cohen(table, weighting="linear").value == pytest.approx(0.40681, abs=5e-6)
    assert cohen(table, weighting="quadratic").value == pytest.approx(0.38319, abs=5e-6)


def two_raters(table: list[list[int]]) -> list[list[int | None]]:
    return [[i, j] for i, row in enumerate(table) for j, c in enumerate(row) for _ in range(c)]


def test_ac1_of_a_table_of_two_raters():
    table = [[40, 4, 4, 17], [6, 25, 2, 13], [4, 1, 21, 12], [15, 5, 9, 45]]
    result = agreement(two_raters(table), resamples=0)
    assert result.gwet_ac1.value == pytest.approx(0.45616, abs=5e-6)
    assert result.gwet_ac1.lower is None


def test_the_paradox_of_kappa_shows_all_three_figures():
    ratings = two_raters([[118, 5], [2, 0]])
    result = agreement(ratings)
    assert result.raw_agreement == pytest.approx(0.944)
    assert result.gwet_ac1.value == pytest.approx(0.9408, abs=5e-5)
    (pair,) = pair_kappas(read_ratings(ratings))
    assert pair.value == pytest.approx(-0.0234, abs=5e-5)
    assert pair.units == 125
    assert result.state == "skewed"


def test_one_category_has_raw_agreement_and_nothing_else():
    result = agreement([["good", "good"]] * 20)
    assert result.state == "one-category"
    assert result.raw_agreement == 1
    assert result.krippendorff_alpha.value is None
    assert result.gwet_ac1.value is None
    assert result.fleiss_kappa is None
    assert result.brennan_prediger is None


def test_one_rater_or_no_shared_unit_has_no_agreement_at_all():
    for table in ([["a"], ["b"]], [["a", None], [None, "b"]]):
        result = agreement(table)
        assert result.state == "no-overlap"
        assert result.raw_agreement is None
        assert result.krippendorff_alpha.value is None


def test_one_shared_unit_has_values_and_no_intervals():
    result = agreement([["a", "b"], ["a", None]])
    assert result.state == "one-unit"
    assert result.raw_agreement == 0
    assert result.krippendorff_alpha.lower is None


def test_a_mapping_of_named_raters_is_the_same_table():
    table = example()
    named = {
        f"unit {u}": {f"rater {r}": x for r, x in enumerate(row)} for u, row in enumerate(table)
    }
    assert agreement(named, resamples=100) == agreement(table, resamples=100)


def test_an_array_with_nan_is_the_same_table():
    floats = np.array([[math.nan if x is None else x for x in row] for row in example()])
    assert agreement(floats, resamples=100) == agreement(example(), resamples=100)
    halves = read_ratings(floats / 2)
    assert krippendorff_alpha(halves, level="interval") == pytest.approx(0.849107, abs=5e-7)


def test_many_labels_and_raters_count_alike_however_they_are_packed():
    """41 labels by 5 raters are too many patterns to number; alpha by the definition."""
    rng = np.random.default_rng(0)
    table = rng.integers(0, 41, (60, 5)).astype(float)
    table[:, 1:3] = table[:, :1]
    table[rng.random(table.shape) < 0.3] = np.nan
    observed, pairs, values = 0.0, 0, []
    for row in table:
        given = row[~np.isnan(row)]
        if given.size < 2:
            continue
        values.extend(given)
        observed += ((given[:, None] - given[None, :]) ** 2).sum() / (given.size - 1)
        pairs += given.size
    everything = np.array(values)
    expected = ((everything[:, None] - everything[None, :]) ** 2).sum() / (pairs - 1)
    alpha = krippendorff_alpha(read_ratings(table), level="interval")
    assert alpha == pytest.approx(1 - observed / expected)


def test_units_with_a_single_rating_change_no_interval_of_alpha():
    alone = [[1, None, None, None], [None, 2, None, None], [None, None, 3, None]] * 20
    paired = example()[:11]
    mixed, plain = agreement(paired + alone), agreement(paired)
    assert mixed.krippendorff_alpha == plain.krippendorff_alpha
    assert mixed.units == 71


def test_cohens_kappa_above_nominal_goes_by_the_values():
    """Squared gaps over the widest, 9: 1 and 2 are 1/81 apart, 2 and 10 64/81. Two of eight
    pairs are 1 and 2; both raters' shares are 3/8, 3/8 and 2/8."""
    table = read_ratings([[1, 1], [1, 1], [2, 2], [2, 2], [10, 10], [10, 10], [1, 2], [2, 1]])
    (nominal,) = pair_kappas(table)
    (interval,) = pair_kappas(table, level="interval")
    (ordinal,) = pair_kappas(table, level="ordinal")
    assert nominal.value == pytest.approx((0.75 - 22 / 64) / (1 - 22 / 64))
    near, far, most = 1 / 81, 64 / 81, 1.0
    chance = 2 * (9 * near + 6 * most + 6 * far) / 64
    assert interval.value == pytest.approx(1 - 2 / 8 * near / chance)
    # ordinal: two labels apart by one lose 1/3, by two 1: (2 choose 2)/(3 choose 2)
    chance = 2 * (9 / 3 + 6 + 6 / 3) / 64
    assert ordinal.value == pytest.approx(1 - 2 / 8 / 3 / chance)
    with pytest.raises(StatisticsError, match="need ratings that are numbers"):
        pair_kappas(read_ratings([["good", "bad"]]), level="ordinal")
    with pytest.raises(StatisticsError, match="as many values"):
        cohen([[1, 0], [0, 1]], values=np.array([2.0, 1.0]))


def test_each_rater_against_the_rest():
    ratings = read_ratings([["a", "a", "b"], ["a", "a", None], ["b", "b", "a"], [None, "a", None]])
    first, second, third = rater_agreement(ratings)
    # shares of the others who gave the same: 1/2, 1, 1/2
    assert (first.ratings, first.agreement) == (3, pytest.approx(2 / 3))
    assert (second.ratings, second.agreement) == (4, pytest.approx(2 / 3))
    assert (third.ratings, third.agreement) == (2, 0)


@pytest.mark.parametrize(
    ("table", "level", "says"),
    [
        ([], "nominal", "no ratings"),
        ([["a", "b"], ["a"]], "nominal", "unit 1 has 1 ratings, the first has 2"),
        ([["a", 1]], "nominal", "mix text and numbers"),
        ([["good", "bad"]], "ordinal", "need ratings that are numbers"),
        ([[1, -1]], "ratio", "0 or more"),
        ([[1, 2]], "cardinal", "none of nominal"),
        (np.array([[1.0, np.inf]]), "interval", "infinite"),
    ],
)
def test_bad_input_is_named(table, level, says):
    with pytest.raises(StatisticsError, match=says):
        agreement(table, level=level)


tables = st.lists(
    st.lists(st.sampled_from([None, 1, 2, 3]), min_size=3, max_size=3), min_size=2, max_size=15
)


@settings(max_examples=40, deadline=None)
@given(tables, st.randoms(use_true_random=False), st.sampled_from(["nominal", "ordinal"]))
def test_the_order_of_units_and_the_names_of_raters_change_nothing(table, random, level):
    columns = [0, 1, 2]
    random.shuffle(columns)
    moved = [[row[c] for c in columns] for row in table]
    random.shuffle(moved)
    assert agreement(moved, level=level, resamples=50) == agreement(
        table, level=level, resamples=50
    )


@settings(max_examples=40, deadline=None)
@given(tables)
def test_renaming_the_labels_of_a_nominal_scale_changes_no_coefficient(table):
    renamed = [[None if x is None else {1: "z", 2: "k", 3: "a"}[x] for x in row] for row in table]
    before, after = agreement(table, resamples=0), agreement(renamed, resamples=0)
    assert before.krippendorff_alpha.value == pytest.approx(after.krippendorff_alpha.value)
    assert before.gwet_ac1.value == pytest.approx(after.gwet_ac1.value)
    assert before.state == after.state
