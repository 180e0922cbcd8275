"""Which items people are asked about."""

import time
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviews.planning.sampling import (
    ALIKE,
    BETTER,
    UNSCORED,
    WORSE,
    allocate,
    combine_strata,
    disagreement_strata,
    length_strata,
    sample_strata,
)

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
    drawn = sample_strata(keys, strata, n=30, seed=1)
    of = dict(zip(keys, strata, strict=True))
    assert Counter(of[key] for key in drawn) == {"rare": 10, "common": 20}
    assert len(set(drawn)) == 30


def test_the_sample_follows_the_seed_and_not_the_order_of_the_file() -> None:
    keys = [f"k{i}" for i in range(40)]
    strata = ["x", "y"] * 20
    drawn = sample_strata(keys, strata, n=10, seed=1)
    assert sample_strata(keys[::-1], strata[::-1], n=10, seed=1) == drawn
    assert sample_strata(keys, strata, n=10, seed=2) != drawn


def test_every_key_is_drawn_equally_often_over_seeds() -> None:
    keys = [f"k{i}" for i in range(10)]
    times = Counter(
        key for seed in range(2000) for key in sample_strata(keys, [""] * 10, n=3, seed=seed)
    )
    # each is binomial(2000, .3): mean 600, standard deviation 20.5
    assert all(abs(times[key] - 600) < 5 * 20.5 for key in keys)


def test_fewer_items_than_asked_for_are_all_drawn() -> None:
    assert sorted(sample_strata(["b", "a"], ["", ""], n=5, seed=0)) == ["a", "b"]


def test_near_copies_are_drawn_only_when_nothing_else_is_left() -> None:
    keys = [f"k{i}" for i in range(30)]
    groups = [0] * 20 + list(range(1, 11))  # twenty copies of one, ten others
    drawn = sample_strata(keys, [""] * 30, n=11, seed=5, groups=groups)
    assert len({groups[keys.index(key)] for key in drawn}) == 11
    assert len(sample_strata(keys, [""] * 30, n=30, seed=5, groups=groups)) == 30
    plain = sample_strata(keys, [""] * 30, n=11, seed=5)
    assert len({groups[keys.index(key)] for key in plain}) < 11


def test_which_of_the_near_copies_is_drawn_is_up_to_the_seed() -> None:
    keys = [f"k{i}" for i in range(8)]
    drawn = {sample_strata(keys, [""] * 8, n=1, seed=s, groups=[0] * 8)[0] for s in range(60)}
    assert drawn == set(keys)


def test_lengths_are_divided_into_equal_parts() -> None:
    lengths = {f"k{i:02}": i for i in range(40)}
    found = length_strata(lengths)
    assert Counter(found.values()) == {f"length {part} of 4": 10 for part in (1, 2, 3, 4)}
    assert found["k00"] == "length 1 of 4"
    assert found["k39"] == "length 4 of 4"


def test_items_of_one_length_stay_together() -> None:
    assert set(length_strata(dict.fromkeys("abcdef", 7)).values()) == {"length 4 of 4"}
    assert length_strata({}) == {}


def test_where_the_metric_tells_the_answers_apart_is_a_stratum() -> None:
    found = disagreement_strata({"a": 1, "b": 0, "c": 1, "d": None}, {"a": 1, "b": 1, "c": 0})
    assert found == {"a": ALIKE, "b": BETTER, "c": WORSE, "d": UNSCORED}


def test_strata_can_be_divided_again() -> None:
    found = combine_strata({"a": "sums", "b": ""}, {"a": "length 1 of 4", "b": "length 2 of 4"})
    assert found == {"a": "sums · length 1 of 4", "b": "length 2 of 4"}


def test_a_sample_of_a_hundred_thousand_items_takes_seconds() -> None:
    keys = [f"k{i}" for i in range(100_000)]
    started = time.process_time()
    drawn = sample_strata(keys, ["x", "y"] * 50_000, n=1000, seed=1, groups=list(range(100_000)))
    assert len(drawn) == 1000
    assert time.process_time() - started < 10
