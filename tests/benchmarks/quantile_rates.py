"""How often a budget of the slowest answers (a p95) ships or holds, where the truth is known.

python -m tests.benchmarks.quantile_rates [--draws 2000] [--seed 0] [--markdown] [--bootstrap]

Every draw is a study of one budget, judged by the gate's own functions. But for the last lines the
candidate's p95 is exactly the ratio that is allowed: a ship is false, and so is a hold. With
`--bootstrap` the power stands beside that of a paired bootstrap (percentiles of 999 resamples of
the items, at level .013), and both beside how often they pass on the bound.
"""

import argparse
import math
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from statistics import NormalDist

import numpy as np
from scipy import special

from evalhub.decision.criterion import Criterion
from evalhub.decision.rule import decide
from evalhub.stats.quantiles import ratio_of_quantiles
from tests.benchmarks.gate_rates import Line, Table, rates
from tests.benchmarks.gate_scenes import Array, Rng, Scene, asked, measured

QUANTILE, TOP, MOST = 0.95, 1.6448536, 1.2
# Spreads of the times' logarithms and correlations at which the power is held against a bootstrap.
BESIDE = ((0.3, 0.0), (0.3, 0.5), (0.3, 0.8), (0.5, 0.8), (0.5, 0.9), (0.5, 0.95))
BUDGET = asked("budget", max_ratio=MOST, quantile=QUANTILE, higher_is_better=False)


def study(base: Array, tuned: Array, clusters: Array | None = None) -> list[Criterion]:
    labels = None if clusters is None else [str(each) for each in clusters]
    return [measured(BUDGET, base, tuned, clusters=labels)]


def scene(name: str, draw: Callable[[Rng], list[Criterion]], ratio: float = MOST) -> Scene:
    return Scene("slowest answers", f"{name}, {ratio:g}× of at most {MOST:g}×", ratio < MOST, draw)


def shaped(
    n: int, base: float = 0.5, tuned: float = 0.5, shared: float = 0.5, ratio: float = MOST
) -> Scene:
    """Log-normal times that spread by `base` and `tuned`; `shared` is the arms' correlation."""

    def draw(rng: Rng) -> list[Criterion]:
        item, own = rng.normal(size=(2, n))
        other = shared * item + (1 - shared**2) ** 0.5 * own
        return study(np.exp(base * (item - TOP)), ratio * np.exp(tuned * (other - TOP)))

    spread = "" if base == tuned else f", spreads {base:g} and {tuned:g}"
    return scene(f"{n} items, correlation {shared:g}{spread}", draw, ratio)


def broken(n: int, share: float, shared: float = 0.0) -> Scene:
    """`share` of each arm's answers take twenty times as long: the distribution has a gap. What
    makes them do so is correlated by `shared`."""
    slow = NormalDist().inv_cdf(1 - share)

    def draw(rng: Rng) -> list[Criterion]:
        item, own = rng.normal(size=(2, n))
        causes = np.array([item, shared * item + (1 - shared**2) ** 0.5 * own])
        times = rng.lognormal(0, 0.3, (2, n)) * np.where(causes > slow, 20, 1)
        return study(times[0], MOST * times[1])

    alike = f", alike by {shared:g}" if shared else ""
    return scene(f"{n} items, {share:.1%} take 20 times as long{alike}", draw)


def heavy(n: int, shared: float, shape: float = 1.5) -> Scene:
    """Pareto times, without a variance."""

    def draw(rng: Rng) -> list[Criterion]:
        item, own = rng.normal(size=(2, n))
        other = shared * item + (1 - shared**2) ** 0.5 * own
        base, tuned = (special.ndtr(-z) ** (-1 / shape) for z in (item, other))
        return study(base, MOST * tuned)

    return scene(f"{n} items, Pareto, correlation {shared:g}", draw)


def tied(n: int, shared: float, step: float = 0.25) -> Scene:
    """Times that are known to a quarter of their quantile."""

    def draw(rng: Rng) -> list[Criterion]:
        item, own = rng.normal(size=(2, n))
        other = shared * item + (1 - shared**2) ** 0.5 * own
        base, tuned = (np.ceil(np.exp(0.5 * (z - TOP)) / step) for z in (item, other))
        return study(base, MOST * tuned)

    return scene(f"{n} items, many ties, correlation {shared:g}", draw)


