"""Does following the advice settle it as often as it promises? By simulation.

python -m tests.benchmarks.plan_rates [--draws 2000] [--seed 0] [--markdown] [--scene WORD]

Each draw is a study whose truth is what the advice assumes: nothing is lost, or the planned gain is
really gained. It is judged by the gate's own functions at its first look. Where that leaves
it open and a number of items is named, just as many new items are drawn, and both stages are tested
as the gate tests an extension. The promise is 80%: at least .76 must be kept, and where neither a
floor on the spread nor discreteness binds, at most .84. People are asked anew, by as many as the
sentence says.
"""

import argparse
import math
import re
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np

from evalhub.decision.criterion import Criterion
from evalhub.decision.levels import level_of, next_look, stage_weights
from evalhub.decision.measuring import measure
from evalhub.decision.needed import with_choosing
from evalhub.decision.preference_evidence import Judgments, preference_criterion
from evalhub.decision.requirements import Requirement
from evalhub.decision.rule import decide
from evalhub.decision.test_set_extension import Alternative, StageScores, p_combined
from evalhub.declare.verdicts import Status
from evalhub.stats.sequential import combined_p_value
from tests.benchmarks.gate_scenes import Array, Rng
from tests.benchmarks.plan_draws import (
    Draw,
    as_fast,
    changed,
    few_large,
    from_1_to_39,
    geometric,
    grouped,
    grouped_yes_no,
    heavy,
    log_normal,
    plain,
    rarely_other,
    uneven,
)

ALPHA = 0.025
FIRST, NEXT = level_of(1, alpha=ALPHA), next_look([1], 2, alpha=ALPHA)
LEAST, MOST = 0.76, 0.84


@dataclass(frozen=True, slots=True)
class Asked:
    """One criterion of a scene: what is asked, of how many items, and how they come out."""

    requirement: Requirement
    n: int
    draw: Draw
    gain: float = 0.05
    choosing: float = 0.0
    """The share of the items that chooses the baseline (`best-untuned`) and isn't judged."""

    def look(self, rng: Rng) -> tuple[Criterion, StageScores]:
        base, tuned, clusters = self._judged(rng, self.n, "first")
        found = measure(
            self.requirement,
            base,
            tuned,
            clusters=clusters,
            alpha=FIRST,
            planned_gain=self.gain,
        )
        (found,) = with_choosing([found], {found.name: self.n - found.n})
        return found.model_copy(update={"next_look": NEXT}), self._stage(base, tuned, clusters)

    def settled(self, rng: Rng, first: StageScores, told: Criterion) -> bool:
        """Whether it passes once the items that it asked for are added: the end of the gate's own
        interval lies beyond the bound just when this p-value is below the level."""
        more = (told.needed_n or 0) - self.n
        stages = [first, self._stage(*self._judged(rng, more, "added"))]
        if told.factor is None:
            p = p_combined(stages, bound=self.requirement.bound, alternative="greater")
        else:
            side: Alternative = "less" if told.role == "budget" else "greater"
            parts = [each.p_ratio(told, told.factor, side) for each in stages]
            p = combined_p_value(parts, stage_weights(2))
        return p <= NEXT.alpha

    def _judged(self, rng: Rng, n: int, stage: str) -> tuple[Array, Array, list[str] | None]:
        """As `draw`, of `n` items those that don't choose the baseline."""
        base, tuned, clusters = self.draw(rng, n, stage)
        if not self.choosing:
            return base, tuned, clusters
        kept = rng.random(n) >= self.choosing
        return (
            base[kept],
            tuned[kept],
            clusters and [each for each, judged in zip(clusters, kept, strict=True) if judged],
        )

    def _stage(self, base: Array, tuned: Array, clusters: list[str] | None) -> StageScores:
        arms = (base, tuned) if self.requirement.higher_is_better else (tuned, base)
        asked = self.requirement
        return StageScores(
            *arms, clusters, bounds=asked.bounds, bounded_tails=asked.tails is not None
        )


