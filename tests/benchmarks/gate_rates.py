"""How often the gate ships, holds or asks for more, by simulation of truths that are known.

python -m tests.benchmarks.gate_rates [--draws 10000] [--seed 0] [--markdown] [--part PART]

Of the part "guards" every draw is a study: scores of a primary and of up to 16 guards, each
measured and judged by the gate's own functions. One draw is judged with its first guard, its first
four and all 16, so these lines of one truth share their noise. Yes/no scores with equal counts are
measured once. A ship is false where the primary gains nothing or a guard loses its margin or more.
The other parts are the families of gate_scenes.
"""

import argparse
import math
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np

from evalhub.decision.criterion import Criterion
from evalhub.decision.measuring import measure
from evalhub.decision.requirements import Requirement
from evalhub.decision.rule import decide
from tests.benchmarks.gate_scenes import SCENES

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

Line = tuple[list[str], bool]

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


def scene_verdicts(index: int, draws: int, seed: int) -> Counter[str]:
    """Of a scene by its place in SCENES, since itself it doesn't travel between processes."""
    scene, rng = SCENES[index], np.random.default_rng([seed, 7, index])
    found: Counter[str] = Counter()
    for _ in range(draws):
        found[decide("tuned", scene.draw(rng), primaries=scene.primaries).verdict] += 1
    return found


def guard_lines(draws: int, seed: int, workers: ProcessPoolExecutor) -> Iterator[Line]:
    cases = list(product(KINDS, TRUTHS))
    jobs = [workers.submit(verdicts, kind, truth, draws, seed) for kind, truth in cases]
    for (kind, truth), job in zip(cases, jobs, strict=True):
        for guards, counts in job.result().items():
            where = [kind, truth.name, str(truth.guard_n), str(guards)]
            yield rates(where, counts, truth.may_ship)


def scene_lines(family: str, draws: int, seed: int, workers: ProcessPoolExecutor) -> Iterator[Line]:
    scenes = [scene for scene in SCENES if scene.family == family]
    jobs = [
        workers.submit(scene_verdicts, SCENES.index(scene), int(draws * scene.share), seed)
        for scene in scenes
    ]
    for scene, job in zip(scenes, jobs, strict=True):
        counts = job.result()
        yield rates([scene.name, f"{counts.total():,}"], counts, scene.may_ship, scene.warned)


def rates(where: list[str], counts: Counter[str], may_ship: bool, warned: bool = False) -> Line:
    """The table's cells, and whether the line's false ships are as rare as promised; of what a
    policy has to allow and is warned of, nothing is."""
    draws = counts.total()
    shares = [counts[verdict] / draws for verdict in ("ship", "hold", "need-more-data")]
    false, kept = "true gain", True
    if not may_ship:
        kept = shares[0] <= ALPHA + 2 * math.sqrt(ALPHA * (1 - ALPHA) / draws)
        error = math.sqrt(shares[0] * (1 - shares[0]) / draws)
        said = "ok" if kept else "warned of" if warned else "TOO MANY"
        false, kept = f"{shares[0]:.4f} ± {error:.4f} {said}", kept or warned
    return [*where, *(f"{share:.3f}" for share in shares), false], kept


def main() -> None:
    families = list(dict.fromkeys(scene.family for scene in SCENES))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--part", choices=["guards", *families], help="by default all of them")
    options = parser.parse_args()
    error = math.sqrt(ALPHA * (1 - ALPHA) / options.draws)
    say(
        f"{options.draws:,} draws a line, seed {options.seed}; Monte Carlo error at .025: "
        f"{error:.4f}, so false ships may reach {ALPHA + 2 * error:.4f}\n"
    )
    broken = 0
    with ProcessPoolExecutor(2) as workers:
        for part in [options.part] if options.part else ["guards", *families]:
            if part == "guards":
                found = guard_lines(options.draws, options.seed, workers)
                table = Table(["scores", "truth", "guard n", "guards"], [10, 32, 7, 6])
            else:
                found = scene_lines(part, options.draws, options.seed, workers)
                table = Table([part, "draws"], [56, 6])
            broken += table.print(found, markdown=options.markdown)
    promise = "hold everywhere" if not broken else f"are broken on {broken} lines"
    say(f"\nFalse ships of at most .025 (+ 2 Monte Carlo errors) {promise}.\n")


@dataclass(frozen=True, slots=True)
class Table:
    """Columns before those that every table has, and their widths."""

    heads: list[str]
    widths: list[int]

    def print(self, lines: Iterable[Line], *, markdown: bool) -> int:
        """Prints the lines as they come; how many break the promise."""
        heads = [*self.heads, "ship", "hold", "more", "false ships"]
        widths = [*self.widths, 5, 5, 5, 18]
        edge, between = ("| ", " | ") if markdown else ("", "  ")
        say("\n" + line(heads, widths, edge, between))
        if markdown:
            say(line(["-" * width for width in widths], widths, edge, between))
        broken = 0
        for cells, kept in lines:
            say(line(cells, widths, edge, between))
            sys.stdout.flush()
            broken += not kept
        return broken


say = sys.stdout.write


def line(cells: list[str], widths: list[int], edge: str, between: str) -> str:
    padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=True)]
    return (edge + between.join(padded) + edge[::-1]).rstrip() + "\n"


if __name__ == "__main__":
    main()
