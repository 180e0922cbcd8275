"""Shadow studies: how often people's preference errs, with lost pairs or none, and power as said.

python -m tests.benchmarks.shadow_rates [--draws 2000] [--markdown]

Users have lognormal sizes (σ = 1), and what is preferred on two requests of one user is alike by a
correlation. Three people judge each item and agree on four in five. A mirror loses pairs at
random, whole users at random, or just those that the candidate would lose, or win. The truth of
the filled score is that of users like these, and is one half: "above" is how often the lower end
lies above it. Beside it: the rule that forgets lost pairs, and people as if each item stood alone.

Power is of a gain of .1 on yes/no scores of which a quarter differ: as `evalhub traffic sample`
says it, and as the product's comparison shows it.
"""

import argparse
import sys
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from evalhub.decision.align import Aligned
from evalhub.decision.arm_scores import ItemLabel
from evalhub.decision.criteria.preference import PreferenceRule
from evalhub.decision.criterion import Criterion
from evalhub.decision.judgments import Judgments
from evalhub.decision.lost_preference import fill_win_score, lost_share
from evalhub.decision.preference_evidence import preference_evidence
from evalhub.decision.requirements import Requirement
from evalhub.features.traffic.shadow.power import ICC, sample_power
from evalhub.stats.levels import ALPHA
from evalhub.stats.paired import compare

Array = NDArray[np.float64]
Loss = Literal["at random", "users at random", "the worst", "the best", "the worst users"]
PEOPLE = ("ada", "ben", "cy")
AGREE = 0.8
POPULATION = 200_000
SEED = 26
GAIN = 0.1
DIFFER = 0.26
"""√(.26 − .1²) = .5, the deviation that the sample's power assumes."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A sample that people judge.

    Attributes:
        users: how many there are; 0: each request is of a user of its own.
        correlation: of two requests of one user.
        share: of the pairs that a mirror loses.
    """

    items: int
    users: int
    correlation: float
    share: float = 0.0
    loss: Loss = "at random"

    @property
    def name(self) -> str:
        users = f"{self.users} users, {self.correlation:g}" if self.users else "no user"
        lost = f"{self.share:.0%} lost, {self.loss}" if self.share else "none lost"
        return f"{self.items} items, {users}, {lost}"


SCENES = (
    Scene(200, 400, 0.3),
    Scene(200, 100, 0.1),
    Scene(200, 100, 0.3),
    Scene(200, 40, 0.3),
    Scene(300, 0, 0.0, 0.03),
    Scene(300, 0, 0.0, 0.03, "the worst"),
    Scene(300, 0, 0.0, 0.03, "the best"),
    Scene(300, 100, 0.3, 0.03),
    Scene(300, 100, 0.3, 0.03, "users at random"),
    Scene(300, 100, 0.3, 0.03, "the worst"),
    Scene(300, 100, 0.3, 0.03, "the worst users"),
    Scene(300, 100, 0.3, 0.1, "users at random"),
    Scene(300, 100, 0.3, 0.1, "the worst users"),
)
POWERS = (
    (200, 0), (300, 1000), (300, 300), (500, 400), (500, 150), (500, 40),
)  # fmt: skip
"""Items and users of a sample; 0: each of its own."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Shares of draws: an end of the filled score misses the truth, `above` or `below`; the lower
    end lies above one half where lost pairs are forgotten, and where each item stands alone."""

    above: float
    below: float
    forgetting: float
    alone: float


def rates(scene: Scene, draws: int) -> Rates:
    """How often the ends miss the truth, in so many draws; the same each time."""
    misses = np.zeros(4)
    for number in range(draws):
        rng = np.random.default_rng([SEED, number])
        users, common, latent = _production(scene, rng)
        lost = _lost(scene, rng, users, common, latent)
        won = latent + _shift(scene) > 0
        whole, alone = (_people(rng.integers(2**32), won, lost, of) for of in (users, None))
        filled = whole if not lost.any() else _filled(whole, users if scene.users else None, lost)
        misses += [filled.lower > 0, filled.upper < 0, whole.lower > 0, alone.lower > 0]
    return Rates(*(misses / draws).tolist())


def _production(scene: Scene, rng: np.random.Generator) -> tuple[NDArray[np.intp], Array, Array]:
    """Of each item its user; of each user how they lean; of each item how good the candidate is."""
    users = _users(scene.items, scene.users, rng)
    common = rng.normal(size=max(scene.users, scene.items))
    icc = scene.correlation
    own = rng.normal(size=scene.items)
    return users, common, np.sqrt(icc) * common[users] + np.sqrt(1 - icc) * own


def _users(items: int, users: int, rng: np.random.Generator) -> NDArray[np.intp]:
    if not users:
        return np.arange(items)
    shares = rng.lognormal(0.0, 1.0, users)
    return rng.choice(users, items, p=shares / shares.sum())


