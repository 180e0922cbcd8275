"""Exchanging the arms of an item."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalhub.stats.permutation import mcnemar_mid_p, sign_flip

DARWIN = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]


def by_enumeration(differences: list[float]) -> float:
    sums = [
        abs(sum(s * d for s, d in zip(signs, differences, strict=True)))
        for signs in product((1, -1), repeat=len(differences))
    ]
    observed = abs(sum(differences))
    return sum(s >= observed - 1e-9 for s in sums) / len(sums)


def test_mcnemar_on_one_against_seven():
    """Exact: 2(1 + 8)/2^8 = .0703. Mid-p takes off P(1) = 8/2^8: .0391."""
    assert sign_flip(np.r_[1.0, -np.ones(7)])[0] == pytest.approx(18 / 256)
    assert mcnemar_mid_p(1, 7) == pytest.approx(10 / 256)


def test_nothing_discordant_is_no_evidence():
    assert sign_flip(np.zeros(9))[0] == 1
    assert mcnemar_mid_p(0, 0) == 1
    assert mcnemar_mid_p(9, 9) == 1


def test_darwins_maize():
    """Fisher 1935: 863 of 32768 sign patterns reach the sum on one side, 1726 on both."""
    p, name = sign_flip(np.array(DARWIN, dtype=float))
    assert p == pytest.approx(1726 / 32768, abs=1e-12)
    assert name == "sign-flip, exact"


def test_ternary_differences_give_the_exact_mcnemar():
    differences = np.r_[np.ones(15), -np.ones(25), np.zeros(60)]
    assert sign_flip(differences)[0] == pytest.approx(0.15386, abs=5e-6)


def test_a_tiny_p_value_survives_the_transform():
    assert sign_flip(np.ones(60))[0] <= 1e-12


def test_sizes_without_a_common_unit_are_flipped_at_random_from_a_seed():
    rng = np.random.default_rng(0)
    differences = rng.normal(0.4, 1, 14)
    p, name = sign_flip(differences)
    assert name == "sign-flip, 9,999 random flips"
    assert p == pytest.approx(by_enumeration(differences.tolist()), abs=0.015)
    assert sign_flip(differences[::-1])[0] == p
    assert sign_flip(-differences)[0] == p


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(-6, 6), min_size=1, max_size=10))
def test_the_lattice_agrees_with_enumeration(differences):
    p, name = sign_flip(np.array(differences) / 4)
    assert name == "sign-flip, exact"
    assert p == pytest.approx(by_enumeration(differences), abs=1e-9)
