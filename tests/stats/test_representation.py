"""Two shares beside each other: exact limits, users as clusters, a level for all parts, and how
many examples are lacking."""

import numpy as np
import pytest

from evalhub.stats.errors import StatisticsError
from evalhub.stats.intervals import clopper_pearson
from evalhub.stats.representation import needed_examples, represented_parts
from evalhub.stats.user_shares import user_share


def part(queries: int, of: int, examples: int, rows: int, *, level: float = 0.05, parts: int = 1):
    """One of several parts, of single users and single rows; the others are empty."""
    nothing = [np.zeros(of)] * (parts - 1), [np.zeros(rows)] * (parts - 1)
    return represented_parts(
        [np.arange(of) < queries, *nothing[0]],
        np.ones(of),
        [np.arange(rows) < examples, *nothing[1]],
        np.ones(rows),
        level=level,
    )[0]


def test_the_seeds_own_example_is_surely_under_represented():
    """60% of queries concern pricing, 10% of examples."""
    pricing = part(600, 1000, 50, 500)
    assert (pricing.production, pricing.share) == pytest.approx((0.6, 0.1))
    assert pricing.difference == pytest.approx(-0.5)
    assert pricing.is_under
    assert not pricing.is_missing
    assert (pricing.share_lower, pricing.share_upper) == pytest.approx(
        clopper_pearson(50, 500, alpha=0.025)
    )


def test_without_an_example_of_few_rows_that_may_be_chance():
    """Of 20 rows none is of a part of 5% with chance .95²⁰ = .36."""
    assert not part(50, 1000, 0, 20).is_missing
    assert part(50, 1000, 0, 400).is_missing


def test_a_sure_but_small_difference_is_no_finding():
    """Half a share less, for sure, isn't a half of it."""
    pricing = part(60_000, 100_000, 40_000, 100_000)
    assert pricing.lower > pricing.share_upper
    assert not pricing.is_under


def test_each_of_ten_parts_has_a_tenth_of_the_level():
    alone, of_ten = part(600, 1000, 50, 500), part(600, 1000, 50, 500, parts=10)
    assert of_ten.share_upper == pytest.approx(clopper_pearson(50, 500, alpha=0.0025)[1])
    assert of_ten.lower == pytest.approx(
        user_share(np.arange(1000) < 600, np.ones(1000), alpha=0.0025).lower
    )
    assert of_ten.lower < alone.lower


def test_requests_of_one_user_are_no_independent_ones():
    users = np.ones(50)
    of_few = represented_parts(
        [np.where(np.arange(50) < 30, 20.0, 0.0)],
        20 * users,
        [np.ones(100)],
        np.ones(100),
        level=0.05,
    )[0]
    alone = part(600, 1000, 100, 100)
    assert of_few.production == pytest.approx(0.6)
    assert of_few.upper - of_few.lower > 3 * (alone.upper - alone.lower)


def test_rows_of_one_source_are_no_independent_ones():
    requests = np.ones(1000)
    sources = np.full(20, 10.0)
    clustered = represented_parts(
        [np.arange(1000) < 600],
        requests,
        [np.where(np.arange(20) < 2, 10.0, 0.0)],
        sources,
        level=0.05,
    )[0]
    alone = part(600, 1000, 20, 200)
    assert clustered.examples == alone.examples
    assert clustered.share_upper > alone.share_upper


def test_examples_lacking_bring_a_part_to_its_share():
    """(10 + x)/(100 + x) = .6: x = 125."""
    assert needed_examples(0.6, 10, 100) == 125
    assert pytest.approx(0.6) == (10 + 125) / (100 + 125)
    assert needed_examples(0.1, 20, 100) == 0
    assert needed_examples(0.25, 0, 300) == 100


def test_a_small_file_lacks_the_share_of_the_fewest_that_guides_state():
    """Of 500 a tenth is 50, of which it has 4."""
    assert needed_examples(0.1, 4, 40, fewest=500) == 46


def test_of_a_part_that_is_all_of_production_as_many_are_lacking_as_others_are_there():
    assert needed_examples(1.0, 10, 100) == 90


def test_what_can_t_be_counted_is_refused():
    with pytest.raises(StatisticsError, match="no rows"):
        represented_parts([[1.0]], [1.0], [[0.0]], [0.0], level=0.05)
    with pytest.raises(StatisticsError, match="level"):
        represented_parts([[1.0]], [1.0], [[0.0]], [1.0], level=1.0)
    with pytest.raises(StatisticsError, match="share"):
        needed_examples(1.5, 0, 10)
