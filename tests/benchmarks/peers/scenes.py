"""Made-up studies of which the truth is known, the same arrays for every tool."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Role = Literal["primary", "guard"]
Word = Literal["accept", "stop", "more"]

PRIMARY_DIFFER = 0.18
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
    margin: float = 0.02,
) -> Suite:
    """Yes/no scores of which the share `differ` differs, so that the true gain is `gain`; the
    baseline is right on three quarters. Items stand in the order of what became of them, so
    that draws alike in wins and losses are alike in all."""
    wins, losses, _ = rng.multinomial(
        n, [(differ + gain) / 2, (differ - gain) / 2, 1 - differ]
    ).tolist()
    both = round(0.75 * n) - losses
    counts = (both, wins, losses, n - both - wins - losses)
    return Suite(role, margin, np.repeat([1.0, 0, 1, 0], counts), np.repeat([1.0, 1, 0, 0], counts))


def primary(rng: np.random.Generator, n: int, gain: float) -> Suite:
    return yes_no(rng, "primary", n, gain, PRIMARY_DIFFER)


def equal(n: int) -> Scene:
    return Scene(f"equal arms “gain”, n = {n:,}", "accept", lambda rng: [primary(rng, n, 0)])


def held(n: int) -> Scene:
    """How often a candidate that is as good is said to be worse."""
    return Scene(f"equal arms are stopped, n = {n:,}", "stop", lambda rng: [primary(rng, n, 0)])


def lost(n: int) -> Scene:
    return Scene(
        f"guard truly −3 points (margin 2) passes, n = {n:,}",
        "accept",
        lambda rng: [yes_no(rng, "guard", n, -0.03, 0.05)],
        {"mlflow": NO_GUARD, **NO_THRESHOLD},
    )


def gained(n: int) -> Scene:
    return Scene(f"gain +5 points ships, n = {n:,}", "accept", lambda rng: [primary(rng, n, 0.05)])


def with_guards(name: str, guards: list[tuple[float, float, float]]) -> Scene:
    """A gain of 5 points on 500 items, beside guards of 500 items; of each its true gain, the share
    that differs, and its margin."""

    def draw(rng: np.random.Generator) -> list[Suite]:
        return [primary(rng, 500, 0.05), *(yes_no(rng, "guard", 500, *each) for each in guards)]

    return Scene(name, "accept", draw)


def heavy(n: int) -> Scene:
    """Graded scores that differ by .1, and 6% of them lose .6: a true loss of .036, just the
    margin. The scale is wider than [0, 1], so that nothing is cut off."""

    def draw(rng: np.random.Generator) -> list[Suite]:
        baseline = rng.uniform(0.7, 0.9, n)
        change = rng.normal(0, 0.1, n) - 0.6 * (rng.random(n) < 0.06)
        return [Suite("guard", 0.036, baseline, baseline + change)]

    name = f"graded guard, 6% lose .6 (margin .036) passes, n = {n}"
    return Scene(name, "accept", draw, {"mlflow": NO_GUARD, **NO_THRESHOLD})


def fallen() -> Scene:
    return Scene(
        "−5 points (margin 2) is stopped, n = 1,319",
        "stop",
        lambda rng: [yes_no(rng, "guard", 1319, -0.05, 0.15)],
        {},
    )


SCENES = (
    *(equal(n) for n in (50, 200, 1000)),
    *(lost(n) for n in (50, 200, 1000)),
    *(gained(n) for n in (200, 1000)),
    with_guards(
        "gain +5 and one of four guards −5 (margin 2) ships, n = 500",
        [(-0.05, 0.075, 0.02), *[(0, 0.025, 0.02)] * 3],
    ),
    with_guards(
        "gain +5, four guards at 0 (margin 5) ships, n = 500",
        [(0, 0.15, 0.05)] * 4,
    ),
    heavy(250),
    fallen(),
    *(held(n) for n in (200, 1000)),
)
