"""Figures of what people and judges say. Pure."""

from collections.abc import Hashable
from functools import cache
from typing import Literal

import numpy as np

from evalhub.report.charts.parts import Chart
from evalhub.stats.agreement import Agreement, agreement, pair_kappas
from evalhub.stats.bradley_terry import strengths
from evalhub.stats.judge import judge_check
from evalhub.stats.krippendorff import krippendorff_alpha
from evalhub.stats.ppi import powered_estimate
from evalhub.stats.preference import win_score
from evalhub.stats.ratings import Ratings, read_ratings
from evalhub.stats.sides import length_control, position_bias, self_consistency
from tests.pictures.figures.drawn import Curve, Range, curves, intervals, percents
from tests.pictures.figures.made_up import SEED

LABELS = ["good", "bad"]
SHARES = [0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.94]


def win_scores() -> Chart:
    """The same share of judgments, given by more and more people."""
    rows = []
    for people in (3, 6, 20):
        rng = np.random.default_rng(SEED)
        likes = 0.6 + np.linspace(-0.25, 0.25, people)
        raters = [i % people for i in range(120)]
        choices = ["candidate" if rng.random() < likes[each] else "baseline" for each in raters]
        score = win_score(choices, items=list(range(120)), raters=raters)
        rows.append(Range(f"{people} people", score.score, score.lower, score.upper))
    return intervals(
        "120 judgments",
        "Given by three, six and twenty people who lean as far to either arm: fewer people tell "
        "less of what everybody would say",
        rows,
        along="win score, ties count half",
        middle=0.5,
        written=percents,
    )


def bradley_terry() -> Chart:
    """Three arms that were compared with each other."""
    won = {
        ("lora", "base"): (34, 18),
        ("prompted", "base"): (28, 22),
        ("lora", "prompted"): (30, 21),
    }
    first, second, outcomes, counts = [], [], [], []
    for (one, other), (wins, losses) in won.items():
        for outcome, count in (("first", wins), ("second", losses), ("tie", 8)):
            first.append(one)
            second.append(other)
            outcomes.append(outcome)
            counts.append(count)
    estimates = strengths(first, second, outcomes, counts=counts, reference="base")
    rows = [
        Range(
            str(name),
            strength.value,
            strength.lower,
            strength.upper,
            "baseline" if name == "base" else "candidate",
        )
        for name, strength in estimates.strengths.items()
    ]
    return intervals(
        "Three arms, each compared with each",
        "One strength an arm explains all comparisons; it is the log odds against the baseline",
        rows,
        along="strength",
    )


def position() -> Chart:
    """How often the left was chosen, and how often a swapped pair was judged alike."""
    sides: list[Literal["left", "right"]] = ["left", "right"] * 60
    choices = ["candidate" if i % 5 < 3 else "baseline" for i in range(120)]
    fair = position_bias(choices, sides)
    leaning = [
        ("candidate" if side == "left" else "baseline") if i % 3 else choice
        for i, (choice, side) in enumerate(zip(choices, sides, strict=True))
    ]
    biased = position_bias(leaning, sides)
    twice = self_consistency(choices[:40], choices[:32] + ["tie"] * 8)
    rows = [
        Range("fair", fair.share_left or 0.0, fair.lower, fair.upper, "pass"),
        Range("leans to the left", biased.share_left or 0.0, biased.lower, biased.upper, "fail"),
        Range("same when swapped", twice.share, twice.lower, twice.upper, "baseline"),
    ]
    return intervals(
        "Does the side count?",
        "Sides are dealt by a fair coin, so the left wins half of the judgments unless position "
        "itself counts; below, pairs that were judged twice with the sides swapped",
        rows,
        along="share",
        middle=0.5,
        written=percents,
    )


def length() -> Chart:
    """Judges who like long answers."""
    rng = np.random.default_rng(SEED)
    ours, theirs = rng.uniform(50, 150, 300), rng.uniform(80, 260, 300)
    likes = 1 / (1 + np.exp(-1.6 * np.log(theirs / ours) - 0.1))
    choices = ["candidate" if rng.random() < each else "baseline" for each in likes]
    result = length_control(choices, theirs, ours)
    raw = win_score(choices, items=list(range(300)), raters=list(range(300)))
    rows = [Range("as judged", result.raw, raw.lower, raw.upper, "baseline")]
    if result.controlled is not None:
        rows.append(Range("at equal lengths", result.controlled, result.lower, result.upper))
    return intervals(
        "Longer answers that were liked for their length",
        "As judged the candidate wins; at equal lengths the model leaves little of it",
        rows,
        along="win score",
        middle=0.5,
        written=percents,
    )


