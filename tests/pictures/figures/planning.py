"""Figures of how much is enough, and of looking early. Pure."""

import numpy as np

from evalhub.report.charts.parts import Chart
from evalhub.stats.bets import average_limits
from evalhub.stats.levels import POWER
from evalhub.stats.paired import variance_split
from evalhub.stats.power import (
    effort,
    minimum_detectable_effect,
    paired_power,
    sampled_sd,
)
from tests.pictures.figures.drawn import Curve, columns, curves, percents
from tests.pictures.figures.made_up import SEED
from tests.pictures.figures.verdicts import corrected

SD = 0.4
SIZES = range(50, 2001, 50)
ITEMS = "{:,.0f}".format


def power() -> Chart:
    """Power against items, of three gaps."""
    gaps = ((0.02, "baseline"), (0.03, "candidate"), (0.05, "ship dotted"))
    return curves(
        "Power of more items",
        "The smaller the gap, the more items it takes: a half of it takes four times as many",
        [
            Curve(f"gap {gap}", [(float(n), paired_power(n, SD, gap)) for n in SIZES], kind)
            for gap, kind in gaps
        ],
        along="items",
        up="power",
        written=ITEMS,
        risen=percents,
        level=POWER,
        level_label="80%",
    )


def mde() -> Chart:
    """What so many items would show."""
    points = [(float(n), minimum_detectable_effect(n, SD)) for n in SIZES[1:]]
    return curves(
        "The smallest difference that shows",
        "What is shown with a chance of 80%, of differences that deviate by 0.4",
        [Curve("difference", points)],
        along="items",
        up="difference",
        written=ITEMS,
    )


def hours() -> Chart:
    """Reviewers' hours by judgments an item."""
    counts = (1, 2, 3, 5)
    return columns(
        "Hours of a review of 300 items",
        "At 45 seconds a judgment",
        [str(each) for each in counts],
        [
            (
                "hours",
                "candidate",
                [
                    effort(300, judgments_per_item=count, seconds_per_judgment=45).hours
                    for count in counts
                ],
            )
        ],
        along="judgments an item",
        up="hours",
        written="{:.1f}".format,
    )


def samples() -> Chart:
    """More answers an item lessen one part of the variance alone."""
    rng = np.random.default_rng(SEED)
    hard = rng.uniform(0.2, 0.9, (300, 1))
    before = (rng.random((300, 6)) < hard).astype(float)
    after = (rng.random((300, 6)) < np.clip(hard + 0.05, 0, 1)).astype(float)
    split = variance_split(before, after)
    counts = range(1, 11)
    points = [(float(k), minimum_detectable_effect(300, sampled_sd(split, k, k))) for k in counts]
    return curves(
        "More answers to each of 300 items",
        "More answers lessen what lies within items; what lies between items stays",
        [Curve("smallest difference that shows", points)],
        along="answers an item",
        up="difference",
        written=ITEMS,
    )


def sequential() -> Chart:
    """Limits that hold at every look, as judgments come in."""
    rng = np.random.default_rng(SEED)
    values = rng.choice([0.0, 0.5, 1.0], 400, p=[0.3, 0.1, 0.6])
    looks = [5, 10, 20, 40, 60, 80, 120, 160, 200, 250, 300, 350, 400]
    limits = [(n, average_limits(values[:n], plan=400)) for n in looks]
    return curves(
        "Limits that hold at every look",
        "A review that may be stopped at any time: the limits hold at each look, and the lower one "
        "leaves one half behind",
        [
            Curve("upper limit", [(float(n), each.upper) for n, each in limits], "baseline"),
            Curve("mean so far", [(float(n), each.mean) for n, each in limits]),
            Curve("lower limit", [(float(n), each.lower) for n, each in limits], "baseline"),
        ],
        along="judgments",
        up="win score",
        written=ITEMS,
        risen=percents,
        level=0.5,
        level_label="50%",
    )


def multiplicity() -> Chart:
    """P-values by themselves and corrected for one another."""
    return corrected(
        [0.001, 0.004, 0.02, 0.022, 0.024, 0.06],
        "Six tests at once",
        "Five of six are below .025 by themselves; after Holm’s correction two are",
    )
