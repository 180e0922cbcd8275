"""Strengths of several arms."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalhub.stats.bradley_terry import strengths
from evalhub.stats.errors import StatisticsError

# Stigler 1994, citations between four statistics journals: row cited by column
JOURNALS = [[0, 730, 498, 221], [33, 0, 68, 17], [320, 813, 0, 142], [284, 276, 325, 0]]
# Davidson 1970, six chocolate puddings: pair: wins of the first/of the second/ties
PUDDINGS = """12:19/22/16 13:16/19/12 23:19/19/10 14:18/23/13 24:23/19/9 34:19/20/15
15:13/19/18 25:16/20/12 35:16/15/17 45:17/14/16 16:18/21/12 26:22/20/12 36:13/18/10
46:14/19/18 56:11/21/12"""


def test_stiglers_journals():
    rows = [(i, j, JOURNALS[i][j]) for i in range(4) for j in range(4) if i != j]
    first, second, counts = zip(*rows, strict=True)
    fit = strengths(first, second, ["first"] * len(rows), counts=counts, reference=0)
    expected = {1: (-2.9491, 0.1025), 2: (-0.4796, 0.0606), 3: (0.2690, 0.0708)}
    for journal, (value, se) in expected.items():
        assert fit.strengths[journal].value == pytest.approx(value, abs=5e-5)
        assert fit.strengths[journal].se == pytest.approx(se, abs=5e-5)
    assert fit.strengths[0].value == 0
    assert fit.nu == 0


def test_two_arms_with_ties_in_closed_form():
    """W/T/L 45/20/35: theta = ln(45/35), nu = 20/sqrt(45*35)."""
    fit = strengths(
        ["a"] * 3, ["b"] * 3, ["first", "tie", "second"], counts=[45, 20, 35], reference="b"
    )
    assert fit.strengths["a"].value == pytest.approx(0.25131, abs=5e-6)
    assert fit.nu == pytest.approx(0.50395, abs=5e-6)
    assert fit.win_score("a", "b") == pytest.approx(0.45 + 0.20 / 2)
    assert fit.win_score("b", "a") == pytest.approx(0.35 + 0.20 / 2)


def test_the_errors_of_two_arms_with_ties_in_closed_form():
    """With three outcomes and two parameters the fit is exact: theta = ln W - ln L has the
    variance 1/W + 1/L of two multinomial counts."""
    fit = strengths(
        ["a"] * 3, ["b"] * 3, ["first", "tie", "second"], counts=[45, 20, 35], reference="b"
    )
    assert fit.strengths["a"].se == pytest.approx(math.sqrt(1 / 45 + 1 / 35))
    # ln nu = ln T - (ln W + ln L)/2
    assert fit.covariance[1, 1] == pytest.approx(1 / 20 + (1 / 45 + 1 / 35) / 4)


def puddings() -> tuple[list[str], list[str], list[str], list[int]]:
    rows = []
    for word in PUDDINGS.split():
        (i, j), counts = word.split(":")[0], word.split(":")[1].split("/")
        for outcome, count in zip(("first", "second", "tie"), counts, strict=True):
            rows.append((i, j, outcome, int(count)))
    return tuple(map(list, zip(*rows, strict=True)))


def test_davidsons_puddings():
    first, second, outcomes, counts = puddings()
    fit = strengths(first, second, outcomes, counts=counts)
    worth = np.exp([fit.strengths[p].value for p in "123456"])
    assert worth / worth.sum() == pytest.approx(
        [0.1388, 0.1730, 0.1617, 0.1654, 0.1587, 0.2024], abs=5e-5
    )
    assert fit.nu == pytest.approx(0.7468, abs=5e-5)
    assert fit.log_likelihood == pytest.approx(-809.7095, abs=5e-5)


def test_both_bad_is_modelled_as_a_tie_and_counted_apart():
    outcomes = ["first"] * 5 + ["second"] * 3 + ["tie"] * 2 + ["both-bad"] * 4
    fit = strengths(["a"] * 14, ["b"] * 14, outcomes, reference="b")
    assert (fit.ties, fit.both_bad, fit.judgments) == (2, 4, 14)
    assert fit.nu == pytest.approx(6 / math.sqrt(15))


def judged(seed: int, n: int, side: float) -> tuple[list[str], np.ndarray]:
    """Judgments of an arm of strength .4 whose side counts for `side`."""
    rng = np.random.default_rng(seed)
    left = rng.choice([1.0, -1.0], n)
    won = rng.random(n) < 1 / (1 + np.exp(-(0.4 + side * left)))
    return ["first" if w else "second" for w in won], left


def test_a_side_term_measures_a_liking_for_the_left():
    outcomes, left = judged(0, 4000, 0.5)
    fit = strengths(["c"] * 4000, ["b"] * 4000, outcomes, terms={"left": left}, reference="b")
    assert fit.terms["left"].value == pytest.approx(0.5, abs=3 * fit.terms["left"].se)
    assert fit.strengths["c"].value == pytest.approx(0.4, abs=3 * fit.strengths["c"].se)
    assert fit.terms["left"].lower > 0.3


def test_flipping_every_side_flips_the_side_term_alone():
    outcomes, left = judged(1, 400, 0.5)
    options = {"reference": "b"}
    once = strengths(["c"] * 400, ["b"] * 400, outcomes, terms={"left": left}, **options)
    flipped = strengths(["c"] * 400, ["b"] * 400, outcomes, terms={"left": -left}, **options)
    assert flipped.terms["left"].value == pytest.approx(-once.terms["left"].value)
    assert flipped.strengths["c"].value == pytest.approx(once.strengths["c"].value)


def test_repeating_every_judgment_leaves_the_clustered_error_alone():
    outcomes, _ = judged(2, 200, 0)
    items = list(range(200))
    once = strengths(["c"] * 200, ["b"] * 200, outcomes, clusters=items, reference="b")
    twice = strengths(["c"] * 400, ["b"] * 400, outcomes * 2, clusters=items * 2, reference="b")
    naive = strengths(["c"] * 400, ["b"] * 400, outcomes * 2, reference="b")
    assert twice.strengths["c"].se == pytest.approx(once.strengths["c"].se)
    assert naive.strengths["c"].se == pytest.approx(once.strengths["c"].se / 2**0.5, rel=0.01)


def test_an_arm_that_never_lost_has_no_finite_strength():
    fit = strengths(["a", "a", "b"], ["b", "c", "c"], ["first", "first", "tie"])
    assert fit.state == "unbounded"
    assert fit.strengths == {}


def test_arms_that_never_met_cannot_be_ranked():
    fit = strengths(
        ["a", "a", "c", "c"], ["b", "b", "d", "d"], ["first", "second", "first", "second"]
    )
    assert fit.state == "unconnected"


def test_a_side_that_always_won_has_no_finite_term():
    outcomes = ["first", "second"] * 30
    left = [1.0, -1.0] * 30
    fit = strengths(["c"] * 60, ["b"] * 60, outcomes, terms={"left": left}, reference="b")
    assert fit.state == "unbounded"


@settings(max_examples=25, deadline=None)
@given(st.permutations("123456"))
def test_renaming_the_arms_renames_the_strengths(names):
    new = dict(zip("123456", names, strict=True))
    first, second, outcomes, counts = puddings()
    fit = strengths(first, second, outcomes, counts=counts, reference="1")
    renamed = strengths(
        [new[a] for a in first],
        [new[a] for a in second],
        outcomes,
        counts=counts,
        reference=new["1"],
    )
    for arm in "123456":
        assert renamed.strengths[new[arm]].value == pytest.approx(fit.strengths[arm].value)
        assert renamed.strengths[new[arm]].se == pytest.approx(fit.strengths[arm].se)


@pytest.mark.parametrize(
    ("first", "second", "outcomes", "options", "says"),
    [
        ([], [], [], {}, "every judgment needs"),
        (["a"], ["b"], ["won"], {}, "unknown outcome 'won'"),
        (["a"], ["a"], ["tie"], {}, "another arm"),
        (["a", "b"], ["a", "c"], ["tie", "tie"], {}, "with itself"),
        (["a"], ["b"], ["tie"], {"reference": "z"}, "the reference 'z'"),
        (["a"], ["b"], ["tie"], {"terms": {"side": [math.nan]}}, "term 'side'"),
    ],
)
def test_bad_input_is_named(first, second, outcomes, options, says):
    with pytest.raises(StatisticsError, match=says):
        strengths(first, second, outcomes, **options)
