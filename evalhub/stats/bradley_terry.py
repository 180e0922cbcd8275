"""Strengths of several arms from paired judgments, with ties, sides and lengths.

A judgment of first against second ends in a win, a loss or a tie with chances in the ratio
exp(eta/2) : exp(-eta/2) : nu, where eta = strength(first) - strength(second) + covariates
(Davidson 1970). Without ties this is the Bradley-Terry model. The log-likelihood is concave;
Newton's steps find its top, and the curvature there (or a sandwich over clusters) gives the
standard errors.
"""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evalhub.stats.distributions import normal_quantile
from evalhub.stats.errors import StatisticsError
from evalhub.stats.intervals import check_alpha
from evalhub.stats.levels import ALPHA

Array = NDArray[np.float64]

OUTCOMES = ("first", "second", "tie", "both-bad")

_UNBOUNDED = 15.0


@dataclass(frozen=True, slots=True)
class Coefficient:
    """A term of the model in log odds, its standard error and interval."""

    value: float
    se: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class Strengths:
    """`strengths` are log odds against the reference arm, which has 0 and no error.

    `nu` is Davidson's tie parameter, 0 without ties; "both bad" counts as a tie here. `terms`
    holds the covariates. `state` is "ok", "unconnected" (some arms were never compared, even by
    way of others), or "unbounded" (an arm or a side never lost, so no finite strength fits);
    then strengths and terms are empty.
    """

    reference: Hashable
    strengths: dict[Hashable, Coefficient]
    terms: dict[str, Coefficient]
    nu: float
    log_likelihood: float
    judgments: int
    ties: int
    both_bad: int
    state: str
    covariance: Array

    def win_score(self, first: Hashable, second: Hashable) -> float:
        """Chance that `first` wins plus half the chance of a tie, covariates at 0."""
        eta = self.strengths[first].value - self.strengths[second].value
        return win_score_at(eta, self.nu)


def win_score_at(eta: float, nu: float) -> float:
    up, down = math.exp(eta / 2), math.exp(-eta / 2)
    return (up + nu / 2) / (up + down + nu)


def strengths(
    first: Sequence[Hashable],
    second: Sequence[Hashable],
    outcomes: Sequence[str],
    *,
    counts: ArrayLike | None = None,
    terms: dict[str, ArrayLike] | None = None,
    clusters: Sequence[Hashable] | None = None,
    reference: Hashable | None = None,
    alpha: float = ALPHA,
) -> Strengths:
    """Fits judgments of `first` against `second`, row by row.

    `outcomes` are "first", "second", "tie" or "both-bad"; `counts` says how many judgments a
    row stands for. `terms` are covariates (rows,) that favour `first`: 1 where it was shown on
    the left and -1 where on the right measures a liking for the left. `clusters` gives standard
    errors that allow for judgments of one cluster being alike. `reference` is the arm whose
    strength is 0, by default the first named.
    """
    check_alpha(alpha)
    rows = len(outcomes)
    if not rows or not len(first) == len(second) == rows:
        raise StatisticsError("every judgment needs a first arm, a second arm and an outcome")
    unknown = sorted(set(outcomes) - set(OUTCOMES))
    if unknown:
        raise StatisticsError(f"unknown outcome {unknown[0]!r}; use one of {', '.join(OUTCOMES)}")
    arms = list(dict.fromkeys([*first, *second]))
    reference = arms[0] if reference is None else reference
    if reference not in arms or len(arms) < 2:
        raise StatisticsError(f"the reference {reference!r} and another arm must be compared")
    if any(a == b for a, b in zip(first, second, strict=True)):
        raise StatisticsError("an arm cannot be compared with itself")
    others = [arm for arm in arms if arm != reference]
    weight = np.ones(rows) if counts is None else np.asarray(counts, dtype=float)
    design = np.column_stack([_arm_columns(first, second, others), *_columns(terms, rows)])
    result = np.array([{"first": 1, "second": -1}.get(o, 0) for o in outcomes])
    tied = float(weight[result == 0].sum())
    both_bad = float(weight[[o == "both-bad" for o in outcomes]].sum())
    state = _connection(first, second, result, weight, arms)
    fit = _fit(design, result, weight, tied > 0) if state == "ok" else None
    if fit is None or np.abs(fit[0]).max() > _UNBOUNDED:
        return Strengths(
            reference, {}, {}, math.nan, math.nan, int(weight.sum()), int(tied - both_bad),
            int(both_bad), "unbounded" if state == "ok" else state, np.empty((0, 0)),
        )  # fmt: skip
    beta, log_likelihood, covariance = fit
    if clusters is not None:
        covariance = _sandwich(design, result, weight, beta, covariance, tied > 0, clusters)
    z = normal_quantile(1 - alpha)
    coefficients = [
        Coefficient(float(b), float(se), float(b - z * se), float(b + z * se))
        for b, se in zip(beta, np.sqrt(np.diag(covariance)), strict=True)
    ]
    names = list(terms or {})
    return Strengths(
        reference=reference,
        strengths={reference: Coefficient(0.0, 0.0, 0.0, 0.0)}
        | dict(zip(others, coefficients, strict=False)),
        terms=dict(zip(names, coefficients[len(others) :], strict=False)),
        nu=float(math.exp(beta[-1])) if tied else 0.0,
        log_likelihood=log_likelihood,
        judgments=int(weight.sum()),
        ties=int(tied - both_bad),
        both_bad=int(both_bad),
        state=state,
        covariance=covariance,
    )


