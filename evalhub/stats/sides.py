"""Does the side on which an answer is shown, or its length, decide who wins?"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evalhub.stats.bounded import bounded_limits, number_labels
from evalhub.stats.bradley_terry import Coefficient, strengths, win_score_at
from evalhub.stats.distributions import normal_quantile
from evalhub.stats.errors import StatisticsError
from evalhub.stats.intervals import clopper_pearson
from evalhub.stats.levels import ALPHA
from evalhub.stats.permutation import sign_flip
from evalhub.stats.preference import CHOICES

Array = NDArray[np.float64]
Side = Literal["left", "right"]

_OTHER: dict[str, Side] = {"left": "right", "right": "left"}
_OUTCOME = {"candidate": "first", "baseline": "second"}
_UNEVEN = 0.001
"""A fair coin leaves the sides as uneven as they are less often than this: the level that is usual
for a sample-ratio mismatch."""


@dataclass(frozen=True, slots=True)
class PositionBias:
    """Of the judgments that chose a side, the share that chose the left, with its limits.

    Where sides were dealt by a fair coin the left wins half of them, whichever arm is better,
    unless position itself counts. `p_value` is two-sided. It is None, and `state` says why, where
    the sides can't tell position from preference: "sides-alike" (the candidate always stood on
    one side) or "sides-uneven" (on one side too often for a fair coin). `items` is how many items
    those judgments are of.
    """

    left: int
    right: int
    items: int
    share_left: float | None
    lower: float
    upper: float
    p_value: float | None
    state: Literal["ok", "sides-alike", "sides-uneven"]


@dataclass(frozen=True, slots=True)
class SelfConsistency:
    """Pairs judged twice by one judge with the sides swapped.

    `consistent` chose the same arm, or no arm, both times; `same_side` chose the side and not
    the answer; `wavering` moved between an arm and a tie.
    """

    pairs: int
    consistent: int
    same_side: int
    wavering: int
    share: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class LongerChosen:
    """Of `judgments` that chose one of two answers of different length, the share that chose the
    longer one, with its limits; no model. None of no judgments.
    """

    judgments: int
    share: float | None
    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class LengthControl:
    """The candidate's win score as judged, and as the model has it at equal lengths.

    `length` is the log odds that one standard deviation of the log length ratio adds for the
    longer answer. `state` is that of the model; where it isn't "ok" there is no controlled
    score: "unbounded" where length, or the arm, decides every judgment. `longer` needs no model.
    """

    raw: float
    controlled: float | None
    lower: float | None
    upper: float | None
    length: Coefficient | None
    state: str
    longer: LongerChosen


def position_bias(
    choices: Sequence[str],
    candidate_sides: Sequence[Side],
    *,
    items: Sequence[Hashable] | None = None,
    alpha: float = ALPHA,
) -> PositionBias:
    """Position bias of `choices` ("candidate", "baseline", "tie", "both-bad"), the candidate
    having been shown on `candidate_sides` ("left" or "right").

    `items` says which judgments are of one item (None: each of another): several people who saw
    it on the same sides tell of position as one. The p-value turns every item's sides round with
    chance one half (a sign-flip test of left less right by item), which is what a fair coin
    leaves free, whether it was tossed by item or by judgment. With a judgment an item it is the
    exact binomial test. The limits are exact there, else the score interval by item.
    """
    rows = _rows(choices, candidate_sides)
    of = list(range(len(rows))) if items is None else list(items)
    if len(of) != len(rows):
        raise StatisticsError(f"{len(rows)} judgments and {len(of)} items: each needs one")
    chosen = [(item, side) for item, row in zip(of, rows, strict=True) if (side := _side_of(*row))]
    stood = [1.0 if side == "left" else -1.0 for choice, side in rows if choice in _OUTCOME]
    signs = np.array([1.0 if side == "left" else -1.0 for _, side in chosen])
    by_item = number_labels([item for item, _ in chosen])
    left = int((signs > 0).sum())
    lower, upper = _share_limits(signs, by_item, alpha)
    state = _state_of_sides(np.array(stood), by_item)
    return PositionBias(
        left=left,
        right=signs.size - left,
        items=int(by_item.max()) + 1 if signs.size else 0,
        share_left=left / signs.size if signs.size else None,
        lower=lower,
        upper=upper,
        p_value=sign_flip(np.bincount(by_item, signs))[0] if state == "ok" else None,
        state=state,
    )


def _share_limits(signs: Array, by_item: NDArray[np.intp], alpha: float) -> tuple[float, float]:
    """Limits of the share of `signs` that are 1."""
    if not signs.size:
        return 0.0, 1.0
    if int(by_item.max()) + 1 == signs.size:
        return clopper_pearson(int((signs > 0).sum()), signs.size, alpha=alpha)
    lower, upper = bounded_limits(signs, by_item, reach=1.0, alpha=alpha)
    return (1 + lower) / 2, (1 + upper) / 2


def _state_of_sides(
    stood: Array, by_item: NDArray[np.intp]
) -> Literal["ok", "sides-alike", "sides-uneven"]:
    if stood.size > 1 and (stood == stood[0]).all():
        return "sides-alike"
    uneven = stood.size > 1 and sign_flip(np.bincount(by_item, stood))[0] < _UNEVEN
    return "sides-uneven" if uneven else "ok"


def self_consistency(
    first: Sequence[str], second: Sequence[str], *, alpha: float = ALPHA
) -> SelfConsistency:
    """How often a judge says the same of a pair whose sides were swapped, row by row.

    Choices name the arm, so a judge who goes by the side alone names a different arm each time.
    """
    if len(first) != len(second) or not first:
        raise StatisticsError("every pair needs a first and a second choice")
    _check_choices([*first, *second])
    undecided = {"tie", "both-bad"}
    consistent = sum(
        a == b or (a in undecided and b in undecided) for a, b in zip(first, second, strict=True)
    )
    same_side = sum({a, b} == {"candidate", "baseline"} for a, b in zip(first, second, strict=True))
    lower, upper = clopper_pearson(consistent, len(first), alpha=alpha)
    return SelfConsistency(
        pairs=len(first),
        consistent=consistent,
        same_side=same_side,
        wavering=len(first) - consistent - same_side,
        share=consistent / len(first),
        lower=lower,
        upper=upper,
    )


def length_control(
    choices: Sequence[str],
    candidate_lengths: ArrayLike,
    baseline_lengths: ArrayLike,
    *,
    candidate_sides: Sequence[Side] | None = None,
    items: Sequence[Hashable] | None = None,
    alpha: float = ALPHA,
) -> LengthControl:
    """The win score had both answers been of one length.

    A Davidson model with the difference of log lengths, over its standard deviation, as a term
    (and the side, where given), read at difference 0 (after Dubois et al. 2024, arXiv
    2404.04475). `items` gives errors that allow for judgments of one item being alike. Lengths
    are positive, in any unit.
    """
    _check_choices(choices)
    ratios = _log_lengths(candidate_lengths, len(choices)) - _log_lengths(
        baseline_lengths, len(choices)
    )
    spread = float(ratios.std())
    if spread == 0:
        raise StatisticsError("every pair has the same length ratio: length cannot be told apart")
    terms: dict[str, ArrayLike] = {"length": ratios / spread}
    if candidate_sides is not None:
        sides = [side for _, side in _rows(choices, candidate_sides)]
        terms["left"] = [1.0 if side == "left" else -1.0 for side in sides]
    n = len(choices)
    fit = strengths(
        ["candidate"] * n,
        ["baseline"] * n,
        [_OUTCOME.get(c, c) for c in choices],
        terms=terms,
        clusters=items,
        reference="baseline",
        alpha=alpha,
    )
    won = sum(c == "candidate" for c in choices)
    lost = sum(c == "baseline" for c in choices)
    raw = 0.5 + (won - lost) / (2 * n)
    longer = _longer_share(choices, ratios, items, alpha)
    if fit.state != "ok":
        return LengthControl(raw, None, None, None, None, fit.state, longer)
    eta, se = fit.strengths["candidate"].value, fit.strengths["candidate"].se
    half = normal_quantile(1 - alpha) * se
    return LengthControl(
        raw=raw,
        controlled=win_score_at(eta, fit.nu),
        lower=win_score_at(eta - half, fit.nu),
        upper=win_score_at(eta + half, fit.nu),
        length=fit.terms["length"],
        state=fit.state,
        longer=longer,
    )


def longer_chosen(
    choices: Sequence[str],
    candidate_lengths: ArrayLike,
    baseline_lengths: ArrayLike,
    *,
    items: Sequence[Hashable] | None = None,
    alpha: float = ALPHA,
) -> LongerChosen:
    """How often the longer of two answers was chosen. Lengths are positive, in any unit; `items`
    says which judgments are of one item (None: each of another)."""
    _check_choices(choices)
    ours, theirs = (_log_lengths(of, len(choices)) for of in (candidate_lengths, baseline_lengths))
    return _longer_share(choices, ours - theirs, items, alpha)


def _longer_share(
    choices: Sequence[str], ratios: Array, items: Sequence[Hashable] | None, alpha: float
) -> LongerChosen:
    """Limits are exact with a judgment an item, else the score interval by item."""
    of = list(range(len(choices))) if items is None else list(items)
    chosen = [
        (item, 1.0 if (choice == "candidate") == (ratio > 0) else -1.0)
        for item, choice, ratio in zip(of, choices, ratios, strict=True)
        if choice in _OUTCOME and ratio != 0
    ]
    signs = np.array([sign for _, sign in chosen])
    lower, upper = _share_limits(signs, number_labels([item for item, _ in chosen]), alpha)
    share = float((signs > 0).mean()) if signs.size else None
    return LongerChosen(signs.size, share, lower, upper)


def _side_of(choice: str, candidate_side: Side) -> Side | None:
    if choice == "candidate":
        return candidate_side
    return _OTHER[candidate_side] if choice == "baseline" else None


def _rows(choices: Sequence[str], sides: Sequence[Side]) -> list[tuple[str, Side]]:
    if len(choices) != len(sides):
        raise StatisticsError(f"{len(choices)} choices and {len(sides)} sides")
    _check_choices(choices)
    unknown = sorted(set(sides) - set(_OTHER))
    if unknown:
        raise StatisticsError(f"unknown side {unknown[0]!r}; use left or right")
    return list(zip(choices, sides, strict=True))


def _check_choices(choices: Sequence[str]) -> None:
    unknown = sorted(set(choices) - set(CHOICES))
    if unknown:
        raise StatisticsError(f"unknown choice {unknown[0]!r}; use one of {', '.join(CHOICES)}")


def _log_lengths(lengths: ArrayLike, n: int) -> Array:
    values = np.asarray(lengths, dtype=float)
    if values.shape != (n,) or not np.all(values > 0) or not np.all(np.isfinite(values)):
        raise StatisticsError(f"every one of {n} judgments needs a positive length")
    return np.log(values)