def raw() -> Chart:
    """Raw agreement stays where it is while one answer becomes the rule."""
    return _agreement_chart("Raw agreement", "raw")


def alpha() -> Chart:
    """Krippendorff's α beside it."""
    return _agreement_chart("Krippendorff’s α", "alpha")


def ac1() -> Chart:
    """Gwet's AC1 beside it."""
    return _agreement_chart("Gwet’s AC1", "ac1")


def kappa() -> Chart:
    """Cohen's κ beside it."""
    return _agreement_chart("Cohen’s κ", "kappa")


def judge() -> Chart:
    """A judge that agrees with people beyond chance, and one that only knows what is usual."""
    human: dict[Hashable, list[str]] = {
        i: ["candidate" if i % 5 else "baseline"] for i in range(150)
    }
    good: dict[Hashable, str] = {i: human[i][0] if i % 8 else "baseline" for i in range(150)}
    lazy: dict[Hashable, str] = {i: "candidate" if i % 9 else "baseline" for i in range(150)}
    rows = []
    for name, votes, kind in (("a good judge", good, "pass"), ("says what is usual", lazy, "fail")):
        check = judge_check(human, votes, random_sample=True)
        share = check.agreement.raw_agreement or 0.0
        beyond = check.beyond_chance
        rows.append(Range(f"{name}: raw", share, share, share, "baseline"))
        rows.append(Range(f"{name}: α", beyond.value or 0.0, beyond.lower, beyond.upper, kind))
    return intervals(
        "Agreement beyond chance",
        "Where four in five prefer the candidate, a judge that always says so agrees often and "
        "knows nothing: α takes away what chance would do",
        rows,
        along="agreement",
    )


def ppi() -> Chart:
    """Some labels of people, many of a judge."""
    rng = np.random.default_rng(SEED)
    truth = (rng.random(2000) < 0.6).astype(float)
    judged = np.where(rng.random(2000) < 0.85, truth, 1 - truth)
    people = truth[:150]
    alone = win_score(
        ["candidate" if each else "baseline" for each in people],
        items=list(range(150)),
        raters=list(range(150)),
    )
    both = np.concatenate([people, np.full(1850, np.nan)])
    estimate = powered_estimate(both, judged, random_sample=True, bounds=(0.0, 1.0))
    return intervals(
        "150 labels of people, 2,000 of a judge",
        f"The judge’s errors are corrected by people’s labels; the interval is as narrow as of "
        f"{estimate.equivalent_labels:.0f} labels of people alone",
        [
            Range("people alone", alone.score, alone.lower, alone.upper, "baseline"),
            Range("with the judge", estimate.value, estimate.lower, estimate.upper),
        ],
        along="win score",
        middle=0.5,
        written=percents,
    )


def _agreement_chart(title: str, drawn: str) -> Chart:
    values = _coefficients()
    lines = [
        Curve(name, values[key], "candidate" if key == drawn else "baseline")
        for key, name in (("raw", "raw agreement"), (drawn, title))
    ]
    return curves(
        title,
        "Two raters agree on nine of ten items throughout; the more usual one answer is, the more "
        "of that would chance do",
        lines[1:] if drawn == "raw" else lines,
        along="share of the usual answer",
        up="agreement",
        written=percents,
    )


@cache
def _coefficients() -> dict[str, list[tuple[float, float]]]:
    coefficients: dict[str, list[tuple[float, float]]] = {
        "raw": [],
        "alpha": [],
        "ac1": [],
        "kappa": [],
    }
    for share in SHARES:
        ratings = _ratings(share)
        summary: Agreement = agreement(ratings, resamples=100)
        coefficients["raw"].append((share, summary.raw_agreement or 0.0))
        coefficients["alpha"].append((share, krippendorff_alpha(ratings) or 0.0))
        coefficients["ac1"].append((share, summary.gwet_ac1.value or 0.0))
        coefficients["kappa"].append((share, pair_kappas(ratings)[0].value or 0.0))
    return coefficients


def _ratings(share: float) -> Ratings:
    """Two raters of 200 items who differ on twenty, either way equally often."""
    usual = round(200 * share)
    rows = [["good", "good"]] * (usual - 10) + [["bad", "bad"]] * (190 - usual)
    return read_ratings(rows + [["good", "bad"], ["bad", "good"]] * 10, scale=LABELS)
