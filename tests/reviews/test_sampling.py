"""Which items people are asked about."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviews.sampling import allocate, stratified

SIZES = st.dictionaries(st.text(max_size=3), st.integers(1, 50), min_size=1, max_size=6)


@given(SIZES, st.integers(0, 400))
def test_every_place_is_given_and_none_beyond_a_stratum(sizes: dict[str, int], n: int) -> None:
    places = allocate(sizes, n)
    total = sum(sizes.values())
    assert sum(places.values()) == min(n, total)
    for name, size in sizes.items():
        assert 0 <= places[name] <= size
        assert abs(places[name] - min(n, total) * size / total) < 1


def test_largest_remainders_take_the_places_left_over() -> None:
    # 10 · (47, 16, 37)/100 = 4.7, 1.6, 3.7: floors 4, 1, 3; two places to the two of .7
    assert allocate({"a": 47, "b": 16, "c": 37}, 10) == {"a": 5, "b": 1, "c": 4}


def test_a_negative_sample_is_refused() -> None:
    with pytest.raises(ValueError, match="use 0 or more"):
        allocate({"a": 1}, -1)


def test_each_stratum_is_sampled_in_proportion() -> None:
    keys = [f"k{i}" for i in range(90)]
    strata = ["rare" if i % 3 == 0 else "common" for i in range(90)]
    drawn = stratified(keys, strata, n=30, seed=1)
    of = dict(zip(keys, strata, strict=True))
    assert Counter(of[key] for key in drawn) == {"rare": 10, "common": 20}
    assert len(set(drawn)) == 30


def test_the_sample_follows_the_seed_and_not_the_order_of_the_file() -> None:
    keys = [f"k{i}" for i in range(40)]
    strata = ["x", "y"] * 20
    drawn = stratified(keys, strata, n=10, seed=1)
    assert stratified(keys[::-1], strata[::-1], n=10, seed=1) == drawn
    assert stratified(keys, strata, n=10, seed=2) != drawn


def test_every_key_is_drawn_equally_often_over_seeds() -> None:
    keys = [f"k{i}" for i in range(10)]
    times = Counter(
        key for seed in range(2000) for key in stratified(keys, [""] * 10, n=3, seed=seed)
    )
    # each is binomial(2000, .3): mean 600, standard deviation 20.5
    assert all(abs(times[key] - 600) < 5 * 20.5 for key in keys)


def test_fewer_items_than_asked_for_are_all_drawn() -> None:
    assert sorted(stratified(["b", "a"], ["", ""], n=5, seed=0)) == ["a", "b"]
