"""How far the next items will spread, and how many of them are enough."""

import math

import numpy as np
import pytest

from evalhub.stats.errors import StatisticsError
from evalhub.stats.power import paired_sample_size
from evalhub.stats.power_people import review_for
from evalhub.stats.power_spread import (
    Leaning,
    Spread,
    discordant_sd_at,
    items_for,
    power_for,
    spread_of,
)

Z = 1.959964


def known(sd: float) -> Spread:
    return Spread(sd, at_bound=sd)


def test_where_the_spread_is_known_it_is_the_usual_size() -> None:
    """.30²·(1.959964 + .841621)²/.02² = 1765.998."""
    assert items_for(0.02, known(0.3), due=Z) == paired_sample_size(0.3, 0.02) == 1766
    assert power_for(1766, 0.02, known(0.3), due=Z) == pytest.approx(0.8, abs=1e-3)


def test_a_spread_that_is_hardly_known_needs_more() -> None:
    """Julious and Owen (2006): √n·gap/s is the noncentral t's quantile at the power. With 10
    degrees of freedom around 1.96 that is 3.0766 where it is 2.8016 at known spread:
    by a factor of (3.0766/2.8016)² = 1.206."""
    exact, vague = known(0.3), Spread(0.3, at_bound=0.3, df=10.0)
    sizes = [items_for(0.02, each, due=Z) or 0 for each in (exact, vague)]
    rng = np.random.default_rng(1)
    t = (rng.normal(size=400_000) + Z) / np.sqrt(rng.chisquare(10, 400_000) / 10)
    quantile = float(np.quantile(t, 0.8))
    assert sizes[1] / sizes[0] == pytest.approx((quantile / (Z + 0.841621)) ** 2, rel=0.01)


def test_a_level_that_no_test_has_a_number_for_is_never_reached() -> None:
    """Beside a first stage with p = 1 the next items would have to show a z of 12, whose limits are
    endless: a chance of 0, and no number of items."""
    hardly = Spread(0.245, df=1.0, worst=3.0)
    assert [power_for(n, 0.05, hardly, due=12.3) for n in (1, 1000, 10**9)] == [0, 0, 0]
    assert items_for(0.05, hardly, due=12.3) is None
    assert power_for(1, 0.05, hardly, due=8.0) == 0


def test_variance_is_known_as_well_as_its_kurtosis_says() -> None:
    """Of n normal values it has about n − 1 degrees of freedom; with rare heavy ones far fewer."""
    rng = np.random.default_rng(2)
    zeros = np.zeros(2000)
    normal = spread_of(zeros, rng.normal(0, 0.3, 2000), bound=0.0)
    assert normal.df == pytest.approx(2000, rel=0.1)
    assert normal.sd == pytest.approx(0.3, rel=0.05)
    heavy = spread_of(zeros, -0.6 * (rng.random(2000) < 0.02) + rng.normal(0, 0.01, 2000), bound=0)
    assert heavy.df < 120
    assert heavy.skew > 3


def test_of_yes_no_scores_the_test_takes_the_spread_at_the_bound() -> None:
    """Tango (1998): 1 and 7 discordant of 21; at no difference both are 4, so sd² = 8/21."""
    assert discordant_sd_at(0.0, 1, 7, 21) ** 2 == pytest.approx(8 / 21)
    assert discordant_sd_at(-0.02, 0, 0, 100) ** 2 == pytest.approx(0.02 * 0.98)


def test_one_more_discordant_pair_than_was_seen_is_planned_with() -> None:
    """4 won and 4 lost of 100: variance .08·100/99, and 9/8 of it."""
    base, tuned = np.zeros(100), np.zeros(100)
    tuned[:4], base[4:8] = 1, 1
    found = spread_of(base, tuned, bound=-0.05)
    assert found.sd**2 == pytest.approx(0.08 * 100 / 99 * 9 / 8)
    assert math.isinf(found.df)


def test_clusters_are_counted_as_they_are() -> None:
    """Ten alike in a cluster are one: the spread is √10 times that of an item."""
    labels = np.repeat(np.arange(40), 10)
    scores = np.random.default_rng(3).normal(0, 0.3, 40)[labels]
    found = spread_of(np.zeros(400), scores, bound=0.0, clusters=labels)
    assert found.sd == pytest.approx(scores.std() * math.sqrt(10), rel=0.05)
    assert found.df <= 39


def test_more_judgments_do_not_take_away_that_people_lean() -> None:
    """Three who lean by .2 leave an error of .115, by which no .1 is told; with more people the
    number becomes finite, and no more than twice what a crowd would need."""
    spread = Spread(0.5, people=Leaning(3, 0.2, 2.0, 0.5))
    assert items_for(0.1, spread, due=Z) is None
    found = review_for(0.1, spread, due=Z)
    assert found is None or (found.only_by_more and found.people > 3)
    mild = review_for(0.1, Spread(0.5, people=Leaning(3, 0.05, 4.0, 0.5)), due=Z)
    assert mild is not None
    crowd = items_for(0.1, Spread(0.5), due=Z) or 0
    assert crowd < mild.judgments < 3 * crowd


def test_nothing_is_planned_for_no_gap_or_no_spread() -> None:
    for gap, sd in ((0.0, 0.3), (0.1, 0.0)):
        with pytest.raises(StatisticsError):
            power_for(10, gap, known(sd), due=Z)
