"""Made-up studies of which the truth is known, the same arrays for every tool."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Role = Literal["primary", "guard"]
Word = Literal["accept", "stop", "more"]

PRIMARY_DIFFER, MARGIN = 0.18, 0.02
NO_GUARD, NO_GAIN = "no guard", "–"
# A threshold on one number has nothing to say of a gain, or of several suites.
NO_THRESHOLD = {"vllm": NO_GAIN}


@dataclass(frozen=True)
class Suite:
    """One test set's scores of both arms, shape (n,): a gain is asked of a primary, and a guard
    may lose `margin`."""

    role: Role
    margin: float
    baseline: Array
    candidate: Array

    @property
    def key(self) -> tuple[Role, float, bytes, bytes]:
        return self.role, self.margin, self.baseline.tobytes(), self.candidate.tobytes()


Draw = Callable[[np.random.Generator], list[Suite]]


@dataclass(frozen=True)
class Scene:
    """`counted` is the word whose share of the draws is the scene's rate; `without` the tools that
    have no rule for it, with what is written in their place."""

    name: str
    counted: Word
    draw: Draw
    without: Mapping[str, str] = field(default_factory=lambda: NO_THRESHOLD)

    def draws(self, count: int, seed: int) -> Iterator[list[Suite]]:
        rng = np.random.default_rng([seed, SCENES.index(self)])
        return (self.draw(rng) for _ in range(count))


def yes_no(
    rng: np.random.Generator,
    role: Role,
    n: int,
    gain: float,
    differ: float,
    right: float = 0.6,
) -> Suite:
    """Yes/no scores of which the share `differ` differs, so that the true gain is `gain`; the
    baseline is right on the share `right`. Items stand in the order of what became of them, so
    that draws alike in wins and losses are alike in all."""
    wins, losses, _ = rng.multinomial(
        n, [(differ + gain) / 2, (differ - gain) / 2, 1 - differ]
    ).tolist()
    both = round(right * n) - losses
    counts = (both, wins, losses, n - both - wins - losses)
    return Suite(role, MARGIN, np.repeat([1.0, 0, 1, 0], counts), np.repeat([1.0, 1, 0, 0], counts))


def primary(rng: np.random.Generator, n: int, gain: float) -> Suite:
    return yes_no(rng, "primary", n, gain, PRIMARY_DIFFER)


def equal(n: int) -> Scene:
    return Scene(f"equal arms “gain”, n = {n:,}", "accept", lambda rng: [primary(rng, n, 0)])


def lost(n: int) -> Scene:
    return Scene(
        f"guard truly −3 points (margin 2) passes, n = {n:,}",
        "accept",
        lambda rng: [yes_no(rng, "guard", n, -0.03, 0.05, 0.75)],
        {"mlflow": NO_GUARD, **NO_THRESHOLD},
    )


def gained(n: int) -> Scene:
    return Scene(f"gain +5 points ships, n = {n:,}", "accept", lambda rng: [primary(rng, n, 0.05)])


def with_guards(name: str, losses: list[float]) -> Scene:
    """A gain of 5 points on 500 items, beside guards of 500 items that lose these."""

    def draw(rng: np.random.Generator) -> list[Suite]:
        guards = [yes_no(rng, "guard", 500, -loss, 0.025 + loss, 0.75) for loss in losses]
        return [primary(rng, 500, 0.05), *guards]

    return Scene(name, "accept", draw)


def heavy(n: int) -> Scene:
    """Graded scores of which 6% lose .6: a true loss of .036, just the margin."""

    def draw(rng: np.random.Generator) -> list[Suite]:
        baseline = rng.uniform(0.65, 0.95, n)
        change = rng.normal(0, 0.02, n) - 0.6 * (rng.random(n) < 0.06)
        return [Suite("guard", 0.036, baseline, np.clip(baseline + change, 0, 1))]

    name = f"graded guard, 6% lose .6 (margin .036) passes, n = {n}"
    return Scene(name, "accept", draw, {"mlflow": NO_GUARD, **NO_THRESHOLD})


def fallen() -> Scene:
    return Scene(
        "−5 points (margin 2) is stopped, n = 1,319",
        "stop",
        lambda rng: [yes_no(rng, "guard", 1319, -0.05, 0.15, 0.75)],
        {},
    )


SCENES = (
    *(equal(n) for n in (50, 200, 1000)),
    *(lost(n) for n in (50, 200, 1000)),
    *(gained(n) for n in (200, 1000)),
    with_guards("gain +5 and one of four guards −5 ships", [0.05, 0, 0, 0]),
    with_guards("gain +5, four guards at 0 ships, 500 items", [0, 0, 0, 0]),
    heavy(250),
    fallen(),
)
