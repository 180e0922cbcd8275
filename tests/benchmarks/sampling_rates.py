"""Weighted samples of production: how often an end of the interval leaves out production's truth.

python -m tests.benchmarks.sampling_rates [--draws 2000] [--markdown]

Each draw makes a production: users of lognormal sizes, whose requests are alike by a correlation,
and a rare kind of request on which the arms differ otherwise. The product's sampler draws from it,
the rare kind at ten times the rate of the rest; the product's comparison weighs the sample back.
The truth is either that of the frame (all requests of these days) or what users like these would
show on average. Beside it: the same sample without weights, and the clusters' t with a normal
quantile (HC0 by cluster).
"""

import argparse
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from evalhub.stats.clusters import clustered_mean
from evalhub.stats.distributions import normal_quantile
from evalhub.stats.levels import ALPHA
from evalhub.stats.paired import compare
from evalhub.stats.sampling import Allocation, Sample, SamplingFrame, draw_sample

Array = NDArray[np.float64]
Truth = Literal["frame", "users"]

RARE = 1 / 11
"""Production's share of the rare kind: as many of both drawn is ten times the rate."""
PER_ITEM = 20
"""Requests of the frame for each that is drawn."""
SEED = 26
MOST_KEPT = 2000
"""Samples of 500 draws of four kinds of scenes, some 30 MB with what they were drawn by."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A production, and a sample of it.

    Attributes:
        scores: "yes/no", with `differ` of the items; or "graded", a t(5) between −1 and 1.
        users: how many there are; 0: each request is of a user of its own.
        correlation: of two requests of one user.
        rare_gain: how much better the candidate is on the rare kind than on all.
        truth: what the interval should hold.
    """

    scores: Literal["yes/no", "graded"]
    items: int
    users: int
    correlation: float
    rare_gain: float = 0.1
    differ: float = 0.3
    truth: Truth = "users"
    allocation: Allocation = "equal"

    @property
    def name(self) -> str:
        users = f"{self.users} users, correlation {self.correlation:g}" if self.users else "no user"
        kind = f"{self.scores} ({self.differ:g} differ)" if self.scores == "yes/no" else self.scores
        return f"{kind}, {self.items} items, {users}, {self.allocation}, truth of the {self.truth}"


SCENES = (
    Scene("graded", 200, 0, 0.0),
    Scene("graded", 200, 0, 0.0, truth="frame"),
    Scene("yes/no", 200, 0, 0.0),
    Scene("yes/no", 200, 0, 0.0, differ=0.1, rare_gain=0.03),
    Scene("yes/no", 500, 0, 0.0, truth="frame"),
    Scene("yes/no", 500, 0, 0.0, allocation="proportional"),
    *(Scene("graded", 300, users, icc) for users in (10, 20, 40) for icc in (0.1, 0.3)),
    *(Scene("yes/no", 300, users, icc) for users in (10, 20, 40) for icc in (0.1, 0.3)),
    Scene("graded", 500, 150, 0.3),
    Scene("yes/no", 500, 150, 0.3),
    Scene("graded", 500, 150, 0.3, truth="frame"),
    Scene("yes/no", 500, 150, 0.1, differ=0.1, rare_gain=0.03),
)


@dataclass(frozen=True, slots=True)
class Tails:
    """Shares of draws: the lower end lies above the truth, the upper end below it."""

    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class Rates:
    """`ours`, the `unweighted` and the `normal` interval, and `width` of ours against normal's."""

    ours: Tails
    unweighted: Tails
    normal: Tails
    width: float


