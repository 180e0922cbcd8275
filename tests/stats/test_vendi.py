"""The Vendi score of kernels whose eigenvalues are known by hand."""

import math

import numpy as np
import pytest

from evalhub.stats.errors import StatisticsError
from evalhub.stats.vendi import vendi_score


@pytest.mark.parametrize(
    ("similarities", "score"),
    [
        # nothing alike: four eigenvalues of 1/4
        (np.eye(4), 4.0),
        # all the same: one eigenvalue of 1
        (np.ones((4, 4)), 1.0),
        # two pairs of the same: two eigenvalues of 1/2
        (np.kron(np.eye(2), np.ones((2, 2))), 2.0),
        # (1 + 3/2)/4 = 5/8 and three times (1 − 1/2)/4 = 1/8:
        # exp(−5/8 ln 5/8 − 3/8 ln 1/8) = exp(1.07353…)
        (np.full((4, 4), 0.5) + np.eye(4) / 2, 2.92573),
    ],
)
def test_the_four_reference_values(similarities, score):
    assert vendi_score(similarities) == pytest.approx(score, abs=5e-6)


def test_it_grows_with_n_at_the_same_similarity():
    """With ρ = .5 the largest eigenvalue is (1 + ρ(n − 1))/n, the others (1 − ρ)/n."""

    def by_hand(n: int) -> float:
        first, other = (1 + (n - 1) / 2) / n, 1 / 2 / n
        return math.exp(-first * math.log(first) - (n - 1) * other * math.log(other))

    scores = [vendi_score(np.full((n, n), 0.5) + np.eye(n) / 2) for n in (4, 40, 400)]
    assert scores == pytest.approx([by_hand(n) for n in (4, 40, 400)])
    assert scores == sorted(scores)


def test_what_are_no_similarities_is_refused():
    with pytest.raises(StatisticsError, match="n by n"):
        vendi_score(np.ones((2, 3)))
    with pytest.raises(StatisticsError, match="with itself"):
        vendi_score(np.zeros((2, 2)))
