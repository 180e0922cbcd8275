"""Studies of which the truth is known, beyond one primary and its guards: for gate_rates.

Each scene is the worst of its kind: what it is about lies exactly on its bound, and nothing else
can stop a ship. Or it shows the power against that.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evalhub.decision.criterion import Criterion
from evalhub.decision.measuring import measure
from evalhub.decision.mix import item_weights
from evalhub.decision.preference_evidence import Judgments, preference_criterion
from evalhub.decision.requirements import Requirement
from evalhub.declare.defaults import ENOUGH_REVIEWERS
from evalhub.declare.policy import Primaries

ALPHA, PLANNED_GAIN, ICC = 0.025, 0.05, 0.3

Rng = np.random.Generator
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Scene:
    """`draw` gives one study's criteria. `share` of the draws that are asked for are made: some
    scenes take long. `warned`: fewer people than a policy asks for unless it says so."""

    family: str
    name: str
    may_ship: bool
    draw: Callable[[Rng], list[Criterion]]
    primaries: Primaries = "all-of"
    share: float = 1.0
    warned: bool = False


def asked(role: str = "primary", **fields: object) -> Requirement:
    return Requirement("x", role, "x", "score", **fields)  # type: ignore[arg-type]


def measured(
    requirement: Requirement, base: Array, tuned: Array, alpha: float = ALPHA, **more: object
) -> Criterion:
    return measure(
        requirement,
        base,
        tuned,
        alpha=alpha,
        planned_gain=PLANNED_GAIN,
        **more,  # type: ignore[arg-type]
    )


def yes_no(rng: Rng, n: int, gain: float, discordant: float) -> tuple[Array, Array]:
    """Yes/no scores of which the share `discordant` differs, so that the gain is `gain`."""
    kind = rng.choice(3, n, p=[(discordant + gain) / 2, (discordant - gain) / 2, 1 - discordant])
    base = np.where(kind == 1, 1.0, np.where(kind == 0, 0.0, rng.random(n) < 0.6))
    tuned = np.where(kind == 0, 1.0, np.where(kind == 1, 0.0, base))
    return base, tuned


def graded(rng: Rng, n: int, gain: float, sd: float = 0.35) -> tuple[Array, Array]:
    """Scores around the middle of the scale; differences of `sd`."""
    half = rng.normal(gain / 2, sd / 2, n)
    return 0.5 - half, 0.5 + half


def clustered(groups: int, size: int, gain: float, role: Requirement) -> Scene:
    """Conversations: differences correlate within them."""

    def draw(rng: Rng) -> list[Criterion]:
        labels = np.repeat(np.arange(groups), size)
        sd = 0.35
        shared = rng.normal(0, sd * ICC**0.5, groups)[labels]
        half = (gain + shared + rng.normal(0, sd * (1 - ICC) ** 0.5, labels.size)) / 2
        return [measured(role, 0.5 - half, 0.5 + half, clusters=[str(c) for c in labels])]

    what = "a guard exactly −margin" if role.role == "guard" else "primary 0"
    return Scene("clusters", f"{groups} clusters of {size}, {what}", False, draw)


def clustered_yes_no(groups: int, size: int) -> Scene:
    """Whole clusters lean one way or the other: who wins a discordant item is theirs."""

    def draw(rng: Rng) -> list[Criterion]:
        labels = np.repeat(np.arange(groups), size)
        lean = rng.beta(1.2, 1.2, groups)[labels]
        differ = rng.random(labels.size) < 0.2
        won = rng.random(labels.size) < lean
        base = np.where(differ, ~won, rng.random(labels.size) < 0.6).astype(float)
        tuned = np.where(differ, won, base).astype(float)
        return [measured(asked(), base, tuned, clusters=[str(c) for c in labels])]

    return Scene("clusters", f"{groups} clusters of {size}, yes/no, primary 0", False, draw)


def sampled(n: int, samples: int, gain: float) -> Scene:
    """Each item has its own chance of being right, and both arms answer several times."""

    def draw(rng: Rng) -> list[Criterion]:
        chance = rng.beta(1, 1, n)[:, None] * (1 - abs(gain))
        base = rng.random((n, samples)) < chance
        tuned = rng.random((n, samples)) < chance + gain
        return [measured(asked(), base.astype(float), tuned.astype(float))]

    what = f"primary +{gain:g}" if gain else "primary 0"
    return Scene("samples", f"{n} items, {samples} samples, {what}", gain > 0, draw)


def several(rule: Primaries, gains: list[float], name: str, shared: float = 0.0) -> Scene:
    """Primaries of 1,000 items; `shared` is the correlation between them."""
    may = max(gains) > 0 if rule == "any-of" else min(gains) > 0
    alpha = ALPHA / len(gains) if rule == "any-of" else ALPHA

    def draw(rng: Rng) -> list[Criterion]:
        n, sd = 1000, 0.35
        common = rng.normal(0, sd * shared**0.5, n)
        found = []
        for gain in gains:
            half = (gain + common + rng.normal(0, sd * (1 - shared) ** 0.5, n)) / 2
            found.append(measured(asked(), 0.5 - half, 0.5 + half, alpha))
        return found

    return Scene("primaries", f"{rule}: {name}", may, draw, rule)


def preferred(items: int, raters: int, score: float, lean: float) -> Scene:
    """Reviewers agree on items, and one answer in seven is a tie. Each leans to one of the arms by
    his taste, on the scale on which items differ by .7 and a judgment from the next by .7."""

    def draw(rng: Rng) -> list[Criterion]:
        item = rng.normal(0, 0.7, items)[:, None]
        rater = rng.normal(0, lean, raters)[None, :]
        drawn = item + rater + rng.normal(0, 0.7, (items, raters)) + 2 * (score - 0.5)
        choices = np.where(
            np.abs(drawn) < 0.25, "tie", np.where(drawn > 0, "candidate", "baseline")
        )
        judgments = Judgments(
            [str(each) for each in choices.ravel()],
            [f"q{i}" for i in range(items) for _ in range(raters)],
            [f"r{j}" for _ in range(items) for j in range(raters)],
            items * raters,
        )
        return [
            preference_criterion(
                judgments, test_set="x", min_gain=0.0, alpha=ALPHA, planned_gain=PLANNED_GAIN
            )
        ]

    what = "as good" if score == 0.5 else "preferred"
    people = "1 reviewer who leans" if raters == 1 else f"{raters} reviewers who each lean"
    name = f"{items} items, {people} by {lean:g}, {what}"
    few = raters < ENOUGH_REVIEWERS
    return Scene("people", name, score > 0.5, draw, share=0.4, warned=few)


def small(n: int, discordant: float | None, role: Requirement) -> Scene:
    """Few items; `discordant` None is graded scores."""
    truth = -role.margin if role.role == "guard" else 0.0

    def draw(rng: Rng) -> list[Criterion]:
        pair = graded(rng, n, truth) if discordant is None else yes_no(rng, n, truth, discordant)
        return [measured(role, *pair)]

    kind = "graded" if discordant is None else f"yes/no, {discordant:g} differ"
    what = f"guard exactly −{role.margin:g}" if role.role == "guard" else "primary 0"
    share = 0.4 if discordant is None else 1.0
    return Scene("few items", f"{n} items, {kind}, {what}", False, draw, share=share)


def relative(n: int, baseline: float, kept: float, margin: float, graded_: bool = False) -> Scene:
    """A guard that may lose a share of a low baseline; `kept` is the share that is true."""

    def draw(rng: Rng) -> list[Criterion]:
        base = (rng.random(n) < baseline).astype(float)
        stays = rng.random(n) < 0.85 * kept
        gains = rng.random(n) < 0.15 * kept * baseline / (1 - baseline)
        tuned = np.where(base > 0, stays, gains).astype(float)
        if graded_:
            base, tuned = base * rng.beta(4, 2, n), tuned * rng.beta(4, 2, n)
        return [measured(asked("guard", relative_margin=margin), base, tuned)]

    kind = "graded" if graded_ else "yes/no"
    name = f"{n} items, {kind}, baseline {baseline:g}, loses {1 - kept:.0%} of {margin:.0%}"
    return Scene("relative guard", name, kept > 1 - margin + 1e-9, draw, share=0.4)


def budget(n: int, ratio: float, most: float, groups: int | None = None) -> Scene:
    """Latencies with a long tail that both arms share, and some of their own."""

    def draw(rng: Rng) -> list[Criterion]:
        labels = np.repeat(np.arange(groups), n // groups) if groups else np.arange(n)
        item = rng.lognormal(5, 0.6, n)
        slowed = ratio * rng.lognormal(-(0.1**2) / 2, 0.1, labels.max() + 1)[labels]
        base, tuned = item * rng.lognormal(0, 0.25, n), item * slowed * rng.lognormal(0, 0.25, n)
        clusters = [str(c) for c in labels] if groups else None
        requirement = asked("budget", max_ratio=most, higher_is_better=False)
        return [measured(requirement, base, tuned, clusters=clusters)]

    where = f", {groups} clusters" if groups else ""
    name = f"{n} items{where}, {ratio:g}× of at most {most:g}×"
    return Scene("budget", name, ratio < most, draw, share=0.2)


def mixed(n: int, gain: float) -> Scene:
    """Half of the items are of a tag that is a tenth of production, which gains as much there as
    makes the whole gain `gain`."""
    mix = {"rare": 0.1, "usual": 0.9}
    tags = [["rare" if i % 2 else "usual"] for i in range(n)]
    weights = item_weights(tags, mix)
    lift = np.where(np.arange(n) % 2, 0.18, (gain - 0.1 * 0.18) / 0.9)

    def draw(rng: Rng) -> list[Criterion]:
        half = (lift + rng.normal(0, 0.35, n)) / 2
        return [measured(asked(), 0.5 - half, 0.5 + half, weights=weights)]

    what = f"primary +{gain:g}" if gain else "primary 0"
    return Scene("mix", f"{n} items, weighted to production, {what}", gain > 0, draw)


GUARD = asked("guard", margin=0.02)
WIDE = asked("guard", margin=0.1)

SCENES = (
    clustered(10, 20, 0.0, asked()),
    clustered(40, 10, 0.0, asked()),
    clustered(40, 10, -0.02, GUARD),
    clustered_yes_no(10, 20),
    clustered_yes_no(40, 10),
    sampled(50, 4, 0.0),
    sampled(200, 4, 0.0),
    sampled(200, 4, 0.05),
    several("all-of", [0.0, 0.12, 0.12], "one of three gains nothing, two surely"),
    several("any-of", [0.0] * 3, "none of three gains"),
    several("any-of", [0.0] * 8, "none of eight gains"),
    several("any-of", [0.0] * 3, "none of three gains, correlated .5", 0.5),
    several("any-of", [0.04, 0.0, 0.0], "one of three +.04"),
    several("any-of", [0.04, 0.0, -0.05], "one of three +.04, one −.05"),
    *(preferred(60, raters, 0.5, lean) for lean in (0.0, 0.15, 0.3) for raters in (1, 2, 3, 5)),
    preferred(20, 3, 0.5, 0.15),
    *(preferred(60, raters, 0.65, 0.15) for raters in (2, 3, 5, 8)),
    small(20, 0.1, asked()),
    small(20, 0.5, asked()),
    small(20, None, asked()),
    small(50, 0.05, asked()),
    small(50, 0.2, asked()),
    small(50, None, asked()),
    small(20, 0.3, WIDE),
    small(50, 0.15, WIDE),
    small(50, None, WIDE),
    relative(50, 0.3, 0.7, 0.3),
    relative(400, 0.1, 0.8, 0.2),
    relative(2000, 0.1, 0.9, 0.1),
    relative(2000, 0.1, 0.9, 0.1, graded_=True),
    relative(2000, 0.3, 0.9, 0.1),
    relative(2000, 0.3, 1.0, 0.1),
    budget(20, 1.2, 1.2),
    budget(50, 1.2, 1.2),
    budget(400, 1.2, 1.2),
    budget(400, 1.2, 1.2, groups=20),
    budget(400, 1.1, 1.2),
    mixed(200, 0.0),
    mixed(1000, 0.0),
    mixed(1000, 0.05),
)
