"""Several tests at once."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalhub.stats.errors import StatisticsError
from evalhub.stats.multiplicity import holm

# Benjamini and Hochberg 1995, section 3.2: fifteen tests of a heart-attack trial
TRIAL = [
    0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344,
    0.0459, 0.324, 0.4262, 0.5719, 0.6528, 0.759, 1.0,
]  # fmt: skip


def test_holm_of_four():
    """.005*4 = .02; .01*3 = .03; .03*2 = .06; .04*1 < .06 so .06."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_weights_are_shares_of_the_level():
    """By p/w the order is .01/2, .02/1; .01·3/2 = .015, then .02·1/1."""
    assert holm([0.02, 0.01], [1, 2]) == pytest.approx([0.02, 0.015])
    assert holm([0.01, 0.04, 0.03, 0.005], [3] * 4) == pytest.approx([0.03, 0.06, 0.06, 0.02])


@pytest.mark.parametrize("weights", [[1.0], [1.0, 0.0]])
def test_each_p_value_needs_a_weight(weights):
    with pytest.raises(StatisticsError, match="weight"):
        holm([0.1, 0.2], weights)


def test_the_heart_attack_trial():
    assert np.count_nonzero(holm(TRIAL) <= 0.05) == 3


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_holm_is_never_below_the_raw_value(p):
    assert np.all(holm(p) >= np.array(p) - 1e-15)
    assert np.all(holm(p) <= 1)


def test_no_tests_no_values():
    assert holm([]).size == 0


@pytest.mark.parametrize("p", [[0.1, float("nan")], [1.2], [-0.1]])
def test_what_is_no_p_value_is_refused(p):
    with pytest.raises(StatisticsError, match="between 0 and 1"):
        holm(p)