def production(scene: Scene, rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """Each request's user, whether it is rare, and both arms' difference, each of shape (N,).

    Over productions the mean difference is 0, by requests.
    """
    size = scene.items * PER_ITEM
    if scene.users:
        shares = rng.lognormal(0.0, 1.0, scene.users)
        users = rng.choice(scene.users, size, p=shares / shares.sum())
    else:
        users = np.arange(size)
    rare = rng.random(size) < RARE
    shift = np.where(rare, scene.rare_gain, -scene.rare_gain * RARE / (1 - RARE))
    own = rng.normal(size=size) if scene.scores == "yes/no" else rng.standard_t(5, size)
    common = rng.normal(size=max(scene.users, 1))[users if scene.users else np.zeros(size, int)]
    icc = scene.correlation
    if scene.scores == "graded":
        noise = math.sqrt(icc) * common + math.sqrt(1 - icc) * own / math.sqrt(5 / 3)
        return users, rare, np.clip(shift + 0.15 * noise, -1, 1)
    rank = ndtr(math.sqrt(icc) * common + math.sqrt(1 - icc) * own)
    up, down = (scene.differ + shift) / 2, (scene.differ - shift) / 2
    return users, rare, np.where(rank < down, -1.0, np.where(rank > 1 - up, 1.0, 0.0))


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a sample shows: both arms' differences, their users and weights, and the truth."""

    d: Array
    clusters: Array
    weights: Array
    truth: float


def samples(scene: Scene, draws: int) -> Iterator[Drawn]:
    """So many samples, each of a production of its own; the same each time."""
    for number in range(draws):
        users, rare, differences = production(scene, np.random.default_rng([SEED, number]))
        sample = _sample(number, rare.tobytes(), scene.items, scene.allocation)
        truth = float(differences.mean()) if scene.truth == "frame" else 0.0
        yield Drawn(differences[sample.rows], users[sample.rows], sample.weights, truth)


@lru_cache(MOST_KEPT)
def _sample(number: int, rare: bytes, items: int, allocation: Allocation) -> Sample:
    """The sample of a production of these kinds. Scenes of as many requests and users have the
    same kinds in the same places, and most of the time was that of drawing the same again."""
    kinds = np.frombuffer(rare, bool).tolist()
    keys = [f"{number}:{row}" for row in range(len(kinds))]
    frame = SamplingFrame(keys, kinds, keys)
    return draw_sample(frame, items, seed="s", allocation=allocation, least=2)


def our_tails(scene: Scene, draws: int, *, alpha: float = ALPHA) -> Tails:
    """How often the ends of the product's interval miss the truth, of `rates` without the rest."""
    misses = np.zeros(2)
    for drawn in samples(scene, draws):
        low, high = _ours(scene, drawn.d, drawn.clusters, drawn.weights, alpha)
        misses += (low > drawn.truth, high < drawn.truth)
    return Tails(*(misses / draws).tolist())


def rates(scene: Scene, draws: int, *, alpha: float = ALPHA) -> Rates:
    """How often the ends miss the truth, in so many draws."""
    misses = np.zeros((3, 2))
    widths = np.zeros(2)
    for drawn in samples(scene, draws):
        d, clusters, weights, truth = drawn.d, drawn.clusters, drawn.weights, drawn.truth
        intervals = [
            _ours(scene, d, clusters, weights, alpha),
            _ours(scene, d, clusters, None, alpha),
            _normal(d, clusters, weights, alpha),
        ]
        misses += [(low > truth, high < truth) for low, high in intervals]
        widths += [high - low for low, high in intervals[::2]]
    ours, unweighted, normal = (Tails(*row) for row in (misses / draws).tolist())
    return Rates(ours, unweighted, normal, float(widths[0] / widths[1]))


def _ours(
    scene: Scene, d: Array, clusters: Array, weights: Array | None, alpha: float
) -> tuple[float, float]:
    """Both ends of the product's comparison of two arms that differ so."""
    baseline = np.where(d < 0, 1.0, 0.0) if scene.scores == "yes/no" else (1 - d) / 2
    result = compare(
        baseline,
        baseline + d,
        clusters=clusters if scene.users else None,
        weights=weights,
        alpha=alpha,
        bounds=(0.0, 1.0),
    )
    return result.lower, result.upper


def _normal(d: Array, clusters: Array, weights: Array, alpha: float) -> tuple[float, float]:
    labels = np.unique(clusters, return_inverse=True)[1]
    weighted = clustered_mean(d, labels, weights)
    half = normal_quantile(1 - alpha) * math.sqrt(float((weighted.sums**2).sum())) / d.size
    return weighted.mean - half, weighted.mean + half


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=2000)
    parser.add_argument("--markdown", action="store_true")
    options = parser.parse_args()
    bar = "|" if options.markdown else ""
    heads = ("scene", "above", "below", "unweighted", "normal", "width")
    sys.stdout.write(f"{bar} {' | '.join(heads)} {bar}\n")
    if options.markdown:
        sys.stdout.write(f"| --- |{' ---: |' * (len(heads) - 1)}\n")
    for scene in SCENES:
        rate = rates(scene, options.draws)
        pairs = [rate.ours, rate.unweighted, rate.normal]
        worst = [max(each.lower, each.upper) for each in pairs]
        row = f"{rate.ours.lower:.4f} | {rate.ours.upper:.4f} | {worst[1]:.3f} | {worst[2]:.3f}"
        sys.stdout.write(f"{bar} {scene.name} | {row} | {rate.width:.2f} {bar}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
