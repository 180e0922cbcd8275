"""Figures of the verdict's rule. Pure."""

from evalhub.decision.levels import level_of
from evalhub.report.charts.parts import Chart
from evalhub.stats.levels import ALPHA, POWER
from evalhub.stats.multiplicity import holm
from evalhub.stats.paired import compare
from evalhub.stats.power_spread import items_for, power_for, spread_of
from tests.pictures.figures.drawn import Curve, Range, columns, curves, intervals, percents
from tests.pictures.figures.made_up import right_or_wrong, row_of_changes

ALLOWED = 0.05


def ship() -> Chart:
    """Guards at one margin: where the interval lies is the status."""
    rows = [
        row_of_changes("✓ holds", 1000, 30, 34, "pass"),
        row_of_changes("✓ holds, though it lost", 1500, 20, 50, "pass"),
        row_of_changes("? open", 200, 6, 10, "open"),
        row_of_changes("✗ fails", 1000, 20, 110, "fail"),
    ]
    return intervals(
        "Where the interval lies",
        "A guard with a margin of 5 points holds once its whole interval is right of −0.05, "
        "fails once it is left of it, and is open between",
        rows,
        along="difference",
        bound=-ALLOWED,
        bound_label="margin",
    )


def harm() -> Chart:
    """The chance of harm by itself, and after Holm's correction."""
    alone = [0.002, 0.011, 0.012, 0.02, 0.06]
    return corrected(
        alone,
        "Five criteria that look bad",
        "Four of five are below .025 by themselves; after Holm’s correction one is",
    )


def futility() -> Chart:
    """The same rates on more and more items, beside a gain that is asked."""
    rows = [
        row_of_changes("? 200 items", 200, 14, 12, "open"),
        row_of_changes("? 800 items", 800, 56, 48, "open"),
        row_of_changes("✗ 4,000 items", 4000, 280, 240, "fail"),
    ]
    return intervals(
        "A gain that can’t be there any more",
        "Five points are asked and one is gained. With 4,000 items the whole interval lies "
        "below what is asked: more items would only confirm it",
        rows,
        along="difference",
        bound=0.05,
        bound_label="gain asked",
    )


def more() -> Chart:
    """The power of more items, planned from 300 of them."""
    spread = spread_of(*right_or_wrong(300, 15, 15), bound=-ALLOWED)
    sizes = range(50, 1001, 25)
    powers = [(float(n), power_for(n, ALLOWED, spread, due=1.96)) for n in sizes]
    needed = items_for(ALLOWED, spread, due=1.96)
    return curves(
        "How many items would settle it",
        f"Of items like the 300 seen, {needed:,} show with a chance of 80% that less than 5 "
        "points are lost, if nothing is",
        [Curve("power", powers)],
        along="items",
        up="power",
        written="{:,.0f}".format,
        risen=percents,
        level=POWER,
        level_label="80%",
    )


def any_of() -> Chart:
    """The level that is left where one of several primaries is enough."""
    counts = range(1, 7)
    return columns(
        "One of several is enough",
        "Each of k primaries is judged at a k-th of the level",
        [str(k) for k in counts],
        [("level", "candidate", [ALPHA / k for k in counts])],
        along="primaries",
        up="level of each",
    )


def levels() -> Chart:
    """The same result at the level of later looks."""
    before, after = right_or_wrong(1000, 90, 55)
    rows = []
    for look in (1, 2, 5, 10):
        comparison = compare(before, after, alpha=level_of(look, alpha=ALPHA), upper_alpha=ALPHA)
        kind = "pass" if comparison.lower > 0 else "open"
        rows.append(
            Range(f"look {look}", comparison.difference, comparison.lower, comparison.upper, kind)
        )
    return intervals(
        "What a smaller level costs",
        "90 items won and 55 lost of 1,000, judged as the first, second, fifth and tenth claim on "
        "them: the lower end moves away, the upper end, harm’s own, stays",
        rows,
        along="difference",
        bound=0.0,
    )


def corrected(alone: list[float], title: str, desc: str) -> Chart:
    """P-values by themselves, and after Holm’s correction."""
    adjusted = [float(each) for each in holm(alone)]
    return columns(
        title,
        desc,
        [f"{p:.2g}" for p in alone],
        [("by itself", "baseline", alone), ("by Holm", "candidate", adjusted)],
        along="p by itself",
        up="p",
        level=ALPHA,
        level_label=".025",
    )
