"""Figures of monitors of production. Pure."""

import math

import numpy as np
from numpy.typing import NDArray

from evalhub.report.charts.parts import Chart
from evalhub.stats.e_detector import change_evidence, change_since, threshold
from evalhub.stats.levels import ALPHA
from evalhub.stats.stability import stability
from evalhub.stats.two_sample_classifier import UserTexts, compare_texts
from tests.pictures.figures.drawn import Curve, Range, curves, intervals, percents
from tests.pictures.figures.made_up import SEED

REFERENCE, CHANGE, DAYS = 14, 60, 80
LOSS = 0.03
WHOLE = "{:.0f}".format


def step_evidence() -> Chart:
    """The sum of evidence day by day, with and without a change."""
    lines = []
    for label, loss, kind in (("no change", 0.0, "baseline"), ("3 points lost", LOSS, "candidate")):
        values, weekends = _days(loss)
        evidence = change_evidence(
            values, np.ones(DAYS), weekends, reference=REFERENCE, worse="lower"
        )
        points = [
            (float(day + 1), float(evidence.log_sums[day] / math.log(10)))
            for day in range(REFERENCE, DAYS)
        ]
        lines.append(Curve(label, points, kind))
    least = threshold(false_alarms_a_year=1, steps_a_year=365, streams=1)
    return curves(
        "Three points lost on day 61",
        "The sum of evidence, in powers of ten; an alarm for one false alarm a year",
        lines,
        along="days since the promotion",
        up="powers of ten",
        written=WHOLE,
        risen="{:.1f}".format,
        level=math.log10(least),
        level_label="alarm",
    )


def step_size() -> Chart:
    """The days since a change, as they grow, beside the reference."""
    values, weekends = _days(LOSS)
    rows = []
    for after in (2, 4, 7, 14):
        end = CHANGE + after
        change = change_since(
            values[:end],
            np.ones(end),
            weekends[:end],
            reference=REFERENCE,
            since=CHANGE,
            worse="lower",
        )
        rows.append(Range(f"{after} days", -change.estimate, None, -change.lower))
    return intervals(
        "Is what was lost more than the margin?",
        "The difference between the days since the change and the reference, with its end towards "
        "no loss: an alarm needs it beyond the margin",
        rows,
        along="difference of the share that passes",
        bound=-0.01,
        bound_label="margin",
    )


def stability_by_users() -> Chart:
    """The same shares, of users who ask once and of users who ask often."""
    rng = np.random.default_rng(SEED)
    before = np.array([0.3, 0.25, 0.2, 0.15, 0.1])
    after = np.array([0.24, 0.24, 0.2, 0.17, 0.15])
    rows = []
    for users, requests in ((2000, 1), (400, 5), (100, 20)):
        samples = [
            rng.multinomial(requests, rng.dirichlet(shares, users)) for shares in (before, after)
        ]
        result = stability(*samples, alpha=ALPHA)
        name = "request" if requests == 1 else "requests"
        rows.append(
            Range(f"{users} users, {requests} {name}", result.psi, result.lower, result.upper)
        )
    return intervals(
        "2,000 requests, then and now",
        "The stability index with its limits: the fewer users, the less it says, and the larger it "
        "is by chance",
        rows,
        along="stability index",
        written="{:.3f}".format,
    )


def text_classifier() -> Chart:
    """AUC as more users ask about something new."""
    rng = np.random.default_rng(SEED)
    rows = []
    for share in (0.0, 0.1, 0.3, 0.6):
        reference, recent = _texts(rng, 0, 0.0), _texts(rng, 300, share)
        result = compare_texts(reference, recent, permutations=99)
        rows.append(
            Range(f"{percents(share)} ask about it", result.auc, result.lower, result.upper)
        )
    return intervals(
        "Something new is asked about",
        "How well a classifier tells texts of 150 recent users from those of 150 of the reference",
        rows,
        along="AUC",
        middle=0.5,
        written="{:.2f}".format,
    )


def _days(loss: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Shares of answers that pass, by day, and which days are weekends."""
    rng = np.random.default_rng(SEED)
    weekends = (np.arange(DAYS) % 7 >= 5).astype(float)
    noise = rng.normal(0, 0.015, DAYS)
    return 0.9 - 0.01 * weekends + noise - loss * (np.arange(DAYS) >= CHANGE), weekends


def _texts(rng: np.random.Generator, first: int, share: float) -> list[UserTexts]:
    """One text of each of 300 users, of whom so many say one more word."""
    return [
        UserTexts(
            first + user,
            [
                [f"word{word}" for word in rng.integers(0, 40, 6)]
                + (["new"] if rng.random() < share else [])
            ],
        )
        for user in range(300)
    ]
