"""Figures of the methods that compare two arms item by item. Pure."""

from math import sqrt

import numpy as np

from evalhub.report.charts.parts import Chart
from evalhub.stats.corpus import corpus_score
from evalhub.stats.corpus_bootstrap import paired_bootstrap
from evalhub.stats.distributions import normal_quantile, t_quantile
from evalhub.stats.levels import ALPHA
from evalhub.stats.paired import compare
from evalhub.stats.permutation import mcnemar_mid_p, sign_flip
from evalhub.stats.quantiles import ratio_of_quantiles
from evalhub.stats.ratios import contrast, ratio_of_means
from tests.pictures.figures.drawn import Curve, Range, columns, curves, intervals, percents
from tests.pictures.figures.made_up import (
    SEED,
    Scores,
    as_row,
    draw_scores,
    right_or_wrong,
    row_of_changes,
)

DIFFERENCE = "difference"


def exact_score() -> Chart:
    """Few right or wrong answers, beside the formula that is usual."""
    rows = []
    for n, lost in ((40, 0), (40, 2), (100, 0)):
        rows.append(row_of_changes(f"{lost} of {n} lost", n, 0, lost))
        rows.append(_usual("the usual formula", *right_or_wrong(n, 0, lost)))
    return intervals(
        "What few items leave possible",
        "Where nothing changed the usual formula is sure of it; the exact interval leaves room for "
        "what so few items may have missed",
        rows,
        along=DIFFERENCE,
    )


