"""How often a budget of the slowest answers (a p95) ships or holds, where the truth is known.

python -m tests.benchmarks.quantile_rates [--draws 2000] [--seed 0] [--markdown]

Every draw is a study of one budget, judged by the gate's own functions. But for the last lines the
candidate's p95 is exactly the ratio that is allowed: a ship is false, and so is a hold.
"""

import argparse
from collections import Counter
from collections.abc import Callable, Iterator

import numpy as np

from evalhub.schemas.criteria import Criterion
from evalhub.verdict.rule import decide
from tests.benchmarks.gate_rates import Line, Table, rates
from tests.benchmarks.gate_scenes import Array, Rng, Scene, asked, measured

QUANTILE, TOP, MOST = 0.95, 1.6448536, 1.2
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


def broken(n: int, share: float) -> Scene:
    """`share` of each arm's answers take twenty times as long: the distribution has a gap."""

    def draw(rng: Rng) -> list[Criterion]:
        times = rng.lognormal(0, 0.3, (2, n)) * np.where(rng.random((2, n)) < share, 20, 1)
        return study(times[0], MOST * times[1])

    return scene(f"{n} items, {share:.1%} take 20 times as long", draw)


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
    shaped(500, shared=0.8),
    shaped(72, 0.3, 1.0, shared=0),
    shaped(200, 0.3, 1.0, shared=0),
    shaped(200, 1.0, 0.3, shared=0),
    shaped(500, 0.3, 1.0, shared=0),
    broken(100, 0.052),
    broken(500, 0.048),
    broken(500, 0.052),
    clustered(40, 10),
    clustered(20, 50),
    clustered(100, 5),
    *(shaped(n, ratio=1.0) for n in (200, 500, 1000)),
)


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
    options = parser.parse_args()
    table = Table(["slowest answers", "draws"], [66, 5])
    table.print(lines(options.draws, options.seed), markdown=options.markdown)


if __name__ == "__main__":
    main()
