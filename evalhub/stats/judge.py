"""An LLM judge beside people: agreement, biases, and the corrected win score.

A judge is calibrated on items that people labelled too, drawn at random from those it judged.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress

import numpy as np
from numpy.typing import NDArray

from evalhub.stats.agreement import Agreement, agreement, pair_kappas
from evalhub.stats.bounded import bounded_limits, number_labels
from evalhub.stats.dawid_skene import majority
from evalhub.stats.errors import StatisticsError
from evalhub.stats.intervals import Estimate
from evalhub.stats.levels import ALPHA, FEWEST_HUMAN_LABELS
from evalhub.stats.ppi import PoweredEstimate, powered_estimate
from evalhub.stats.preference import CHOICES
from evalhub.stats.ratings import read_ratings
from evalhub.stats.sides import (
    LengthControl,
    LongerChosen,
    PositionBias,
    Side,
    length_control,
    longer_chosen,
    position_bias,
)

Array = NDArray[np.float64]

VALUE = {"candidate": 1.0, "tie": 0.5, "both-bad": 0.5, "baseline": 0.0}


@dataclass(frozen=True, slots=True)
class JudgeCheck:
    """What the labels of people and judge say of the judge.

    `shared` items were labelled by both. `agreement` is between the people's majority (a tie where
    they are split) and the judge; `cohen_kappa` likewise. `people_win_score` and `judge_win_score`
    are over the shared items; their difference is the judge's lean. `beyond_chance` is their
    Krippendorff's alpha with the limits that a judge is held to a floor by. `people_longer` is how
    often people's majority chose the longer answer, beside the judge's in `length`. `powered` is
    the corrected win score over all judged items, None where it cannot be had; `state` says why:
    "ok", "too-few-human-labels", "not-a-random-sample", "nothing-only-judged" (people labelled
    everything: use theirs) or "constant" (people said the same of every item).
    """

    shared: int
    judged: int
    agreement: Agreement
    cohen_kappa: float | None
    beyond_chance: Estimate
    people_win_score: float
    judge_win_score: float
    position: PositionBias | None
    length: LengthControl | None
    people_longer: LongerChosen | None
    powered: PoweredEstimate | None
    state: str


def judge_check(
    human: Mapping[Hashable, Sequence[str]],
    judge: Mapping[Hashable, str],
    *,
    random_sample: bool,
    candidate_sides: Mapping[Hashable, Side] | None = None,
    lengths: Mapping[Hashable, tuple[float, float]] | None = None,
    clusters: Mapping[Hashable, Hashable] | None = None,
    weights: Mapping[Hashable, float] | None = None,
    seed: int = 0,
    alpha: float = ALPHA,
) -> JudgeCheck:
    """Checks a judge's choices {item: choice} against people's {item: choices}.

    Choices are "candidate", "baseline", "tie" or "both-bad". `candidate_sides` says where the
    judge saw the candidate, `lengths` the (candidate, baseline) lengths of the two answers;
    `clusters` which items belong together, `weights` how much an item counts: all of every item.
    Raises StatisticsError where no item has labels of both.
    """
    unknown = sorted({*judge.values(), *(c for cs in human.values() for c in cs)} - set(CHOICES))
    if unknown:
        raise StatisticsError(f"unknown choice {unknown[0]!r}; use one of {', '.join(CHOICES)}")
    shared = [item for item in judge if human.get(item)]
    if not shared:
        raise StatisticsError("no item was labelled by people and by the judge")
    people = {item: str(majority(human[item]) or "tie") for item in shared}
    table = read_ratings(
        {item: {"people": people[item], "judge": judge[item]} for item in shared}, scale=CHOICES
    )
    means = np.array([_mean(human.get(item, ())) for item in judge])
    judged = np.array([VALUE[choice] for choice in judge.values()])
    looked = ~np.isnan(means)
    judge_weights = None if weights is None else np.array([weights[item] for item in judge])
    of = None if clusters is None else [clusters[item] for item in judge]
    state = _state(means[looked], int((~looked).sum()), random_sample)
    powered = None
    if state == "ok":
        powered = powered_estimate(
            means,
            judged,
            random_sample=True,
            bounds=(0.0, 1.0),
            clusters=of,
            weights=judge_weights,
            alpha=alpha,
        )
    own = None if judge_weights is None else judge_weights[looked]
    return JudgeCheck(
        shared=len(shared),
        judged=len(judge),
        agreement=agreement(table, seed=seed),
        cohen_kappa=pair_kappas(table)[0].value,
        beyond_chance=_beyond_chance(
            [people[item] for item in shared],
            [judge[item] for item in shared],
            None if of is None else number_labels(list(compress(of, looked))),
            own,
            alpha,
        ),
        people_win_score=float(np.average(means[looked], weights=own)),
        judge_win_score=float(np.average(judged[looked], weights=own)),
        position=_position(judge, candidate_sides, alpha),
        length=_length(judge, lengths, alpha),
        people_longer=None
        if lengths is None
        else longer_chosen(
            list(people.values()),
            [lengths[item][0] for item in people],
            [lengths[item][1] for item in people],
            alpha=alpha,
        ),
        powered=powered,
        state=state,
    )


def _mean(choices: Sequence[str]) -> float:
    """People's value of an item, NaN where nobody labelled it."""
    return float(np.mean([VALUE[choice] for choice in choices])) if choices else float("nan")