def tango() -> Chart:
    """The same shares of more and more items."""
    rows = [
        row_of_changes(f"{n:,} items", n, n * 3 // 50, n // 50) for n in (500, 1000, 2000, 4000)
    ]
    return intervals(
        "Six per cent won, two lost",
        "Four times the items halve the interval",
        rows,
        along=DIFFERENCE,
    )


def bounded_score() -> Chart:
    """Differences of which few carry the result."""
    before, after = np.full(60, 0.5), np.full(60, 0.5)
    after[:3] = 0.9
    rows = [
        as_row("bounded score", compare(before, after, bounds=(0.0, 1.0))),
        _usual("the usual formula", before, after),
    ]
    return intervals(
        "Three of 60 items carry the result",
        "What was never seen may still happen: the bounded score interval counts both ends of the "
        "scale, the usual formula only what it saw",
        rows,
        along=DIFFERENCE,
    )


def skew() -> Chart:
    """A few heavy losses among many small gains."""
    differences = np.concatenate([np.full(57, 0.02), np.full(23, 0.01), np.full(20, -0.3)])
    before = np.full(100, 0.6)
    rows = [
        as_row("skew-corrected", compare(before, before + differences, bounds=(0.0, 1.0))),
        _usual("the usual t", before, before + differences, df=99),
    ]
    return intervals(
        "Twenty heavy losses among eighty small gains",
        "The lower end lies farther out than the usual t has it, since losses as heavy may be more "
        "frequent than was seen",
        rows,
        along=DIFFERENCE,
    )


def cr2() -> Chart:
    """The same scores as items of their own, and as clusters."""
    before, after = _scores_in_clusters()
    rows = [as_row("240 lone items", compare(before, after, bounds=(0.0, 1.0)), "baseline")]
    for size in (4, 10):
        labels = [f"c{i // size}" for i in range(240)]
        comparison = compare(before, after, clusters=labels, bounds=(0.0, 1.0))
        rows.append(as_row(f"{240 // size} clusters", comparison))
    return intervals(
        "Items that succeed and fail together",
        "The same scores: the fewer clusters the items come in, the wider the interval",
        rows,
        along=DIFFERENCE,
    )


def resampled() -> Chart:
    """F1 of 200 answers of two arms: its interval, and what 1,000 resamples make of it."""
    gold = np.arange(200) % 3 == 0
    wrong = [np.arange(200) % 7 == 0, np.arange(200) % 11 == 0]
    arms = [np.column_stack([gold, gold ^ missed]).astype(float) for missed in wrong]
    before, after = (corpus_score("f1", counts).scores for counts in arms)
    drawn = paired_bootstrap("f1", *arms)
    return intervals(
        "F1 of 200 answers",
        "The interval that decides and the middle 95% of the resamples lie side by side",
        [
            as_row("linearised", compare(before, after, bounds=None)),
            Range("resampled", drawn.difference, drawn.lower, drawn.upper, "baseline"),
        ],
        along=DIFFERENCE,
    )


def weights() -> Chart:
    """Two kinds of item, counted as the test set has them and as production has."""
    rng = np.random.default_rng(SEED)
    before = rng.uniform(0.3, 0.7, 200)
    kind = np.arange(200) % 2
    after = before + np.where(kind == 0, 0.1, -0.05) + rng.normal(0, 0.1, 200)
    rows = []
    for label, share, colour in (
        ("as it is", 0.5, "baseline"),
        ("as in production", 0.2, "candidate"),
    ):
        counted = np.where(kind == 0, share, 1 - share)
        comparison = compare(before, after, weights=counted, bounds=(-0.5, 1.5))
        rows.append(as_row(label, comparison, colour))
    return intervals(
        "Half of the test set is easy, a fifth of production",
        "Counted as often as in production, the kind of item that gains weighs less",
        rows,
        along=DIFFERENCE,
    )


def no_narrower() -> Chart:
    """Rare differences in clusters."""
    before, after = right_or_wrong(400, 6, 2)
    labels = [f"c{i % 40}" for i in range(400)]
    rows = [
        as_row("lone items", compare(before, after), "baseline"),
        as_row("40 clusters", compare(before, after, clusters=labels)),
    ]
    return intervals(
        "Eight of 400 items changed",
        "In clusters so rare a change has an interval that is no narrower than the bounded score’s",
        rows,
        along=DIFFERENCE,
    )


def unseen_tail() -> Chart:
    """Graded scores that hardly change, of more and more items."""
    rng = np.random.default_rng(SEED)
    rows = []
    for n in (40, 100, 400):
        before, change = rng.uniform(0.7, 0.9, n), rng.normal(0, 0.05, n)
        arms = before, before + change - change.mean()
        rows.append(as_row(f"{n} items", compare(*arms), "baseline"))
        rows.append(as_row("tails: bounded", compare(*arms, bounded_tails=True)))
    return intervals(
        "Nothing is lost on the items seen",
        "Few items may hold none of those that lose much: the lower end pays for what they miss",
        rows,
        along=DIFFERENCE,
    )


def widened() -> Chart:
    """Wins beside 42 losses, as many as are needed to leave out 0."""
    rows = [row_of_changes(f"{won} won, 42 lost", 500, won, 42) for won in (58, 60, 62, 63, 65)]
    return intervals(
        "Where interval and test would disagree",
        "104 of 500 items changed, more or less: until the test is sure too, the interval holds 0",
        rows,
        along=DIFFERENCE,
    )


def one_observation() -> Chart:
    """One cluster, however many items."""
    before, after = _scores_in_clusters()
    comparison = compare(before, after, clusters=["one"] * len(before), bounds=(0.0, 1.0))
    apart = compare(before, after, bounds=(0.0, 1.0))
    return intervals(
        "All items of one cluster",
        "240 items that belong together are one piece of evidence",
        [as_row("240 lone items", apart, "baseline"), as_row("one cluster", comparison)],
        along=DIFFERENCE,
    )


def relative() -> Chart:
    """The same share of a low and of a high baseline."""
    rows = []
    for label, right in (("baseline of 10%", 100), ("baseline of 90%", 900)):
        before = np.array([1.0] * right + [0.0] * (1000 - right))
        after = before.copy()
        after[: right // 50] = 0.0
        result = contrast(before, after, factor=0.9, bounds=(0.0, 1.0))
        kind = "pass" if result.lower > 0 else "open"
        rows.append(Range(label, result.mean, result.lower, result.upper, kind))
    return intervals(
        "A tenth of the baseline may be lost",
        "Both arms lost two per cent of the baseline’s own value; what is tested is the candidate "
        "less nine tenths of the baseline",
        rows,
        along="candidate − 0.9 × baseline",
    )


def fieller() -> Chart:
    """Costs whose means are known better and better."""
    rng = np.random.default_rng(SEED)
    rows = []
    for n in (20, 80, 320):
        before = rng.lognormal(6, 0.5, n)
        ratio = ratio_of_means(before, before * rng.lognormal(-0.11, 0.3, n))
        rows.append(Range(f"{n} items", ratio.ratio, ratio.lower, ratio.upper))
    return intervals(
        "How many times the baseline’s cost",
        "Both means are uncertain, so a ratio’s interval is no mirror of itself",
        rows,
        along="candidate / baseline",
        middle=1.0,
        written=percents,
    )


def quantile_ratio() -> Chart:
    """The slow tail, beside the mean."""
    rng = np.random.default_rng(SEED)
    before = rng.lognormal(6, 0.6, 400)
    after = rng.lognormal(5.9, 0.7, 400)
    mean = ratio_of_means(before, after)
    rows = [Range("mean", mean.ratio, mean.lower, mean.upper, "baseline")]
    for quantile in (0.75, 0.95):
        ratio = ratio_of_quantiles(before, after, quantile=quantile)
        rows.append(Range(f"{quantile:.0%} quantile", ratio.ratio, ratio.lower, ratio.upper))
    return intervals(
        "A candidate that is faster on the whole and slower in the tail",
        "The mean says little of the slowest answers: their quantile has a ratio of its own",
        rows,
        along="candidate / baseline",
        middle=1.0,
        written=percents,
    )


def mcnemar() -> Chart:
    """Ten items that changed, by how many of them were lost."""
    lost = range(6)
    return columns(
        "Ten items changed",
        "The fewer of ten changes are losses, the less likely is it that neither arm is better",
        [str(each) for each in lost],
        [("p", "candidate", [mcnemar_mid_p(each, 10 - each) for each in lost])],
        along="losses among ten that changed",
        up="mid-p",
        level=2 * ALPHA,
        level_label=".05",
    )


def sign_flips() -> Chart:
    """One set of differences, shifted."""
    before, after = draw_scores(40, 0.0, 0.2)
    centred = after - before - float(np.mean(after - before))
    shifts = [i / 100 for i in range(13)]
    points = [(each, sign_flip(centred + each)[0]) for each in shifts]
    return curves(
        "How often turned signs do as well",
        "Forty differences that deviate by 0.2, shifted: the share of random signs whose mean lies "
        "as far from 0",
        [Curve("p", points)],
        along="mean difference",
        up="p",
        level=2 * ALPHA,
        level_label=".05",
    )


def _scores_in_clusters() -> tuple[Scores, Scores]:
    """240 items in runs of ten that move together."""
    rng = np.random.default_rng(SEED)
    before = rng.uniform(0.3, 0.6, 240)
    together = np.repeat(rng.normal(0.03, 0.12, 24), 10)
    return before, np.clip(before + together + rng.normal(0, 0.08, 240), 0.0, 1.0)


def _usual(label: str, before: Scores, after: Scores, df: int | None = None) -> Range:
    """Mean ± 1.96 standard errors, or t of them, as is usual."""
    differences = after - before
    times = normal_quantile(1 - ALPHA) if df is None else t_quantile(1 - ALPHA, df)
    mean = float(differences.mean())
    half = times * float(differences.std(ddof=1)) / sqrt(len(differences))
    return Range(label, mean, mean - half, mean + half, "baseline")
