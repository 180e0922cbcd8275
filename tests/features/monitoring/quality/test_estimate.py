"""People's preference for today's answers, by a judge of all pairs and people on some."""

from dataclasses import replace

import numpy as np
import pytest

from evalhub.features.monitoring.quality.estimate import (
    ComparedPair,
    estimate_window,
    people_score,
)
from evalhub.stats.errors import StatisticsError
from evalhub.stats.ppi import powered_mean


def pairs_of(
    people: int, judged_only: int, *, wins: float = 0.6, agrees: float = 0.8, seed: int = 3
) -> list[ComparedPair]:
    """Pairs of one user each, of which people labelled the first ones."""
    draws = np.random.default_rng(seed).random((people + judged_only, 2))
    labels = [float(draw < wins) for draw in draws[:, 0]]
    judged = [
        label if draw < agrees else 1 - label
        for label, draw in zip(labels, draws[:, 1], strict=True)
    ]
    return [
        ComparedPair(verdict, label if number < people else None, f"user-{number}")
        for number, (label, verdict) in enumerate(zip(labels, judged, strict=True))
    ]


def test_it_is_ppi_plus_plus_where_all_answers_differ() -> None:
    pairs = pairs_of(200, 800)
    people = [pair.people for pair in pairs[:200] if pair.people is not None]
    judged = [pair.judged for pair in pairs]
    mean = powered_mean(people, judged[:200], judged[200:])
    estimate = estimate_window(pairs, same=0)
    assert estimate.value == pytest.approx(mean.value)
    assert estimate.se == pytest.approx(mean.se, rel=0.02)  # Student's t instead of z
    assert (estimate.labels, estimate.pairs) == (200, 1000)
    assert estimate.as_labels > 200


def test_answers_that_read_the_same_are_ties() -> None:
    """With p of the pairs different and their win score w: 1/2 + p(w - 1/2), and the variance
    p² var(w) + (w - 1/2)² p(1 - p)/N."""
    pairs = pairs_of(100, 400)
    whole, half = estimate_window(pairs, same=0), estimate_window(pairs, same=500)
    lead = whole.value - 0.5
    assert half.value == pytest.approx(0.5 + lead / 2)
    assert half.se**2 == pytest.approx(whole.se**2 / 4 + lead**2 * 0.25 / 1000)


def test_a_judge_that_likes_one_version_is_corrected_by_people() -> None:
    """It says 0.9, people half; the judge's marks alone would be an alarm's opposite."""
    labels = [float(number % 2) for number in range(1000)]
    judged = [max(label, float(number % 10 < 8)) for number, label in enumerate(labels)]
    pairs = [
        ComparedPair(verdict, label if number < 200 else None, f"user-{number}")
        for number, (label, verdict) in enumerate(zip(labels, judged, strict=True))
    ]
    assert np.mean(judged) == pytest.approx(0.9)
    estimate = estimate_window(pairs, same=0)
    assert abs(estimate.value - 0.5) < 2 * estimate.se


def test_pairs_of_one_user_say_less() -> None:
    alone = pairs_of(100, 400)
    shared = [replace(pair, user=f"user-{number // 5}") for number, pair in enumerate(alone)]
    assert estimate_window(shared, same=0).se > estimate_window(alone, same=0).se


def test_fewer_than_fifty_labels_say_nothing() -> None:
    with pytest.raises(StatisticsError, match="49 human labels are too few"):
        estimate_window(pairs_of(49, 400), same=0)


def test_two_good_answers_are_a_tie() -> None:
    assert people_score(["candidate", "both-bad"]) == 0.75
    assert people_score(["tie"]) == 0.5