def _lost(
    scene: Scene, rng: np.random.Generator, users: NDArray[np.intp], common: Array, latent: Array
) -> NDArray[np.bool_]:
    match scene.loss:
        case "at random":
            lost = rng.random(latent.size) < scene.share
        case "users at random":
            lost = (rng.random(common.size) < scene.share)[users]
        case "the worst":
            lost = latent < ndtri(scene.share)
        case "the best":
            lost = latent > -ndtri(scene.share)
        case "the worst users":
            lost = (common < ndtri(scene.share))[users]
    return np.asarray(lost)


@cache
def _shift(scene: Scene) -> float:
    """How good the candidate is on all, so that one half of all pairs are won were each lost pair
    lost by it: judgments that agree with the truth in AGREE of cases, and else are chance's."""
    rng = np.random.default_rng(SEED)
    of_all = replace(scene, items=POPULATION, users=POPULATION if scene.users else 0)
    common, own = rng.normal(size=(2, POPULATION))
    icc, everyone = scene.correlation, np.arange(POPULATION)
    latent = np.sqrt(icc) * common + np.sqrt(1 - icc) * own
    kept = np.sort(-latent[~_lost(of_all, rng, everyone, common, latent)])
    due = (0.5 * POPULATION / kept.size - (1 - AGREE) / 2) / AGREE
    return float(kept[min(int(due * kept.size), kept.size - 1)])


def _people(
    seed: int, won: NDArray[np.bool_], lost: NDArray[np.bool_], users: NDArray[np.intp] | None
) -> Criterion:
    """What three people prefer of the pairs that came."""
    rng, came = np.random.default_rng(seed), np.flatnonzero(~lost)
    keys = [f"q{item}" for item in came]
    choices: list[str] = []
    for _ in PEOPLE:
        said = np.where(rng.random(came.size) < AGREE, won[came], rng.random(came.size) < 0.5)
        choices += ["candidate" if each else "baseline" for each in said]
    raters = [name for name in PEOPLE for _ in keys]
    clusters = {} if users is None else {f"q{item}": f"u{users[item]}" for item in came}
    judgments = Judgments(choices, keys * len(PEOPLE), raters, len(choices), clusters=clusters)
    [criterion] = preference_evidence(
        judgments, PreferenceRule(), test_set="traffic", alpha=ALPHA, planned_gain=GAIN
    ).criteria
    return criterion


def _filled(
    criterion: Criterion, users: NDArray[np.intp] | None, lost: NDArray[np.bool_]
) -> Criterion:
    requirement = Requirement(name="traffic", role="primary", test_set="traffic", metric="refusal")
    aligned = Aligned(
        requirement,
        [ItemLabel(f"q{item}") for item in range(lost.size)],
        np.ones(lost.size),
        np.where(lost, 0.0, 1.0),
        None if users is None else [f"u{user}" for user in users],
        failed=np.array([np.zeros(lost.size, dtype=bool), lost]),
        lost=lost,
    )
    return fill_win_score(criterion, lost_share(aligned, alike=0))


def powers(items: int, users: int, draws: int) -> tuple[float, float]:
    """Power of a sample as it is said (mean of at most 50 draws), and as it is."""
    said, hits = [], 0
    up, down = (DIFFER + GAIN) / 2, (DIFFER - GAIN) / 2
    for number in range(draws):
        rng = np.random.default_rng([SEED, number])
        of = _users(items, users, rng)
        common, own = rng.normal(size=max(items, users)), rng.normal(size=items)
        rank = ndtr(np.sqrt(ICC) * common[of] + np.sqrt(1 - ICC) * own)
        d = np.where(rank < down, -1.0, np.where(rank > 1 - up, 1.0, 0.0))
        baseline = np.where(d < 0, 1.0, 0.0)
        result = compare(
            baseline,
            baseline + d,
            clusters=of if users else None,
            alpha=ALPHA,
            bounds=(0.0, 1.0),
        )
        hits += result.lower > 0
        if number < 50:
            names = [f"u{user}" if users else "" for user in of]
            said.append(sample_power(names, [1.0] * items, gain=GAIN).power)
    return float(np.mean(said)), hits / draws


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=2000)
    parser.add_argument("--markdown", action="store_true")
    options = parser.parse_args()
    bar = "|" if options.markdown else ""

    def write(*cells: str) -> None:
        sys.stdout.write(f"{bar} {' | '.join(cells)} {bar}\n")
        sys.stdout.flush()

    def head(*names: str) -> None:
        write(*names)
        if options.markdown:
            sys.stdout.write(f"| --- |{' ---: |' * (len(names) - 1)}\n")

    head("people", "above", "below", "forgetting what was lost", "each item alone")
    for scene in SCENES:
        rate = rates(scene, options.draws)
        shares = (rate.above, rate.below, rate.forgetting, rate.alone)
        write(scene.name, *(f"{each:.4f}" for each in shares))
    sys.stdout.write("\n")
    head("power", "said", "seen")
    for items, users in POWERS:
        said, seen = powers(items, users, options.draws)
        of = f"{users} users" if users else "no user"
        write(f"{items} items, {of}", f"{said:.2f}", f"{seen:.2f}")


if __name__ == "__main__":
    main()