@dataclass(frozen=True, slots=True)
class Scene:
    """`floor` says that a floor on the spread, or discreteness, may give more than was promised.
    `share` of the draws that are asked for are made: some scenes take long."""

    name: str
    asked: Sequence[Asked] = ()
    floor: bool = False
    share: float = 1.0
    people: "Review | None" = field(default=None)


@dataclass(slots=True)
class Tally:
    """Of `draws`, how many were open with a number to follow, how many of these were settled by
    it, and what the numbers were."""

    draws: int = 0
    advised: int = 0
    settled: int = 0
    numbers: list[int] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return self.settled / max(self.advised, 1)

    @property
    def error(self) -> float:
        return math.sqrt(self.rate * (1 - self.rate) / max(self.advised, 1))


def followed(scene: Scene, rng: Rng, tally: Tally) -> None:
    """One study: judged, advised, extended as advised, and judged again."""
    looks = [each.look(rng) for each in scene.asked]
    ruling = decide("tuned", [criterion for criterion, _ in looks])
    tally.draws += 1
    waiting = [
        (asked, stage, told)
        for asked, (_, stage), told in zip(scene.asked, looks, ruling.criteria, strict=True)
        if told.status is Status.OPEN
    ]
    if ruling.verdict != "need-more-data" or ruling.needed_n is None:
        return
    tally.advised += 1
    tally.numbers.append(ruling.needed_n)
    tally.settled += all(asked.settled(rng, stage, told) for asked, stage, told in waiting)


@dataclass(frozen=True, slots=True)
class Review:
    """People who judge pairs of answers: items differ by .7 and judgments of one item by .7, as in
    gate_scenes, and each reviewer leans to one of the arms."""

    items: int
    people: int
    lean: float
    gain: float

    def judged(self, rng: Rng, items: int, people: int) -> Judgments:
        """As many people judge an item as at the first look, each time others of all."""
        latent = rng.normal(self._shift(), 0.7, items)[:, None]
        latent = latent + rng.normal(0, self.lean, people)[None, :]
        latent = latent + rng.normal(0, 0.7, (items, people))
        who = np.argsort(rng.random((items, people)), axis=1)[:, : self.people]
        drawn = np.take_along_axis(latent, who, 1).ravel()
        choices = np.where(
            np.abs(drawn) < 0.25, "tie", np.where(drawn > 0, "candidate", "baseline")
        )
        labels = np.repeat(np.arange(items), self.people)
        return Judgments(
            choices.tolist(), [f"q{i}" for i in labels], [f"r{j}" for j in who.ravel()], drawn.size
        )

    def follow(self, rng: Rng, tally: Tally) -> None:
        tally.draws += 1
        first = self._criterion(self.judged(rng, self.items, self.people), FIRST)
        told = decide("tuned", [first]).criteria[0]
        found = re.search(r"([\d,]+) judged pairs by (\d+) people would settle", told.needed_why)
        if told.status is not Status.OPEN or found is None or told.next_look is None:
            return
        pairs, people = (int(each.replace(",", "")) for each in found.groups())
        tally.advised += 1
        tally.numbers.append(pairs)
        again = self.judged(rng, math.ceil(pairs / self.people), people)
        second = self._criterion(again, told.next_look.alpha)
        tally.settled += decide("tuned", [second]).criteria[0].status is Status.PASS

    def _criterion(self, judgments: Judgments, alpha: float) -> Criterion:
        return preference_criterion(
            judgments, test_set="x", min_gain=0.0, alpha=alpha, planned_gain=self.gain
        )

    def _shift(self) -> float:
        return shift_of(self.gain, self.lean)


@cache
def shift_of(gain: float, lean: float) -> float:
    """Where the latent scale has to stand for a win score of one half and `gain`."""
    drawn = np.random.default_rng(0).normal(0, math.sqrt(0.98 + lean**2), 400_000)
    low, high = 0.0, 2.0
    for _ in range(30):
        middle = (low + high) / 2
        won, tied = drawn + middle > 0.25, np.abs(drawn + middle) <= 0.25
        low, high = (middle, high) if won.mean() + tied.mean() / 2 < 0.5 + gain else (low, middle)
    return low


