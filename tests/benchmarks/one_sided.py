"""How often each end of an interval leaves out a truth that lies exactly on it, by simulation.

python -m tests.benchmarks.one_sided [--draws 10000] [--seed 0] [--scene NAME]

A guard that truly loses its margin passes where the lower end lies above the bound, so that is the
tail that matters; the upper one, by which harm is shown, stands beside it, and what Student's t (of
clusters CR2 with t) does on the same draws. Levels are those of a criterion by itself and of a
test set's first and fifth look. The last lines are the power of small sets of graded scores.
"""

import argparse
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evalhub.decision.levels import level_of
from evalhub.stats.clusters import clustered_mean
from evalhub.stats.distributions import t_quantile
from evalhub.stats.paired import compare

Array = NDArray[np.float64]
Rng = np.random.Generator
Draw = tuple[Array, NDArray[np.intp] | None]

ALPHA = 0.025
LEVELS = (ALPHA, level_of(1, alpha=ALPHA), level_of(5, alpha=ALPHA))
BASE, MARGIN = 0.6, 0.05
GAIN, SD = 0.08, 0.17


@dataclass(frozen=True, slots=True)
class Scene:
    """`draw` gives items' differences, of which the true mean is 0, and their clusters."""

    name: str
    draw: Callable[[Rng], Draw]


@dataclass(frozen=True, slots=True)
class Tails:
    """Shares of draws at one level: that left the truth below, above, and by t below."""

    lower: float
    upper: float
    student: float


def heavy_losses(n: int, share: float, rest: float = 0.07) -> Scene:
    """A share of the items loses .6; the others differ by `rest`."""

    def draw(rng: Rng) -> Draw:
        lost = rng.random(n) < share
        return rng.normal(0, rest, n) - 0.6 * lost + 0.6 * share, None

    return Scene(f"graded, {share:.0%} lose .6, n = {n}", draw)


def skewed_clusters(sizes: str, clusters: int, icc: float) -> Scene:
    """Log-normal effects of clusters (skewness 3.3) to the worse, normal ones of items."""
    shape = 0.75
    mean, sd = math.exp(shape**2 / 2), math.sqrt(math.expm1(shape**2) * math.exp(shape**2))

    def draw(rng: Rng) -> Draw:
        size = rng.integers(1, 101, clusters) if sizes == "1–100" else np.full(clusters, 10)
        labels = np.repeat(np.arange(clusters), size)
        effect = (mean - rng.lognormal(0, shape, clusters)) / sd
        own = rng.normal(0, math.sqrt(1 - icc), labels.size)
        return 0.1 * (math.sqrt(icc) * effect[labels] + own), labels

    return Scene(f"{clusters} skewed clusters of {sizes}, ICC {icc:g}", draw)


def bell(n: int) -> Scene:
    return Scene(f"graded, normal, n = {n}", lambda rng: (rng.normal(0, SD, n), None))


def leaning(n: int) -> Scene:
    """Exponential differences, a long tail to the worse (skewness 2)."""
    return Scene(f"graded, a long tail, n = {n}", lambda rng: (0.1 - rng.exponential(0.1, n), None))


SCENES = (
    heavy_losses(500, 0.06),
    heavy_losses(250, 0.12),
    skewed_clusters("1–100", 20, 0.4),
    skewed_clusters("10", 20, 0.4),
    skewed_clusters("10", 40, 0.4),
    skewed_clusters("10", 40, 0.2),
    bell(20),
    bell(45),
    leaning(20),
    leaning(50),
)


def tails(scene: Scene, draws: int, seed: int = 0) -> list[Tails]:
    """One for each of LEVELS; the standard error of a share p is √(p(1 − p)/draws)."""
    rng = np.random.default_rng([seed, *scene.name.encode()])
    below, above, by_t = (np.zeros(len(LEVELS)) for _ in range(3))
    for _ in range(draws):
        d, labels = scene.draw(rng)
        base = np.full(d.size, BASE)
        mean = clustered_mean(d, labels)
        for i, alpha in enumerate(LEVELS):
            found = compare(base, base + d - MARGIN, clusters=labels, alpha=alpha)
            below[i] += found.lower > -MARGIN
            above[i] += found.upper < -MARGIN
            by_t[i] += mean.mean - t_quantile(1 - alpha, mean.df) * mean.se > 0
    each = zip(below, above, by_t, strict=True)
    return [Tails(*(float(count) / draws for count in counts)) for counts in each]


def power(n: int, draws: int, seed: int = 0) -> tuple[float, float]:
    """Shares of draws that show a gain of .08 with a deviation of .17: here, and by Student's t."""
    rng = np.random.default_rng([seed, n])
    ours = theirs = 0
    for _ in range(draws):
        d = rng.normal(GAIN, SD, n)
        base = np.full(n, 0.5)
        ours += compare(base, base + d).lower > 0
        t = t_quantile(1 - ALPHA, n - 1)
        theirs += d.mean() - t * d.std(ddof=1) / math.sqrt(n) > 0
    return ours / draws, theirs / draws


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=10000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--scene", default="", help="only scenes of which the name starts so")
    options = parser.parse_args()
    say = sys.stdout.write
    say(f"{options.draws:,} draws a scene\n\n| scene, truth on the bound | level | lower end | ")
    say("upper end | t, lower |\n| --- | ---: | ---: | ---: | ---: |\n")
    for scene in SCENES:
        if scene.name.startswith(options.scene):
            for alpha, found in zip(LEVELS, tails(scene, options.draws, options.seed), strict=True):
                error = math.sqrt(alpha * (1 - alpha) / options.draws)
                kept = "ok" if found.lower <= alpha + 2 * error else "above"
                say(
                    f"| {scene.name} | {alpha:.3g} | {found.lower:.4f} ± {error:.4f} {kept} | "
                    f"{found.upper:.4f} | {found.student:.4f} |\n"
                )
                sys.stdout.flush()
    if not options.scene:
        say("\n| power: gain .08, deviation .17 | here | Student's t | share |\n")
        say("| --- | ---: | ---: | ---: |\n")
        for n in (20, 30, 45):
            ours, theirs = power(n, options.draws, options.seed)
            say(f"| n = {n} | {ours:.3f} | {theirs:.3f} | {ours / theirs:.0%} |\n")


if __name__ == "__main__":
    main()
