"""What people prefer."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalhub.stats.errors import StatisticsError
from evalhub.stats.preference import win_score


def test_ties_and_both_bad_are_half_a_win_and_counted_apart():
    choices = ["candidate"] * 6 + ["baseline"] * 2 + ["tie"] * 3 + ["both-bad"]
    result = win_score(choices, items=range(12), raters=["ann", "ben"] * 6)
    assert result.score == pytest.approx((6 + 4 / 2) / 12)
    assert (result.wins, result.losses, result.ties, result.both_bad) == (6, 2, 3, 1)
    assert (result.judgments, result.items, result.raters) == (12, 12, 2)
    assert result.lower < result.score < result.upper


def test_judgments_of_one_item_collapse_to_its_mean():
    """Items of equal size: the clustered error is that of the item means, t(G - 1).
    Means 1, 1, .5, 0, .5, 1 have mean 2/3, sd .40825; t(5) at .975 is 2.57058."""
    choices = "cc cc cb bb bc cc".replace(" ", "")
    names = {"c": "candidate", "b": "baseline"}
    result = win_score(
        [names[c] for c in choices], items=[i // 2 for i in range(12)], raters=["ann"] * 12
    )
    half = 2.57058 * 0.40825 / 6**0.5
    assert result.score == pytest.approx(2 / 3)
    assert result.lower == pytest.approx(2 / 3 - half, abs=2e-5)
    assert result.method == "clustered by item, t(5); says nothing of other raters"


def test_unanimous_judgments_are_not_certain():
    result = win_score(
        ["candidate"] * 20, items=[i // 2 for i in range(20)], raters=["a", "b"] * 10
    )
    assert result.score == 1
    assert result.upper == 1
    assert 0.6 < result.lower < 0.85


def test_raters_who_disagree_with_each_other_widen_the_interval():
    items = [i for i in range(40) for _ in range(4)]
    raters = [r for _ in range(40) for r in "abcd"]
    lean = {"a": "candidate", "b": "candidate", "c": "candidate", "d": "baseline"}
    split = win_score([lean[r] for r in raters], items=items, raters=raters)
    turned = ["baseline" if (i + k) % 4 == 0 else "candidate" for i in range(40) for k in range(4)]
    mixed = win_score(turned, items=items, raters=raters)
    assert split.score == mixed.score == 0.75
    assert split.upper - split.lower > 3 * (mixed.upper - mixed.lower)


def test_one_judgment_says_almost_nothing():
    result = win_score(["candidate"], items=["x"], raters=["ann"])
    assert result.lower < 0.25
    assert "there is one item" in result.method


@pytest.mark.parametrize(
    ("choices", "items", "says"),
    [
        ([], [], "no judgments"),
        (["candidate"], [1, 2], "1 choices, 2 items"),
        (["better"], [1], "unknown choice 'better'; use one of candidate, baseline"),
    ],
)
def test_bad_input_is_named(choices, items, says):
    with pytest.raises(StatisticsError, match=says):
        win_score(choices, items=items, raters=items)


judgments = st.lists(
    st.tuples(
        st.sampled_from(["candidate", "baseline", "tie", "both-bad"]),
        st.integers(0, 8),
        st.integers(0, 3),
    ),
    min_size=1,
    max_size=40,
)
SWAPPED = {"candidate": "baseline", "baseline": "candidate", "tie": "tie", "both-bad": "both-bad"}


@settings(max_examples=50, deadline=None)
@given(judgments, st.randoms(use_true_random=False))
def test_order_and_names_change_nothing_and_swapped_arms_mirror_the_score(rows, random):
    choices, items, raters = zip(*rows, strict=True)
    result = win_score(choices, items=items, raters=raters)
    assert 0 <= result.lower <= result.score <= result.upper <= 1
    assert result.upper - result.lower > 0.5 / len(rows)
    swapped = win_score([SWAPPED[c] for c in choices], items=items, raters=raters)
    assert swapped.score == pytest.approx(1 - result.score)
    assert swapped.lower == pytest.approx(1 - result.upper, abs=1e-9)
    shuffled = list(rows)
    random.shuffle(shuffled)
    choices, items, raters = zip(*shuffled, strict=True)
    again = win_score(choices, items=[f"item {i}" for i in items], raters=[-r for r in raters])
    assert again.lower == pytest.approx(result.lower, abs=1e-9)
    assert again.upper == pytest.approx(result.upper, abs=1e-9)


@pytest.mark.parametrize("raters", [1, 2, 4])
@pytest.mark.parametrize("better", [12, 20, 28])
def test_the_p_value_is_the_level_at_which_the_interval_leaves_one_half(better, raters):
    choices = ["candidate"] * better + ["tie"] * 4 + ["baseline"] * (36 - better)
    of = {"items": [i // 2 for i in range(40)], "raters": [i % raters for i in range(40)]}
    found = win_score(choices, **of)
    for p, end, sign in ((found.p_better, "lower", 1), (found.p_worse, "upper", -1)):
        if 0.001 < p < 0.49:
            outside = [
                sign * (getattr(win_score(choices, **of, alpha=alpha), end) - 0.5) >= 0
                for alpha in (p * 1.001, p * 0.999)
            ]
            assert outside == [True, False]


def test_a_judgment_counts_by_its_item_s_weight():
    """Items of weight 9, 1 and 1; the first is lost: (−9 + 1 + 1)/11, and (1 + that)/2 a score."""
    result = win_score(
        ["baseline", "candidate", "candidate"],
        items="abc",
        raters=["ann", "ben", "cleo"],
        weights=[9, 1, 1],
    )
    assert result.score == pytest.approx((1 - 7 / 11) / 2)
    assert (result.wins, result.losses) == (2, 1)


def test_equal_weights_change_no_number():
    choices = ["candidate", "candidate", "baseline", "tie"] * 15
    items, raters = [i // 2 for i in range(60)], ["ann", "ben"] * 30
    plain = win_score(choices, items=items, raters=raters)
    weighted = win_score(choices, items=items, raters=raters, weights=[2.5] * 60)
    assert (weighted.score, weighted.lower, weighted.upper) == pytest.approx(
        (plain.score, plain.lower, plain.upper)
    )
    assert weighted.method == f"weighted, {plain.method}"


def test_unequal_weights_widen_the_interval():
    choices = ["candidate", "baseline"] * 100
    raters = ["abcd"[i // 2 % 4] for i in range(200)]
    plain = win_score(choices, items=range(200), raters=raters)
    weights = [10.0 if i % 20 < 2 else 1.0 for i in range(200)]
    weighted = win_score(choices, items=range(200), raters=raters, weights=weights)
    assert weighted.upper - weighted.lower > 1.5 * (plain.upper - plain.lower)


def test_weights_that_are_not_above_0_are_refused():
    with pytest.raises(StatisticsError, match="weights must be positive"):
        win_score(["candidate"] * 2, items="ab", raters="ab", weights=[1, 0])
