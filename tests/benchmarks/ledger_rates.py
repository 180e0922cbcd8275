"""How often one of ten candidates that gain nothing ships, by each way that went past the ledger.

python -m tests.benchmarks.ledger_rates [--draws 20000] [--seed 0] [--markdown]

Ten candidates as good as the baseline are tried until one ships. All are compared with the same
baseline's answers to the same items, so their z-values correlate by one half. "before" is each
judged as that way had it; "now" as the ledger counts it, by the product's own level functions. A
rate passes up to .025 and two Monte Carlo errors.
"""

import argparse
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evalhub.stats.distributions import normal_quantile
from evalhub.verdict.levels import CHOSEN, FREE_RIVALS, level_of, stage_weights, staged_level

ALPHA, CANDIDATES, CORRELATION = 0.025, 10, 0.5
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Way:
    """A way past the ledger; both rates by the look that each of the ten was or is judged as.

    `draw` gives the z-values, shape (draws, tries); `before` and `now` the looks of each try: the
    numbers by which it is judged, several where items were added.
    """

    name: str
    draw: Callable[[np.random.Generator, int], Array]
    before: Sequence[Sequence[int]]
    now: Sequence[Sequence[int]]


def alike(
    correlation: float, tries: int = CANDIDATES
) -> Callable[[np.random.Generator, int], Array]:
    """z-values that share a part: the baseline's answers, or more of the candidate's own."""

    def draw(rng: np.random.Generator, draws: int) -> Array:
        shared = rng.standard_normal((draws, 1))
        own = rng.standard_normal((draws, tries))
        return math.sqrt(correlation) * shared + math.sqrt(1 - correlation) * own

    return draw


def added(stages: int) -> Callable[[np.random.Generator, int], Array]:
    """One candidate whose items are added to: z-values of all that is there at each look."""

    def draw(rng: np.random.Generator, draws: int) -> Array:
        new = rng.standard_normal((draws, stages))
        weights = np.array(stage_weights(stages))
        return np.asarray(np.cumsum(np.sqrt(weights) * new, axis=1) / np.sqrt(np.cumsum(weights)))

    return draw


def in_turn(tries: int, start: int = 1) -> list[tuple[int]]:
    return [(look,) for look in range(start, start + tries)]


def of_guards(number: Callable[[int], int], guards: int) -> list[tuple[int]]:
    """The looks at which the guards read beside each candidate are judged as primaries; `number`
    by how many candidates were read by then."""
    return [(number(read),) for read in range(1, CANDIDATES + 1) for _ in range(guards)]


def read_then_chosen(guards: int, correlation: float) -> Way:
    """Ten candidates, each with so many guards on its items, which are read with its number; then
    any of those guards, the luckiest, is made the primary. Whoever does it pays for each claim that
    was read, `CHOSEN` times; "before" is the number that comes next, as if only candidates had been
    read."""
    return Way(
        f"the luckiest of {guards} guard{'s' * (guards > 1)} beside each, alike by {correlation:g}",
        alike(correlation, CANDIDATES * (1 + guards)),
        in_turn(10) + of_guards(lambda read: read + 1, guards),
        in_turn(10) + of_guards(lambda read: CHOSEN * read * (1 + guards) + 1, guards),
    )


def rivals_tried(correlation: float) -> Way:
    """The three rivals that are shown beside the first of ten candidates without a number are tried
    themselves, or other prompts that are as lucky. They pay for each claim that was read, `CHOSEN`
    times; "before" are the numbers that come next."""
    return Way(
        f"{FREE_RIVALS} rivals shown beside the first, then tried, alike by {correlation:g}",
        alike(correlation, CANDIDATES + FREE_RIVALS),
        in_turn(10) + in_turn(FREE_RIVALS, 2),
        in_turn(10) + in_turn(FREE_RIVALS, 1 + CHOSEN * (1 + FREE_RIVALS)),
    )


def copied(correlation: float) -> Callable[[np.random.Generator, int], Array]:
    """z-values of ten fine-tunes, of which the second to the fourth are copies of the rivals that
    were shown beside the first, the luckiest first."""

    def draw(rng: np.random.Generator, draws: int) -> Array:
        z = alike(correlation)(rng, draws)
        z[:, 1 : 1 + FREE_RIVALS] = -np.sort(-z[:, 1 : 1 + FREE_RIVALS], axis=1)
        return z

    return draw


FIRST = [(1,)] * CANDIDATES
WAYS = (
    Way("answers replaced under one arm's name", alike(CORRELATION), FIRST, in_turn(10)),
    Way("an answer deleted, the difference read", alike(CORRELATION), FIRST, in_turn(10)),
    Way("the items under five names", alike(CORRELATION), in_turn(2) * 5, in_turn(10)),
    Way("asked again, runs alike by .5", alike(0.5), FIRST, in_turn(10)),
    Way("asked again, runs alike by .9", alike(0.9), FIRST, in_turn(10)),
    Way("a guard's answers replaced", alike(CORRELATION), FIRST, in_turn(10)),
    Way("guards on the primary's items, one number each decision", alike(0.5), FIRST, in_turn(10)),
    *(read_then_chosen(guards, alike_by) for guards in (1, 2, 10) for alike_by in (0.5, 0.0)),
    *(rivals_tried(alike_by) for alike_by in (0.5, 0.0)),
    Way(
        f"copies of {FREE_RIVALS} rivals, called fine-tunes, the luckiest first",
        copied(CORRELATION),
        in_turn(10),
        in_turn(10),
    ),
    Way("items added three times", added(4), [(1,)] * 4, [(1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)]),
)


def shipped(z: Array, looks: Sequence[Sequence[int]]) -> Array:
    """Whether any of the tries passes at its level, shape (draws,)."""
    due = [-normal_quantile(staged_level(each, alpha=ALPHA)) for each in looks]
    return np.asarray((z >= np.array(due)).any(axis=1), dtype=float)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--markdown", action="store_true")
    options = parser.parse_args()
    say = sys.stdout.write
    assert sum(level_of(k, alpha=ALPHA) for k in range(1, 1000)) < ALPHA
    if options.markdown:
        say("| way | before | now | |\n| --- | ---: | ---: | --- |\n")
    passed = True
    for way in WAYS:
        z = way.draw(np.random.default_rng(options.seed), options.draws)
        before, now = (shipped(z, looks).mean() for looks in (way.before, way.now))
        error = math.sqrt(now * (1 - now) / options.draws)
        well = now <= ALPHA + 2 * math.sqrt(ALPHA * (1 - ALPHA) / options.draws)
        passed &= bool(well)
        cells = [way.name, f"{before:.4f}", f"{now:.4f} ± {error:.4f}", "ok" if well else "ABOVE"]
        say(f"| {' | '.join(cells)} |\n" if options.markdown else f"{'  '.join(cells)}\n")
    sys.exit(not passed)


if __name__ == "__main__":
    main()