def _beyond_chance(
    people: Sequence[str],
    judge: Sequence[str],
    clusters: NDArray[np.intp] | None,
    weights: Array | None,
    alpha: float,
) -> Estimate:
    """Nominal alpha of two raters, 1 - (1 - p)/D, and the same of the limits of p.

    p is the share of items on which the two agree, with its score interval; D is what chance
    would have them differ, as it was seen (Krippendorff 2011; here each of two ratings of an item
    weighs as the item does). Unlike resampled items, 50 agreements of 50 leave room for some
    disagreement. Simulated, the lower limit errs in .004 to .026 of 4,000 samples at .025.
    """
    n = len(people)
    w = np.ones(n) if weights is None else weights * (n / weights.sum())
    agree = np.array([1.0 if a == b else 0.0 for a, b in zip(people, judge, strict=True)])
    totals = np.array(
        [
            sum(
                weight
                for weight, a, b in zip(w, people, judge, strict=True)
                for c in (a, b)
                if c == label
            )
            for label in CHOICES
        ]
    )
    differ = 1 - float((totals * (totals - 1)).sum()) / (2 * n * (2 * n - 1))
    if differ <= 0:
        return Estimate(None)
    lower, upper = bounded_limits(agree - 0.5, clusters, weights, reach=0.5, alpha=alpha)
    shares = (float(np.average(agree, weights=w)), lower + 0.5, upper + 0.5)
    value, low, high = (1 - (1 - share) / differ for share in shares)
    return Estimate(value, low, high)


def _state(means: Array, only: int, random_sample: bool) -> str:
    if not random_sample:
        return "not-a-random-sample"
    if means.size < FEWEST_HUMAN_LABELS:
        return "too-few-human-labels"
    if only < 2:
        return "nothing-only-judged"
    return "constant" if means.min() == means.max() else "ok"


def _position(
    judge: Mapping[Hashable, str], sides: Mapping[Hashable, Side] | None, alpha: float
) -> PositionBias | None:
    if sides is None:
        return None
    missing = [item for item in judge if item not in sides]
    if missing:
        raise StatisticsError(f"item {missing[0]!r} has no side for the candidate")
    return position_bias(list(judge.values()), [sides[item] for item in judge], alpha=alpha)


def _length(
    judge: Mapping[Hashable, str],
    lengths: Mapping[Hashable, tuple[float, float]] | None,
    alpha: float,
) -> LengthControl | None:
    if lengths is None:
        return None
    missing = [item for item in judge if item not in lengths]
    if missing:
        raise StatisticsError(f"item {missing[0]!r} has no lengths")
    return length_control(
        list(judge.values()),
        [lengths[item][0] for item in judge],
        [lengths[item][1] for item in judge],
        alpha=alpha,
    )
