"""Items weighted to production's mix of tags."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalhub.decision.measuring import measure
from evalhub.decision.mix import item_weights
from evalhub.decision.requirements import Requirement
from evalhub.declare.declaration import DeclarationError, validate
from evalhub.declare.measured_on import Mix
from evalhub.stats.errors import StatisticsError


def test_weights_are_computed_by_hand() -> None:
    """Two of four items are rare, and production has a tenth: .1/(2/4) = .2 and .9/(2/4) = 1.8."""
    tags = [["rare"], ["usual", "long"], ["rare", "long"], ["usual"]]
    found = item_weights(tags, {"rare": 0.1, "usual": 0.9})
    assert found == pytest.approx([0.2, 1.8, 0.2, 1.8])
    assert found.mean() == pytest.approx(1.0)


def test_a_weighted_difference_is_that_of_production() -> None:
    """Rare items gain 1, usual ones nothing: .1·1 + .9·0, where the plain mean is a half."""
    tags = [["rare"], ["usual"]] * 50
    gained = np.array([1.0, 0.0] * 50)
    weights = item_weights(tags, {"rare": 0.1, "usual": 0.9})
    asked = Requirement("triage", "primary", "triage", "exact_match")
    found = measure(asked, np.zeros(100), gained, weights=weights, alpha=0.025, planned_gain=0.05)
    assert found.difference == pytest.approx(0.1)
    assert (found.wins, found.ties) == (50, 50)
    assert "weighted" in found.method


def test_weights_of_one_are_no_weights() -> None:
    rng = np.random.default_rng(2)
    base, tuned = rng.random(80), rng.random(80)
    asked = Requirement("triage", "primary", "triage", "score")
    plain = measure(asked, base, tuned, alpha=0.025, planned_gain=0.05)
    weighted = measure(asked, base, tuned, weights=np.ones(80), alpha=0.025, planned_gain=0.05)
    assert weighted.difference == pytest.approx(plain.difference)
    assert (weighted.lower, weighted.upper) == pytest.approx((plain.lower, plain.upper))


@pytest.mark.parametrize(
    ("tags", "mix", "says"),
    [
        ([["a"], ["c"]], {"a": 0.5, "b": 0.5}, "item 1 has none of them"),
        ([["a", "b"], ["b"]], {"a": 0.5, "b": 0.5}, "item 0 has 'a' and 'b'"),
        ([["a"], ["a"]], {"a": 0.8, "b": 0.2}, "production has 20% of 'b', and no item"),
    ],
)
def test_items_that_do_not_fit_the_mix_are_named(
    tags: list[list[str]], mix: dict[str, float], says: str
) -> None:
    with pytest.raises(StatisticsError, match=says):
        item_weights(tags, mix)


@pytest.mark.parametrize(
    ("mix", "says"),
    [
        ({"a": 0.8, "b": 0.3}, "the shares add up to 1.1, and must to 1"),
        ({"a": 1.2, "b": -0.2}, "field 'a': must be at most 1, not 1.2"),
        ({"a": 1.0, "b": 0.0}, "field 'b': must be above 0, not 0"),
        ({}, "is empty"),
    ],
)
def test_shares_that_are_none_of_a_whole_are_refused(mix: dict[str, float], says: str) -> None:
    with pytest.raises(DeclarationError, match=says):
        validate(Mix, mix)


@given(st.lists(st.sampled_from("abc"), min_size=3, max_size=40))
def test_the_tags_have_their_shares_whatever_the_order(found: list[str]) -> None:
    tags = ["a", "b", "c", *found]
    mix = {"a": 0.5, "b": 0.3, "c": 0.2}
    weights = item_weights([[tag] for tag in tags], mix)
    for tag, share in mix.items():
        held = sum(w for w, each in zip(weights, tags, strict=True) if each == tag)
        assert held / weights.sum() == pytest.approx(share)