def _arm_columns(
    first: Sequence[Hashable], second: Sequence[Hashable], others: list[Hashable]
) -> Array:
    number = {arm: i for i, arm in enumerate(others)}
    columns = np.zeros((len(first), len(others)))
    for sign, side in ((1.0, first), (-1.0, second)):
        for row, arm in enumerate(side):
            if arm in number:
                columns[row, number[arm]] = sign
    return columns


def _columns(terms: dict[str, ArrayLike] | None, rows: int) -> list[Array]:
    columns = []
    for name, values in (terms or {}).items():
        column = np.asarray(values, dtype=float)
        if column.shape != (rows,) or not np.all(np.isfinite(column)):
            raise StatisticsError(f"term {name!r} needs a finite number for each of {rows} rows")
        columns.append(column)
    return columns


def _connection(
    first: Sequence[Hashable],
    second: Sequence[Hashable],
    result: NDArray[np.int64],
    weight: Array,
    arms: list[Hashable],
) -> str:
    """Finite strengths exist just when a chain of wins or ties leads from every arm to every
    other (Ford 1957)."""
    number = {arm: i for i, arm in enumerate(arms)}
    beats = np.eye(len(arms), dtype=bool)
    met = np.eye(len(arms), dtype=bool)
    for a, b, r, w in zip(first, second, result.tolist(), weight.tolist(), strict=True):
        if w > 0:
            i, j = number[a], number[b]
            beats[i, j] |= r >= 0
            beats[j, i] |= r <= 0
            met[i, j] = met[j, i] = True
    for k in range(len(arms)):
        beats |= beats[:, k : k + 1] & beats[k : k + 1]
        met |= met[:, k : k + 1] & met[k : k + 1]
    if not met.all():
        return "unconnected"
    return "ok" if beats.all() else "unbounded"


def _fit(
    design: Array, result: NDArray[np.int64], weight: Array, ties: bool
) -> tuple[Array, float, Array] | None:
    """Newton's method from 0: parameters, log-likelihood, covariance; None if it diverges."""
    beta = np.zeros(design.shape[1] + ties)
    value = _log_likelihood(design, result, weight, beta, ties)
    for _ in range(100):
        scores, information = _derivatives(design, result, weight, beta, ties)
        gradient = weight @ scores
        try:
            step = np.linalg.solve(information, gradient)
        except np.linalg.LinAlgError:
            return None
        scale, moved = 1.0, value
        while scale > 1e-6:
            moved = _log_likelihood(design, result, weight, beta + scale * step, ties)
            if moved >= value:
                break
            scale /= 2
        beta, value = beta + scale * step, max(moved, value)
        if np.abs(step).max() < 1e-10 or np.abs(beta).max() > 2 * _UNBOUNDED:
            break
    _, information = _derivatives(design, result, weight, beta, ties)
    if np.linalg.cond(information) > 1e12:
        return None
    return beta, value, np.linalg.inv(information)


def _chances(design: Array, beta: Array, ties: bool) -> Array:
    """Chances of loss, tie and win: (rows, 3)."""
    eta = design @ beta[: design.shape[1]]
    tie = np.full(eta.size, beta[-1] if ties else -np.inf)
    logs = np.column_stack([-eta / 2, tie, eta / 2])
    logs -= logs.max(axis=1, keepdims=True)
    chances = np.exp(logs)
    return np.asarray(chances / chances.sum(axis=1, keepdims=True))


def _log_likelihood(
    design: Array, result: NDArray[np.int64], weight: Array, beta: Array, ties: bool
) -> float:
    chosen = _chances(design, beta, ties)[np.arange(result.size), result + 1]
    return float(weight @ np.log(np.maximum(chosen, 1e-300)))


def _derivatives(
    design: Array, result: NDArray[np.int64], weight: Array, beta: Array, ties: bool
) -> tuple[Array, Array]:
    """Each row's score (rows, parameters) and the information matrix."""
    loss, tie, win = _chances(design, beta, ties).T
    lean = (win - loss) / 2
    scores = design * (result / 2 - lean)[:, None]
    spread = (win + loss) / 4 - lean**2
    information = design.T @ (design * (weight * spread)[:, None])
    if ties:
        scores = np.column_stack([scores, (result == 0) - tie])
        cross = -design.T @ (weight * tie * lean)
        corner = weight @ (tie * (1 - tie))
        information = np.block([[information, cross[:, None]], [cross[None, :], corner]])
    return scores, information


def _sandwich(
    design: Array,
    result: NDArray[np.int64],
    weight: Array,
    beta: Array,
    covariance: Array,
    ties: bool,
    clusters: Sequence[Hashable],
) -> Array:
    """Covariance that holds when judgments of a cluster depend, times G/(G - 1)."""
    if len(clusters) != result.size:
        raise StatisticsError(f"{len(clusters)} clusters for {result.size} judgments")
    scores, _ = _derivatives(design, result, weight, beta, ties)
    numbers: dict[Hashable, int] = {}
    labels = [numbers.setdefault(c, len(numbers)) for c in clusters]
    if len(numbers) < 2:
        raise StatisticsError("one cluster tells nothing of the variance between clusters")
    sums = np.zeros((len(numbers), scores.shape[1]))
    np.add.at(sums, labels, scores * weight[:, None])
    meat = sums.T @ sums * (len(numbers) / (len(numbers) - 1))
    return np.asarray(covariance @ meat @ covariance)
