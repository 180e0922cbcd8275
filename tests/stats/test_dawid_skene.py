"""Raters' habits and units' likely labels without a known truth."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalhub.stats.dawid_skene import dawid_skene
from evalhub.stats.errors import StatisticsError

# Dawid and Skene 1979, table 1: 45 patients; observer 1 looked three times, 2 to 5 once
PATIENTS = """
1111111 3334334 1122122 2223121 2223222 2223322 1222111 3333433 2222223 2322223 4444444 2223343
1111111 2223212 1211111 1112111 1111111 1111111 2222221 2221322 2222222 2222221 2223222 2212222
1111111 1111111 2322222 1111111 1111111 1121121 1111111 3333233 1111111 2222222 2223232 4334343
2212232 2323233 3333432 1111111 1111111 1212111 2322222 1211111 2222222
"""
OBSERVER = [1, 1, 1, 2, 3, 4, 5]


def columns() -> tuple[list[int], list[int], list[int]]:
    rows = [
        (patient, OBSERVER[place], int(digit))
        for patient, word in enumerate(PATIENTS.split())
        for place, digit in enumerate(word)
    ]
    units, raters, labels = zip(*rows, strict=True)
    return list(units), list(raters), list(labels)


def test_the_anaesthetists():
    fit = dawid_skene(*columns())
    assert list(fit.prior.values()) == pytest.approx([0.3996, 0.4220, 0.1118, 0.0667], abs=5e-5)
    assert fit.log_likelihood == pytest.approx(-192.8909, abs=5e-5)
    assert fit.confusion[1][0] == pytest.approx([0.889, 0.111, 0, 0], abs=5e-4)
    assert fit.converged
    assert np.argmax(fit.posterior[10]) == 3


@settings(max_examples=10, deadline=None)
@given(st.permutations(range(315)))
def test_the_order_of_ratings_changes_nothing(order):
    shuffled = [[column[i] for i in order] for column in columns()]
    assert dawid_skene(*shuffled).log_likelihood == pytest.approx(-192.8909, abs=5e-5)


def test_a_rater_who_inverts_every_label_is_found_out():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 300)
    given = {r: np.where(rng.random(300) < 0.1, 1 - truth, truth) for r in ("a", "b", "c")}
    given["liar"] = 1 - truth
    rows = [(u, r, int(x)) for r, xs in given.items() for u, x in enumerate(xs)]
    fit = dawid_skene(*map(list, zip(*rows, strict=True)))
    assert fit.confusion["liar"][0, 1] > 0.95
    assert all((np.argmax(fit.posterior[u]) == truth[u]) for u in range(300))


@pytest.mark.parametrize(
    ("units", "raters", "labels", "says"),
    [
        ([], [], [], "needs a unit"),
        ([1], [1, 2], [1], "needs a unit"),
        ([1, 2], ["a", "a"], [0, 1], "two raters"),
        ([1, 1], ["a", "b"], [1, 1], "two labels"),
        ([1, 1], ["a", "b"], [1, "x"], "mix text and numbers"),
    ],
)
def test_bad_input_is_named(units, raters, labels, says):
    with pytest.raises(StatisticsError, match=says):
        dawid_skene(units, raters, labels)