def a_guard(margin: float) -> Requirement:
    return Requirement("guard", "guard", "guard", "score", margin=margin)


A_PRIMARY = Requirement("primary", "primary", "primary", "score")


def one(name: str, asked: Requirement, n: int, draw: Draw, **fields: object) -> Scene:
    gain, choosing = fields.pop("gain", 0.05), fields.pop("choosing", 0.0)
    return Scene(name, [Asked(asked, n, draw, gain, choosing)], **fields)  # type: ignore[arg-type]


def reviewed(items: int, people: int, lean: float, gain: float) -> Scene:
    name = f"people: {items} items, {people} reviewers who lean by {lean:g}, {0.5 + gain:g} win"
    return Scene(name, floor=True, share=0.2, people=Review(items, people, lean, gain))


SCENES = [
    one("guard, 200 graded items, margin .05", a_guard(0.05), 200, plain(0.0, 0.3)),
    one("primary, 200 graded items, gain .05", A_PRIMARY, 200, plain(0.05, 0.35)),
    one(
        "primary, 200 graded items, .02 asked, gain .07",
        Requirement("primary", "primary", "primary", "score", min_gain=0.02),
        200,
        plain(0.07, 0.35),
    ),
    one("primary, 50 graded items, gain .05", A_PRIMARY, 50, plain(0.05, 0.35)),
    one(
        "primary, 300 items, 30% choose the baseline",
        A_PRIMARY,
        300,
        plain(0.05, 0.35),
        choosing=0.3,
    ),
    one(
        "primary, 300 yes/no, 30% choose the baseline",
        A_PRIMARY,
        300,
        changed(0.05, 0.35),
        choosing=0.3,
    ),
    one(
        "guard, 100 graded items, tails: bounded",
        replace(a_guard(0.05), tails="bounded", bounds=(-1.0, 2.0)),
        100,
        plain(0.0, 0.15),
    ),
    one(
        "guard, 60 graded items, tails: bounded",
        replace(a_guard(0.04), tails="bounded", bounds=(0.0, 1.0)),
        60,
        plain(0.0, 0.05),
        floor=True,
    ),
    one("guard, 100 graded items, 6% lose .6", a_guard(0.05), 100, heavy(0.06, 0.6)),
    one("primary, 40 clusters of 10, ICC .3", A_PRIMARY, 400, grouped(10, 0.3, 0.05)),
    one("guard, 20 clusters of 10, ICC .3", a_guard(0.05), 200, grouped(10, 0.3, 0.0)),
    one("guard, 40 clusters of 10, yes/no, .2 differ", a_guard(0.05), 400, grouped_yes_no(10, 0.2)),
    one("primary, 600 items, clusters of 1–39", A_PRIMARY, 600, uneven(from_1_to_39, 0.3, 0.05)),
    one("guard, 400 items, clusters of 1–39", a_guard(0.08), 400, uneven(from_1_to_39, 0.3, 0)),
    one("primary, 400 items, clusters of 4 and 40", A_PRIMARY, 400, uneven(few_large, 0.3, 0.05)),
    one("guard, 1,000 items, clusters of 4 and 40", a_guard(0.05), 1000, uneven(few_large, 0.3, 0)),
    one("primary, 400 items, geometric clusters", A_PRIMARY, 400, uneven(geometric, 0.3, 0.05)),
    one("guard, 200 items, geometric clusters", a_guard(0.08), 200, uneven(geometric, 0.2, 0)),
    one(
        "primary, 400 items, log-normal clusters",
        A_PRIMARY,
        400,
        uneven(log_normal(8), 0.3, 0.05),
    ),
    one("guard, 400 items, log-normal clusters", a_guard(0.05), 400, uneven(log_normal(8), 0.3, 0)),
    one("guard, 300 yes/no items, .3 differ", a_guard(0.03), 300, changed(0.0, 0.3)),
    one("primary, 200 yes/no items, .35 differ", A_PRIMARY, 200, changed(0.05, 0.35)),
    one("guard, 100 yes/no, .04 differ", a_guard(0.05), 100, changed(0.0, 0.04), floor=True),
    one("guard, 500 yes/no, .04 differ", a_guard(0.02), 500, changed(0.0, 0.04), floor=True),
    one(
        "primary, 100 yes/no, .04 differ",
        A_PRIMARY,
        100,
        changed(0.02, 0.04),
        gain=0.02,
        floor=True,
    ),
    Scene(
        "a primary and two guards of 200 graded items",
        [
            Asked(A_PRIMARY, 200, plain(0.05, 0.35)),
            Asked(a_guard(0.05), 200, plain(0.0, 0.3)),
            Asked(a_guard(0.05), 200, plain(0.0, 0.3)),
        ],
        floor=True,
    ),
    reviewed(40, 5, 0.1, 0.1),
    reviewed(60, 8, 0.2, 0.1),
    reviewed(40, 3, 0.1, 0.1),
    one(
        "guard, 400 yes/no items, a tenth of .3 may be lost",
        Requirement("guard", "guard", "guard", "score", relative_margin=0.1),
        400,
        rarely_other(0.1),
    ),
    one(
        "budget, 100 times, 1.1 of the baseline's",
        Requirement("time", "budget", "time", "latency_ms", max_ratio=1.1, higher_is_better=False),
        100,
        as_fast,
    ),
]


