"""How often a hold is wrong: the status by the picture, beside the rule that stood before.

python -m tests.benchmarks.hold_rates [--draws 20000] [--seed 0] [--markdown]

Primaries of 1,000 items gain .04 where nothing else is said, and guards of 1,000 items have a
margin of .02; differences are normal, with deviations of .35 and .30. The means are drawn, since
with so many items the paired t is a test of a normal mean. "wrongly" is the chance that any
criterion is said to fail that doesn't: a guard that loses no more than its margin, a primary that
loses nothing. The rule before called harm by Holm's method at .05 over all criteria, and a primary
futile at .025.
"""

import argparse
import sys
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evalhub.stats.distributions import normal_cdf
from evalhub.stats.levels import HARM_ALPHA

MARGIN, FAMILY_ALPHA = 0.02, 0.05
PRIMARY_SE, GUARD_SE = 0.35 / 1000**0.5, 0.30 / 1000**0.5
say = sys.stdout.write


@dataclass(frozen=True, slots=True)
class Truth:
    """True differences of the primaries and of the guards."""

    name: str
    primaries: tuple[float, ...]
    guards: tuple[float, ...]


TRUTHS = (
    Truth("nothing lost, 4 guards", (0.04,), (0.0,) * 4),
    Truth("half the margin lost by each of 4", (0.04,), (-MARGIN / 2,) * 4),
    Truth("the whole margin lost by each of 4", (0.04,), (-MARGIN,) * 4),
    Truth("the whole margin lost by each of 16", (0.04,), (-MARGIN,) * 16),
    Truth("one primary −.05, one 0, the margin by each of 7", (-0.05, 0.0), (-MARGIN,) * 7),
)


def harm_p_values(truth: Truth, draws: int, seed: int) -> NDArray[np.float64]:
    """One-sided p-values against a bearable loss, shape (draws, criteria), primaries first."""
    rng = np.random.default_rng([seed, TRUTHS.index(truth)])
    means = np.array(truth.primaries + truth.guards)
    errors = np.array([PRIMARY_SE] * len(truth.primaries) + [GUARD_SE] * len(truth.guards))
    bounds = np.array([0.0] * len(truth.primaries) + [-MARGIN] * len(truth.guards))
    z = (rng.normal(means, errors, (draws, means.size)) - bounds) / errors
    return np.vectorize(normal_cdf)(z)


def as_before(truth: Truth, p: NDArray[np.float64]) -> NDArray[np.bool_]:
    """What Holm's method rejects at FAMILY_ALPHA, row by row, and which primaries are futile."""
    order = np.argsort(p, axis=1)
    due = FAMILY_ALPHA / np.arange(p.shape[1], 0, -1)
    kept = np.take_along_axis(p, order, axis=1) <= due
    found = np.zeros(p.shape, dtype=bool)
    np.put_along_axis(found, order, np.logical_and.accumulate(kept, axis=1), axis=1)
    primaries = np.arange(p.shape[1]) < len(truth.primaries)
    return found | (primaries & (p <= HARM_ALPHA))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--markdown", action="store_true")
    options = parser.parse_args()
    edge = "|" if options.markdown else " "
    heads = ["truth", "held", "wrongly", "wrongly, before"]
    say(f"{options.draws:,} draws a line, seed {options.seed}\n\n")
    say(f"{edge} {f' {edge} '.join(heads)} {edge}\n")
    if options.markdown:
        say(f"|{'---|' * len(heads)}\n")
    for truth in TRUTHS:
        p = harm_p_values(truth, options.draws, options.seed)
        harmless = np.array(
            [gain >= 0 for gain in truth.primaries] + [loss >= -MARGIN for loss in truth.guards]
        )
        fails, before = p <= HARM_ALPHA, as_before(truth, p)
        shares = [
            fails.any(axis=1).mean(),
            fails[:, harmless].any(axis=1).mean(),
            before[:, harmless].any(axis=1).mean(),
        ]
        told = [
            f"{share:.4f} ± {(share * (1 - share) / options.draws) ** 0.5:.4f}" for share in shares
        ]
        say(f"{edge} {f' {edge} '.join([truth.name, *told])} {edge}\n")


if __name__ == "__main__":
    main()