def clustered(groups: int, size: int) -> Scene:
    """Conversations: a third of the variance of a time's logarithm is theirs."""

    def draw(rng: Rng) -> list[Criterion]:
        labels = np.repeat(np.arange(groups), size)
        shared = rng.normal(0, 0.3**0.5, (2, groups))[:, labels]
        times = np.exp(0.6 * (shared + rng.normal(0, 0.7**0.5, (2, labels.size))))
        return study(times[0], MOST * times[1], labels)

    return scene(f"{groups} clusters of {size}", draw)


SCENES = (
    *(shaped(n, shared=0) for n in (72, 100, 200, 500, 2000)),
    shaped(200, shared=-0.5),
    shaped(200, shared=0.95),
    shaped(500, shared=0.8),
    shaped(72, 0.3, 1.0, shared=0),
    shaped(200, 0.3, 1.0, shared=0),
    shaped(200, 1.0, 0.3, shared=0),
    shaped(500, 0.3, 1.0, shared=0),
    shaped(100, 1.0, 0.3, shared=0.9),
    shaped(200, 0.3, 1.0, shared=0.9),
    broken(100, 0.052),
    broken(500, 0.048),
    broken(500, 0.052),
    broken(200, 0.052, 0.95),
    broken(500, 0.052, 0.95),
    heavy(200, 0.0),
    heavy(200, 0.9),
    tied(200, 0.0),
    tied(200, 0.9),
    clustered(40, 10),
    clustered(20, 50),
    clustered(100, 5),
    *(shaped(n, ratio=1.0) for n in (200, 500, 1000)),
    shaped(200, shared=0.9, ratio=1.0),
    shaped(200, 0.3, 0.3, shared=0.5, ratio=1.0),
    shaped(200, 0.3, 0.3, shared=0.8, ratio=1.0),
)
POWERS = tuple((n, spread, shared) for n in (100, 200) for spread, shared in BESIDE)


def beside_bootstrap(draws: int, seed: int) -> Iterator[str]:
    """Of each of POWERS: how often a ratio of 1 passes a budget of 1.2, and how often one of 1.2
    does, here and by the bootstrap."""
    yield "| items | spread | correlation | here | bootstrap | on the bound: here | bootstrap |"
    yield "| ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    for n, spread, shared in POWERS:
        rng = np.random.default_rng([seed, 12, n, int(10 * spread), int(100 * shared)])
        passed = np.zeros((2, 2))
        for _ in range(draws):
            item, own = rng.normal(size=(2, n))
            other = shared * item + (1 - shared**2) ** 0.5 * own
            base, tuned = np.exp(spread * item), np.exp(spread * other)
            resampled = resampled_upper(base, tuned, rng)
            for row, ratio in enumerate((1.0, MOST)):
                upper = ratio_of_quantiles(base, ratio * tuned, quantile=QUANTILE).upper
                passed[row] += upper is not None and upper < MOST, ratio * resampled < MOST
        shares = " | ".join(f"{share:.3f}" for share in (passed / draws).ravel())
        yield f"| {n} | {spread:g} | {shared:g} | {shares} |"


def resampled_upper(base: Array, tuned: Array, rng: Rng, level: float = 0.013) -> float:
    """The upper end of the ratio by the percentiles of a paired bootstrap of the items."""
    n, rank = base.size, math.ceil(QUANTILE * base.size) - 1
    drawn = rng.integers(0, n, (999, n))
    tops = [np.partition(arm[drawn], rank, axis=1)[:, rank] for arm in (base, tuned)]
    return float(np.quantile(tops[1] / tops[0], 1 - level))


def lines(draws: int, seed: int) -> Iterator[Line]:
    for index, each in enumerate(SCENES):
        rng = np.random.default_rng([seed, 11, index])
        verdicts = Counter(decide("tuned", each.draw(rng)).verdict for _ in range(draws))
        yield rates([each.name, f"{draws:,}"], verdicts, each.may_ship)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--bootstrap", action="store_true")
    options = parser.parse_args()
    if options.bootstrap:
        for line in beside_bootstrap(options.draws, options.seed):
            sys.stdout.write(f"{line}\n")
        return
    table = Table(["slowest answers", "draws"], [66, 5])
    table.print(lines(options.draws, options.seed), markdown=options.markdown)


if __name__ == "__main__":
    main()