def rate(index: int, draws: int, seed: int) -> Tally:
    """Of a scene by its place in SCENES, since itself it doesn't travel between processes."""
    scene, tally = SCENES[index], Tally()
    rng = np.random.default_rng([seed, 11, index])
    for _ in range(int(draws * scene.share)):
        if scene.people is None:
            followed(scene, rng, tally)
        else:
            scene.people.follow(rng, tally)
    return tally


def kept(scene: Scene, tally: Tally) -> bool:
    """Whether the promise is kept, up to two Monte Carlo errors."""
    least, most = LEAST - 2 * tally.error, MOST + 2 * tally.error
    return tally.rate >= least and (scene.floor or tally.rate <= most)


def lines(draws: int, seed: int, indices: Sequence[int]) -> Iterator[tuple[list[str], bool]]:
    with ProcessPoolExecutor(2) as workers:
        jobs = [workers.submit(rate, index, draws, seed) for index in indices]
        for index, job in zip(indices, jobs, strict=True):
            scene, tally = SCENES[index], job.result()
            fine = kept(scene, tally)
            middle = int(np.median(tally.numbers)) if tally.numbers else 0
            yield (
                [
                    scene.name,
                    f"{tally.draws:,}",
                    f"{tally.advised:,}",
                    f"{middle:,}",
                    f"{tally.rate:.3f} ± {tally.error:.3f} {'ok' if fine else 'BROKEN'}",
                    "may exceed" if scene.floor else "",
                ],
                fine,
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--scene", default="", help="only those whose name holds this word")
    options = parser.parse_args()
    indices = [i for i, scene in enumerate(SCENES) if options.scene in scene.name]
    heads = ["scene", "draws", "advised", "median number", "settled", "floor"]
    widths = [54, 6, 7, 13, 23, 10]
    edge, between = ("| ", " | ") if options.markdown else ("", "  ")

    def say(cells: Sequence[str]) -> None:
        row = between.join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        sys.stdout.write(f"{edge}{row}{edge[::-1]}".rstrip() + "\n")
        sys.stdout.flush()

    say(heads)
    if options.markdown:
        say(["-" * width for width in widths])
    broken = 0
    for cells, fine in lines(options.draws, options.seed, indices):
        say(cells)
        broken += not fine
    sys.stdout.write(
        f"\nThe promise is {'kept everywhere' if not broken else f'broken in {broken} lines'}.\n"
    )


if __name__ == "__main__":
    main()
