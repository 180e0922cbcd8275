"""How often the gate ships, holds or asks for more, by simulation of truths that are known.

python -m tests.benchmarks.gate_rates [--draws 10000] [--seed 0] [--markdown]

Every draw is a study: scores of a primary and of up to 16 guards, each measured and judged by the
gate's own functions. One draw is judged with its first guard, its first four and all 16, so these
lines of one truth share their noise. Yes/no scores with equal counts are measured once. A ship is
false where the primary gains nothing or a guard loses its margin or more.
"""

import argparse
import math
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np

from evalhub.gate.criteria import Criterion, Requirement
from evalhub.gate.measuring import measure
from evalhub.gate.verdict import decide

ALPHA, MARGIN, PLANNED_GAIN = 0.025, 0.02, 0.04
GUARDS = (1, 4, 16)
PRIMARY_N, PRIMARY_SD, GUARD_SD = 1000, 0.35, 0.30
PRIMARY = Requirement("primary", "primary", "primary", "score")
GUARD = Requirement("guard", "guard", "guard", "score", margin=MARGIN)


@dataclass(frozen=True, slots=True)
class Truth:
    """True differences: the primary's, the first guard's and every other guard's."""

    name: str
    primary: float
    first_guard: float
    guards: float
    guard_n: int

    @property
    def may_ship(self) -> bool:
        return self.primary > 0 and min(self.first_guard, self.guards) > -MARGIN


TRUTHS = (
    Truth("all equal", 0, 0, 0, 1000),
    Truth("primary +.04, guards 0", 0.04, 0, 0, 1000),
    Truth("primary +.04, guards 0", 0.04, 0, 0, 2500),
    Truth("one guard exactly −margin", 0.04, -MARGIN, 0, 2500),
    Truth("one guard −.05", 0.04, -0.05, 0, 2500),
    Truth("primary −.03", -0.03, 0, 0, 2500),
    Truth("primary 0, guards surely kept", 0, 0.03, 0.03, 2500),
    Truth("one guard −margin, the rest sure", 0.12, -MARGIN, 0.03, 2500),
)

Draw = Callable[[Requirement, float, float, int], Criterion]


def continuous(rng: np.random.Generator) -> Draw:
    """Normal differences; the arms lie around the middle of the scale."""

    def draw(asked: Requirement, truth: float, sd: float, n: int) -> Criterion:
        half = rng.normal(truth / 2, sd / 2, n)
        return measure(asked, 0.5 - half, 0.5 + half, alpha=ALPHA, planned_gain=PLANNED_GAIN)

    return draw


def binary(rng: np.random.Generator) -> Draw:
    """Yes/no scores of which as many differ as gives the differences their deviation."""

    def draw(asked: Requirement, truth: float, sd: float, n: int) -> Criterion:
        differ = sd**2 + truth**2
        won, lost = (differ + truth) / 2, (differ - truth) / 2
        wins, losses, _ = rng.multinomial(n, [won, lost, 1 - differ])
        return measured_counts(asked, n, int(wins), int(losses))

    return draw


@lru_cache(None)
def measured_counts(asked: Requirement, n: int, wins: int, losses: int) -> Criterion:
    baseline, candidate = np.zeros(n), np.zeros(n)
    candidate[:wins] = 1
    baseline[wins : wins + losses] = 1
    return measure(asked, baseline, candidate, alpha=ALPHA, planned_gain=PLANNED_GAIN)


KINDS = {"continuous": continuous, "yes/no": binary}


def verdicts(kind: str, truth: Truth, draws: int, seed: int) -> dict[int, Counter[str]]:
    """How often each verdict is given, by the number of guards."""
    rng = np.random.default_rng([seed, list(KINDS).index(kind), TRUTHS.index(truth)])
    draw = KINDS[kind](rng)
    found: dict[int, Counter[str]] = {guards: Counter() for guards in GUARDS}
    for _ in range(draws):
        criteria = [draw(PRIMARY, truth.primary, PRIMARY_SD, PRIMARY_N)]
        for i in range(max(GUARDS)):
            loss = truth.guards if i else truth.first_guard
            criteria.append(draw(GUARD, loss, GUARD_SD, truth.guard_n))
        for guards, counts in found.items():
            counts[decide("tuned", criteria[: 1 + guards]).verdict] += 1
    return found


def lines(draws: int, seed: int) -> Iterator[tuple[list[str], bool]]:
    """The table's cells, and whether the line's false ships are as rare as promised."""
    cases = list(product(KINDS, TRUTHS))
    allowed = ALPHA + 2 * math.sqrt(ALPHA * (1 - ALPHA) / draws)
    with ProcessPoolExecutor(2) as workers:
        jobs = [workers.submit(verdicts, kind, truth, draws, seed) for kind, truth in cases]
        for (kind, truth), job in zip(cases, jobs, strict=True):
            for guards, counts in job.result().items():
                rate = {verdict: count / draws for verdict, count in counts.items()}
                ship, hold = rate.get("ship", 0.0), rate.get("hold", 0.0)
                false, kept = "true gain", True
                if not truth.may_ship:
                    kept = ship <= allowed
                    error = math.sqrt(ship * (1 - ship) / draws)
                    false = f"{ship:.4f} ± {error:.4f} {'ok' if kept else 'TOO MANY'}"
                more = rate.get("need-more-data", 0.0)
                shares = [f"{share:.3f}" for share in (ship, hold, more)]
                yield [kind, truth.name, str(truth.guard_n), str(guards), *shares, false], kept


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--markdown", action="store_true")
    options = parser.parse_args()
    error = math.sqrt(ALPHA * (1 - ALPHA) / options.draws)
    say = sys.stdout.write
    say(
        f"{options.draws:,} draws a line, seed {options.seed}; Monte Carlo error at .025: "
        f"{error:.4f}, so false ships may reach {ALPHA + 2 * error:.4f}\n\n"
    )
    heads = ["scores", "truth", "guard n", "guards", "ship", "hold", "more", "false ships"]
    widths = [10, 32, 7, 6, 5, 5, 5, 18]
    edge, between = ("| ", " | ") if options.markdown else ("", "  ")
    say(line(heads, widths, edge, between))
    if options.markdown:
        say(line(["-" * width for width in widths], widths, edge, between))
    broken = 0
    for cells, kept in lines(options.draws, options.seed):
        say(line(cells, widths, edge, between))
        sys.stdout.flush()
        broken += not kept
    promise = "hold everywhere" if not broken else f"are broken on {broken} lines"
    say(f"\nFalse ships of at most .025 (+ 2 Monte Carlo errors) {promise}.\n")


def line(cells: list[str], widths: list[int], edge: str, between: str) -> str:
    padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=True)]
    return (edge + between.join(padded) + edge[::-1]).rstrip() + "\n"


if __name__ == "__main__":
    main()
