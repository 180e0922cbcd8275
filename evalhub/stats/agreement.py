"""How far raters agree: raw, beyond chance in two ways, and rater by rater."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evalhub.stats.disagreements import (
    Disagreements,
    distances,
    score_ends,
    unit_disagreements,
)
from evalhub.stats.intervals import Estimate
from evalhub.stats.kappa import (
    Weighting,
    brennan_prediger,
    cohen,
    confusion,
    fleiss,
    gwet,
    raw_agreement,
    weight_matrix,
)
from evalhub.stats.krippendorff import alphas
from evalhub.stats.ratings import (
    NOMINAL,
    Label,
    Level,
    Patterns,
    Ratings,
    check_level,
    patterns,
    read_ratings,
)

Array = NDArray[np.float64]

_FEW_UNITS = 3
_SKEWED = 0.95
_UNDEFINED_ALLOWED = 0.05
_ROUNDING = 1e-9
# Products of two matrices up to this size aren't worth several threads, which wait for each
# other where the machine is busy.
_PRODUCTS_AT_ONCE = 200_000
_FEWEST_ROWS = 16
_CELLS_AT_ONCE = 1_000_000
_WEIGHTING: dict[Level, Weighting] = {
    "nominal": "identity",
    "ordinal": "ordinal",
    "interval": "quadratic",
    "ratio": "quadratic",
}


@dataclass(frozen=True, slots=True)
class Agreement:
    """What raters agree on; a value that is undefined is None, and `state` says why.

    `state` is "ok" or one of: "no-overlap" (no unit has two ratings), "one-category" (every
    rating is the same: raw agreement is 1 and chance cannot be told from skill), "one-unit" and
    "few-units" (one has, or two or three, so there are no intervals), "uniform" (raters agree
    on every unit, or differ alike on all: an interval from resampled units would have no
    width, so there is none), "skewed" (one label has 95% of the ratings or more: alpha and
    kappa then hang on a few ratings; read raw agreement and AC1).
    `raw_agreement` is the share of pairs of ratings of a unit that are equal. `prevalence` is
    each label's share of all ratings; of a declared scale it has all labels, and `labels` is
    how many chance was reckoned with.
    """

    units: int
    raters: int
    ratings: int
    level: Level
    raw_agreement: float | None
    krippendorff_alpha: Estimate
    gwet_ac1: Estimate
    fleiss_kappa: float | None
    brennan_prediger: float | None
    prevalence: dict[Label, float]
    labels: int
    state: str


@dataclass(frozen=True, slots=True)
class RaterAgreement:
    """One rater against the rest: `agreement` is the mean share of others who gave the same."""

    rater: object
    ratings: int
    agreement: float | None


@dataclass(frozen=True, slots=True)
class PairKappa:
    """Cohen's kappa of two raters over the `units` that both rated."""

    raters: tuple[object, object]
    units: int
    value: float | None
    se: float | None


def agreement(
    ratings: Mapping[object, Mapping[object, Label | None]]
    | Sequence[Sequence[Label | None]]
    | NDArray[np.generic]
    | Ratings,
    *,
    level: Level = NOMINAL,
    scale: Sequence[Label] | None = None,
    seed: int = 0,
    resamples: int = 2000,
) -> Agreement:
    """Agreement from {unit: {rater: label}}, rows of units by raters, or Ratings.

    `scale` has the labels that could have been given. Gwet's and Brennan and Prediger's chance
    goes by how many there are (Gwet 2014, ch. 4: q is the scale's); without it by those that
    occur, and one stray label moves both. The 95% intervals come from `resamples` seeded
    bootstrap draws of units, and are no narrower than the score interval of the disagreement
    leaves them (evalhub.stats.disagreements). On levels above nominal, `gwet_ac1` is AC2 with
    ordinal or quadratic weights; so are the kappas. Raises StatisticsError for an empty table,
    labels that don't suit the level or the scale, or an unknown level.
    """
    check_level(level)
    table = ratings if isinstance(ratings, Ratings) else read_ratings(ratings, scale=scale)
    counted = patterns(table)
    per_pattern = counted.counts.sum(axis=1)
    pairable = int(counted.units[per_pattern >= 2].sum())
    totals = counted.units @ counted.counts
    total = int(totals.sum())
    prevalence = {
        label: float(count / total) for label, count in zip(table.labels, totals, strict=True)
    }
    agree = _agreement_weights(table, level)
    weights = counted.units[None, :].astype(float)
    raw = float(raw_agreement(counted, weights, np.eye(len(table.labels)))[0])
    alpha, ac1 = _estimates(counted, table, level, agree, pairable, seed, resamples)
    return Agreement(
        units=int(counted.units[per_pattern >= 1].sum()),
        raters=int(np.count_nonzero((table.codes >= 0).any(axis=0))),
        ratings=total,
        level=level,
        raw_agreement=raw if pairable else None,
        krippendorff_alpha=alpha,
        gwet_ac1=ac1,
        fleiss_kappa=fleiss(counted, agree) if pairable else None,
        brennan_prediger=brennan_prediger(counted, agree) if pairable else None,
        prevalence=prevalence,
        labels=len(table.labels),
        state=_state(pairable, resamples > 0 and alpha.lower is ac1.lower is None, prevalence),
    )


