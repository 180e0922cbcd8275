"""What a planned review can show, by as many people as there will be."""

import math

import numpy as np
import pytest
from scipy.stats import norm

from evalhub.stats.errors import StatisticsError
from evalhub.stats.power_review import PlannedReview, review_detects, review_items, review_power
from evalhub.stats.preference import win_score

RUNS = 300


def test_a_crowd_that_leans_nowhere_has_the_usual_power() -> None:
    """(1.959964 + .841621)² · (.25 − .06²)/.06² = 537.2 judgments, 2 an item; with t(n − 1) two
    more. Of three of which two correlate by .3, 1.6 times as many judgments."""
    crowd = PlannedReview(100_000, lean=0)
    assert review_items(0.56, crowd) == pytest.approx(538, abs=3)
    three = PlannedReview(100_000, 3, correlation=0.3, lean=0)
    assert review_items(0.56, three) == pytest.approx(1.6 * 537.2 / 3, abs=3)


def test_two_people_can_show_nothing_however_many_items_they_judge() -> None:
    two = PlannedReview(2, 2, ties=0.25, correlation=0.3)
    assert review_items(0.75, two) is None
    assert review_detects(10_000, two) is None
    assert review_power(10_000, 0.65, two) < 0.4


def test_more_people_show_more_with_the_same_items() -> None:
    found = [
        review_detects(200, PlannedReview(people, 2, ties=0.25, correlation=0.3))
        for people in (3, 5, 10, 20)
    ]
    assert None not in found
    assert found == sorted(found, reverse=True)
    assert found[0] > 0.7 > 0.6 > found[-1]


def test_what_is_shown_needs_that_many_items() -> None:
    review = PlannedReview(6, 2, ties=0.25, correlation=0.3)
    score = review_detects(150, review)
    items = review_items(score, review)
    assert items <= 150
    assert review_power(items, score, review) >= 0.8 > review_power(items - 2, score, review)


@pytest.mark.parametrize(("people", "score"), [(2, 0.75), (3, 0.65), (5, 0.62), (10, 0.6)])
def test_the_promise_is_kept_in_simulation(people, score) -> None:
    """Latent preferences: items share .45 of the variance, which gives judgments of one item a
    correlation of about .3; people lean by .07 in win scores; a quarter of judgments are ties."""
    review = PlannedReview(people, 2, ties=0.25, correlation=0.3)
    rng = np.random.default_rng(people)
    middle = norm.ppf((score - 0.125) / 0.75)
    slope = 0.75 * norm.pdf(middle)
    items = np.repeat(np.arange(150), 2)
    shown = 0
    for _ in range(RUNS):
        who = np.concatenate([rng.permutation(people)[:2] for _ in range(150)])
        taste = rng.normal(0, 0.07, people)[who] / slope
        own = rng.normal(0, math.sqrt(0.45), 150)[items] + rng.normal(0, math.sqrt(0.55), 300)
        won = np.where(middle + taste + own > 0, "candidate", "baseline")
        choices = np.where(rng.random(300) < 0.25, "tie", won).tolist()
        shown += win_score(choices, items=items.tolist(), raters=who.tolist()).lower > 0.5
    promised = review_power(150, score, review)
    assert shown / RUNS == pytest.approx(promised, abs=0.05 + 2 * math.sqrt(0.25 / RUNS))


def test_what_cannot_be_planned_is_refused() -> None:
    with pytest.raises(StatisticsError, match="2 people can't give 3 judgments an item"):
        PlannedReview(2, 3)
    with pytest.raises(StatisticsError, match="deviation of 0 or more"):
        PlannedReview(3, lean=-1)
