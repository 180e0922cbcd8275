"""What was tried so that a mean's lower end keeps its level where the sample leans.

python -m tests.benchmarks.skew_candidates [--draws 40000] [--seed 0]

Cluster effects are log-normal to the worse as in one_sided (ICC .4), or normal: then the power is
told against Student's t, at a truth of three standard errors. Items that stand alone are normal,
with a gain of .08 and a deviation of .17, as there.
"""

import argparse
import math
import sys
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

Array = NDArray[np.float64]

ALPHA, SHAPE, ICC = 0.025, 0.75, 0.4


@dataclass(frozen=True, slots=True)
class Candidate:
    """Hall's transform with `unseen` times the skewness against the end, and `doubt` standard
    errors of it more; t with the share `df` of its degrees of freedom; None: t alone."""

    name: str
    unseen: float | None
    doubt: float
    df: float


CANDIDATES = (
    Candidate("t (CR2)", None, 0.0, 1.0),
    Candidate("t, half the degrees of freedom", None, 0.0, 0.5),
    Candidate("Hall's transform", 1.0, 0.0, 1.0),
    Candidate("the same, half the degrees", 1.0, 0.0, 0.5),
    Candidate("the same, a standard error of skewness more", 1.0, 1.0, 0.5),
    Candidate("the same, the skewness half as large again: of clusters", 1.5, 1.0, 0.5),
    Candidate("half a standard error, all degrees: of items", 1.5, 0.5, 1.0),
)


@dataclass(frozen=True, slots=True)
class Means:
    """Of each draw: the mean, its error, its skewness; and what all share."""

    mean: Array
    se: Array
    skew: Array
    doubt: float
    df: float


def means_of(values: Array) -> Means:
    """`values` (draws, units) of equal weight."""
    units = values.shape[1]
    mean = values.mean(axis=1)
    rest = values - mean[:, None]
    squares = (rest**2).sum(axis=1)
    se = np.sqrt(squares / (units - 1) / units)
    return Means(mean, se, (rest**3).sum(axis=1) / squares**1.5, math.sqrt(6) / units, units - 1)


def lower(found: Means, tried: Candidate) -> Array:
    """Each draw's lower end; with the transform, none is nearer to the mean than t's."""
    t = float(stdtrit(found.df, 1 - ALPHA))
    wide = float(stdtrit(found.df * tried.df, 1 - ALPHA))
    if tried.unseen is None:
        return np.asarray(found.mean - wide * found.se)
    against = np.maximum(-found.skew, -tried.unseen * found.skew) + tried.doubt * found.doubt
    g = np.where(np.abs(against) < 1e-9, 1e-9, against)
    errors = 3 * (1 - np.cbrt(1 - g * (wide + g / 6))) / g
    return np.asarray(found.mean - np.maximum(errors, t) * found.se)


def clusters(rng: np.random.Generator, draws: int, many: int, skewed: bool) -> Array:
    """Means of clusters of 10 items, of which the true mean is 0."""
    shape = (draws, many)
    effect = rng.normal(size=shape)
    if skewed:
        sd = math.sqrt(math.expm1(SHAPE**2) * math.exp(SHAPE**2))
        effect = (math.exp(SHAPE**2 / 2) - rng.lognormal(0, SHAPE, shape)) / sd
    own = rng.normal(0, math.sqrt((1 - ICC) / 10), shape)
    return np.asarray(math.sqrt(ICC) * effect + own)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=40000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    say = sys.stdout.write
    say("| lower end | 20 × 10, skewed | 40 × 10, skewed | power, 20 × 10 | 40 × 10 | 20 items |\n")
    say("| --- | ---: | ---: | ---: | ---: | ---: |\n")
    leaning = [means_of(clusters(rng, options.draws, many, True)) for many in (20, 40)]
    bells = [means_of(clusters(rng, options.draws, many, False)) for many in (20, 40)]
    gained = [(found, 3 * float(found.mean.std())) for found in bells]
    gained.append((means_of(rng.normal(0, 0.17, (options.draws, 20))), 0.08))
    for tried in CANDIDATES:
        missed = [f"{(lower(found, tried) > 0).mean():.4f}" for found in leaning]
        shown = [(lower(found, tried) + gain > 0).mean() for found, gain in gained]
        by_t = [(lower(found, CANDIDATES[0]) + gain > 0).mean() for found, gain in gained]
        power = [f"{ours / theirs:.2f}" for ours, theirs in zip(shown, by_t, strict=True)]
        say(f"| {' | '.join([tried.name, *missed, *power])} |\n")
    say(f"\nerror at .025: {math.sqrt(ALPHA * (1 - ALPHA) / options.draws):.4f}\n")


if __name__ == "__main__":
    main()
