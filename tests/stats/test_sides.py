"""Sides and lengths."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalhub.stats.errors import StatisticsError
from evalhub.stats.sides import length_control, position_bias, self_consistency

FLIP = {"left": "right", "right": "left"}


def test_position_bias_is_the_share_of_chosen_sides_that_were_left():
    """Left chosen 7 of 8: the exact two-sided p is 2(1 + 8)/2^8."""
    choices = ["candidate"] * 4 + ["baseline"] * 4 + ["tie", "both-bad"]
    sides = ["left"] * 4 + ["right"] * 3 + ["left"] * 3
    bias = position_bias(choices, sides)
    assert (bias.left, bias.right) == (7, 1)
    assert bias.share_left == pytest.approx(0.875)
    assert bias.p_value == pytest.approx(18 / 256)


def test_a_better_candidate_alone_is_no_position_bias():
    bias = position_bias(["candidate"] * 100, ["left", "right"] * 50)
    assert bias.share_left == 0.5
    assert bias.p_value == 1


def test_ties_alone_say_nothing_of_position():
    bias = position_bias(["tie"] * 9, ["left"] * 9)
    assert bias.share_left is None
    assert (bias.lower, bias.upper, bias.p_value) == (0, 1, 1)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["candidate", "baseline", "tie"]), st.sampled_from(["left", "right"])
        ),
        min_size=1,
    )
)
def test_flipping_every_side_mirrors_the_share(rows):
    choices, sides = zip(*rows, strict=True)
    bias, flipped = position_bias(choices, sides), position_bias(choices, [FLIP[s] for s in sides])
    assert (bias.left, bias.right) == (flipped.right, flipped.left)
    assert bias.p_value == pytest.approx(flipped.p_value)
    assert bias.lower == pytest.approx(1 - flipped.upper, abs=1e-9)


def test_self_consistency_tells_side_followers_from_waverers():
    first = ["candidate", "candidate", "baseline", "tie", "tie", "candidate"]
    second = ["candidate", "baseline", "candidate", "both-bad", "candidate", "candidate"]
    result = self_consistency(first, second)
    assert (result.pairs, result.consistent, result.same_side, result.wavering) == (6, 3, 2, 1)
    assert result.share == 0.5
    assert result.lower < 0.5 < result.upper


def test_length_control_takes_away_what_length_alone_won():
    """Equal answers but for length: the longer wins more, and the candidate writes longer."""
    rng = np.random.default_rng(0)
    n = 3000
    candidate = np.exp(rng.normal(0.8, 0.5, n))
    baseline = np.exp(rng.normal(0, 0.5, n))
    won = rng.random(n) < 1 / (1 + np.exp(-np.log(candidate / baseline)))
    choices = ["candidate" if w else "baseline" for w in won]
    result = length_control(choices, candidate, baseline)
    assert result.raw == pytest.approx(won.mean())
    assert result.raw > 0.63
    assert result.lower < 0.5 < result.upper
    assert result.length.value == pytest.approx(np.log(candidate / baseline).std(), rel=0.15)


def test_length_control_with_sides_and_items():
    rng = np.random.default_rng(1)
    n = 400
    sides = ["left", "right"] * 200
    choices = rng.choice(["candidate", "baseline", "tie"], n, p=[0.5, 0.3, 0.2]).tolist()
    lengths = np.exp(rng.normal(0, 0.3, n))
    result = length_control(
        choices, lengths, np.ones(n), candidate_sides=sides, items=[i // 2 for i in range(n)]
    )
    assert result.state == "ok"
    assert result.controlled == pytest.approx(result.raw, abs=0.02)


def test_how_often_the_longer_was_chosen_is_counted_without_a_model():
    """Of six judgments two are ties or of one length; of the others the longer won three."""
    choices = ["candidate", "baseline", "candidate", "baseline", "tie", "candidate"]
    result = length_control(choices, [2, 1, 1, 1, 9, 5], [1, 2, 2, 3, 1, 5]).longer
    assert (result.judgments, result.share) == (4, 0.75)
    # Clopper and Pearson, 3 of 4 at 95%, as in any table: .1941 to .9937
    assert (result.lower, result.upper) == pytest.approx((0.1941, 0.9937), abs=5e-5)
    nothing = length_control(["tie", "tie", "tie"], [1, 2, 3], [1, 1, 1]).longer
    assert (nothing.judgments, nothing.share, nothing.lower, nothing.upper) == (0, None, 0.0, 1.0)


def test_a_candidate_that_never_lost_has_no_controlled_score():
    result = length_control(["candidate"] * 9, np.arange(1, 10), np.ones(9))
    assert result.state == "unbounded"
    assert (result.raw, result.controlled) == (1, None)


def test_bad_input_is_named():
    with pytest.raises(StatisticsError, match="unknown side 'top'"):
        position_bias(["tie"], ["top"])
    with pytest.raises(StatisticsError, match="unknown choice 'x'"):
        self_consistency(["x"], ["tie"])
    with pytest.raises(StatisticsError, match="positive length"):
        length_control(["tie", "tie"], [1, 0], [1, math.nan])
    with pytest.raises(StatisticsError, match="same length ratio"):
        length_control(["tie", "tie"], [2, 4], [1, 2])