def rater_agreement(ratings: Ratings) -> list[RaterAgreement]:
    """Each rater's agreement with the rest, in the raters' order; None where none overlaps."""
    result = []
    for column, rater in enumerate(ratings.raters):
        own = ratings.codes[:, column]
        rated = own >= 0
        others = np.delete(ratings.codes[rated], column, axis=1)
        present = (others >= 0).sum(axis=1)
        same = (others == own[rated, None]).sum(axis=1)
        shared = present > 0
        mean = float((same[shared] / present[shared]).mean()) if shared.any() else None
        result.append(RaterAgreement(rater, int(rated.sum()), mean))
    return result


def pair_kappas(ratings: Ratings, *, level: Level = NOMINAL) -> list[PairKappa]:
    """Cohen's kappa of every two raters, in the raters' order.

    Above nominal it is weighted: by how many labels lie between on the ordinal level, by the
    squared difference of values on the interval and ratio levels. Raises StatisticsError for
    labels that don't suit the level.
    """
    check_level(level)
    weighting = _WEIGHTING[level]
    values = None if level == "nominal" else ratings.values
    result = []
    for i, first in enumerate(ratings.raters):
        for j in range(i + 1, len(ratings.raters)):
            table = confusion(ratings, i, j)
            units = int(table.sum())
            kappa = cohen(table, weighting=weighting, values=values) if units else None
            result.append(
                PairKappa(
                    (first, ratings.raters[j]),
                    units,
                    kappa.value if kappa else None,
                    kappa.se if kappa else None,
                )
            )
    return result


def _agreement_weights(table: Ratings, level: Level) -> Array:
    if level == "nominal":
        return np.eye(len(table.labels))
    return weight_matrix(table.values, _WEIGHTING[level])


def _estimates(
    counted: Patterns,
    table: Ratings,
    level: Level,
    agree: Array,
    pairable: int,
    seed: int,
    resamples: int,
) -> tuple[Estimate, Estimate]:
    if pairable == 0:
        return Estimate(None), Estimate(None)
    weights = counted.units[None, :].astype(float)
    alpha = float(alphas(counted, weights, level, table)[0])
    ac1 = float(gwet(counted, weights, agree)[0])
    if pairable <= _FEW_UNITS or resamples == 0 or len(table.labels) < 2:
        return Estimate(_optional(alpha)), Estimate(_optional(ac1))
    drawn_alpha, drawn_ac1 = np.empty(resamples), np.empty(resamples)
    rng = np.random.default_rng(seed)
    per_pattern = counted.counts.sum(axis=1)
    rows = max(_FEWEST_ROWS, _PRODUCTS_AT_ONCE // (counted.counts.size + 2 * per_pattern.size))
    rows = max(1, min(rows, _CELLS_AT_ONCE // per_pattern.size))
    for start in range(0, resamples, rows):
        part = slice(start, min(start + rows, resamples))
        drawn = _resample(counted.units, per_pattern, part.stop - part.start, rng)
        drawn_alpha[part] = alphas(counted, drawn, level, table)
        drawn_ac1[part] = gwet(counted, drawn, agree)
    of_ratings = unit_disagreements(counted, distances(counted, level, table), by_rating=True)
    of_units = unit_disagreements(counted, 1 - agree, by_rating=False)
    return _estimate(alpha, drawn_alpha, of_ratings), _estimate(ac1, drawn_ac1, of_units)


def _resample(
    units: NDArray[np.int64], per_pattern: Array, rows: int, rng: np.random.Generator
) -> Array:
    """How often each pattern (rows, patterns) is drawn when as many units are drawn with
    replacement: as many with two ratings or more, and as many with fewer, which say nothing of
    agreement."""
    drawn = np.zeros((rows, units.size))
    for kind in (per_pattern >= 2, per_pattern < 2):
        n = int(units[kind].sum())
        if n:
            drawn[:, kind] = rng.multinomial(n, units[kind] / n, size=rows)
    return drawn


def _estimate(value: float, drawn: Array, disagreements: Disagreements) -> Estimate:
    """The percentile interval, no narrower than the score interval of the disagreement; none where
    it would rest on too many undefined draws, or on draws that are all alike."""
    if np.isnan(value):
        return Estimate(None)
    defined = drawn[~np.isnan(drawn)]
    if defined.size == 0 or defined.size < (1 - _UNDEFINED_ALLOWED) * drawn.size:
        return Estimate(value)
    if np.ptp(defined) < _ROUNDING:
        return Estimate(value)
    lower, upper = (float(end) for end in np.quantile(defined, [0.025, 0.975]))
    least, most = score_ends(value, disagreements, float(defined.std()))
    return Estimate(value, min(lower, least), max(upper, most))


def _optional(value: float) -> float | None:
    return None if np.isnan(value) else value


def _state(pairable: int, uniform: bool, prevalence: dict[Label, float]) -> str:
    if pairable == 0:
        return "no-overlap"
    if max(prevalence.values()) == 1:
        return "one-category"
    if pairable <= _FEW_UNITS:
        return "one-unit" if pairable == 1 else "few-units"
    if uniform:
        return "uniform"
    return "skewed" if max(prevalence.values()) >= _SKEWED else "ok"
