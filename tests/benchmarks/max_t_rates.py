"""How often any of several arms that gain nothing ships, where they share one look by max-T.

python -m tests.benchmarks.max_t_rates [--draws 4000] [--seed 0] [--markdown] [--scene WORD]

The arms are checkpoints of one training: their differences from one baseline correlate. Each is
tested by the product's own tests at the level that `evalhub.stats.max_t` leaves it of the first
look's, from the correlation that is estimated on the same draw, beside Bonferroni's level. No arm
gains anything, so any that passes is a false ship. A rate passes up to the level and two Monte
Carlo errors. The last scenes have a primary and a guard, and half of the arms at the edge of one.
"""

import argparse
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evalhub.decision.levels import level_of
from evalhub.stats.max_t import correlation_floor, level_per_arm
from evalhub.stats.paired import p_one_sided

Array = NDArray[np.float64]
LEVEL = level_of(1, alpha=0.025)


def yes_no(n: int, arms: int, correlation: float, differ: float) -> Callable[..., Array]:
    """Differences (arms, n) of -1, 0, 1: each arm has the shared one with probability √ρ, else its
    own."""

    def draw(rng: np.random.Generator) -> Array:
        def ternary(shape: tuple[int, ...]) -> Array:
            signs = np.where(rng.random(shape) < 0.5, -1.0, 1.0)
            return np.where(rng.random(shape) < differ, signs, 0.0)

        shared = rng.random((arms, n)) < math.sqrt(correlation)
        return np.where(shared, ternary((1, n)), ternary((arms, n)))

    return draw


def graded(n: int, arms: int, correlation: float, *, skewed: bool = False) -> Callable[..., Array]:
    """Differences (arms, n) with deviation .17 in all; `skewed`: exponential to the worse."""

    def draw(rng: np.random.Generator) -> Array:
        parts = [rng.standard_normal((rows, n)) for rows in (1, arms)]
        if skewed:
            parts = [1 - rng.exponential(size=(rows, n)) for rows in (1, arms)]
        shared, own = parts
        return 0.17 * (math.sqrt(correlation) * shared + math.sqrt(1 - correlation) * own)

    return draw


@dataclass(frozen=True, slots=True)
class Scene:
    """`guard`: half of the arms gain surely and are at the edge of a guard on other items."""

    name: str
    arms: int
    draw: Callable[[np.random.Generator], Array]
    guard: bool = False


def scenes() -> list[Scene]:
    found = [
        Scene(
            f"yes/no, {n} items, {differ:g} differ, {arms} arms alike by {rho:g}",
            arms,
            yes_no(n, arms, rho, differ),
        )
        for n, differ in ((40, 0.3), (100, 0.2), (400, 0.1), (1000, 0.1))
        for arms, rho in ((2, 0.5), (2, 0.95), (3, 0.8), (5, 0.8), (10, 0.5), (10, 0.95))
    ]
    found += [
        Scene(f"graded, {n} items, {arms} arms alike by {rho:g}", arms, graded(n, arms, rho))
        for n in (40, 200, 1000)
        for arms, rho in ((2, 0.5), (2, 0.95), (3, 0.8), (5, 0.8), (10, 0.5), (10, 0.95))
    ]
    found += [
        Scene(
            f"graded, a long tail, {n} items, {arms} arms alike by {rho:g}",
            arms,
            graded(n, arms, rho, skewed=True),
        )
        for n in (40, 200)
        for arms, rho in ((3, 0.8), (10, 0.95))
    ]
    found += [
        Scene(
            f"a primary and a guard, 400 items each, {arms} arms alike by {rho:g}",
            arms,
            graded(400, arms, rho),
            guard=True,
        )
        for arms, rho in ((2, 0.95), (4, 0.8), (10, 0.9))
    ]
    return found


@dataclass(frozen=True, slots=True)
class Rate:
    """Shares of draws in which any arm passes, and the mean level an arm has of the look's."""

    max_t: float
    bonferroni: float
    one: float
    share: float


def rate(scene: Scene, draws: int, seed: int) -> Rate:
    """`one`: in how many the first arm passes at its level by max-T, which is what power gains."""
    rng = np.random.default_rng(seed)
    passed = np.zeros((draws, 3))
    shares = np.empty(draws)
    for i in range(draws):
        sets = [scene.draw(rng) for _ in range(1 + scene.guard)]
        floors = tuple(round(correlation_floor(each), 3) for each in sets)
        level = level_per_arm(LEVEL, scene.arms, floors)
        edge = scene.arms // 2 if scene.guard else scene.arms
        rows = [*sets[0][:edge], *(sets[-1][edge:] if scene.guard else ())]
        p = np.array([_p(row, LEVEL) for row in rows])
        passed[i] = (p <= level).any(), (p <= LEVEL / scene.arms).any(), p[0] <= level
        shares[i] = level / LEVEL
    max_t, bonferroni, one = (float(each) for each in passed.mean(axis=0))
    return Rate(max_t, bonferroni, one, float(shares.mean()))


def _p(differences: Array, largest: float) -> float:
    """The product's p-value against "gains nothing"; 1 where it is surely above `largest`."""
    n = differences.size
    error = differences.std(ddof=1) / math.sqrt(n)
    if error == 0 or differences.mean() < 1.2 * error:
        return 1.0
    if np.isin(differences, (-1.0, 0.0, 1.0)).all():
        before = np.where(differences < 0, 1.0, 0.0)
        after = np.where(differences > 0, 1.0, 0.0)
        return p_one_sided(before, after, bound=0.0, alternative="greater", alpha=largest)
    return p_one_sided(
        np.zeros(n), differences, bound=0.0, alternative="greater", bounds=(-3.0, 3.0)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--scene", default="")
    options = parser.parse_args()
    if options.markdown:
        sys.stdout.write(
            "| arms that gain nothing | level an arm, beside Bonferroni's | any ships | "
            "by Bonferroni | |\n| --- | ---: | ---: | ---: | --- |\n"
        )
    bound = LEVEL + 2 * math.sqrt(LEVEL * (1 - LEVEL) / options.draws)
    passed = True
    for scene in scenes():
        if options.scene not in scene.name:
            continue
        found = rate(scene, options.draws, options.seed)
        error = math.sqrt(found.max_t * (1 - found.max_t) / options.draws)
        passed &= found.max_t <= bound
        cells = [
            scene.name,
            f"{found.share * scene.arms:.2f}",
            f"{found.max_t:.4f} ± {error:.4f}",
            f"{found.bonferroni:.4f}",
            "ok" if found.max_t <= bound else "ABOVE",
        ]
        sys.stdout.write(
            f"| {' | '.join(cells)} |\n" if options.markdown else "  ".join(cells) + "\n"
        )
        sys.stdout.flush()
    sys.exit(not passed)


if __name__ == "__main__":
    main()
