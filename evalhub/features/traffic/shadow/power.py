"""What a sample can show, said before anything is asked."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import brentq

from evalhub.decision.wording import count_text
from evalhub.stats.bounded import number_labels
from evalhub.stats.clusters import clustered_mean, dot, kish_effect
from evalhub.stats.distributions import normal_quantile
from evalhub.stats.levels import ALPHA, POWER
from evalhub.stats.power_spread import Spread, items_for, power_for
from evalhub.stats.skew import unevenness

if TYPE_CHECKING:
    from evalhub.registry.models import TrafficSample

SD = 0.5
"""Standard deviation of differences that is assumed: of yes/no scores, a quarter of which turn."""
ICC = 0.1
"""Correlation of one user's differences that is assumed."""
DUE = normal_quantile(1 - ALPHA)
LARGEST = 1.0
"""The largest difference of yes/no scores."""


@dataclass(frozen=True, slots=True)
class SamplePower:
    """What a sample can show.

    Attributes:
        gain: that is planned for.
        needed: items of equal weight, of users like these, by which it is found; None: no number
            is enough.
        power: the chance that this sample finds it.
        sentences: what that assumes.
    """

    gain: float
    needed: int | None
    power: float
    sentences: tuple[str, ...]


def stored_power(sample: "TrafficSample", *, gain: float) -> SamplePower:
    """What the sample shows, and what is needed to show `gain`. One query."""
    rows = sample.version.items.order_by("position").values_list("cluster", "weight")
    clusters, weights = zip(*rows, strict=True)
    return sample_power(clusters, [1.0 if each is None else each for each in weights], gain=gain)


def sample_power(clusters: Sequence[str], weights: Sequence[float], *, gain: float) -> SamplePower:
    """What is needed to show `gain`, and what these items show, by the interval that the verdict
    will have: few users, or users of unequal sizes, make it wide (CR2, evalhub.stats.skew).

    The variance of the weighted mean of items with standard deviation σ, of which those of one user
    correlate by ρ, is σ²·((1 − ρ)·Σw² + ρ·ΣW²)/(Σw)², W a user's weight.

    Args:
        clusters: by item, its user; "": nobody else's.
        weights: by item.
    """
    labels = number_labels([each or index for index, each in enumerate(clusters)])
    w = np.array(weights) * (len(weights) / sum(weights))
    n, users = len(w) / kish_effect(w), int(labels.max()) + 1
    of_users = np.bincount(labels, w)
    effect = 1 - ICC + ICC * dot(of_users, of_users) / dot(w, w)
    sizes = unevenness(clustered_mean(np.arange(len(w), dtype=float), labels, w))
    spread = Spread(SD * math.sqrt(effect), sizes=sizes)
    plan = _Plan(max(1, round(n)), n / users, spread)
    needed = items_for(gain, spread, due=DUE, cluster_size=plan.cluster_size)
    return SamplePower(gain, needed, plan.power(gain), (plan.sentence(),))


@dataclass(frozen=True, slots=True)
class _Plan:
    """So many items of equal weight, so many of them a user's on average."""

    n: int
    cluster_size: float
    spread: Spread

    def power(self, gap: float) -> float:
        return power_for(self.n, gap, self.spread, due=DUE, cluster_size=self.cluster_size)

    def sentence(self) -> str:
        """What they show, and what that assumes."""
        assumed = f"if differences deviate by {SD:g}"
        if self.cluster_size > 1:
            assumed += f" and those of one user correlate by {ICC:g}"
        of = f"{count_text(self.n, 'item')} of equal weight"
        if self.power(LARGEST) < POWER:
            return f"{of} show no difference with {POWER:.0%} power, {assumed}"
        least = brentq(lambda gap: self.power(gap) - POWER, 1e-9, LARGEST)
        return f"{of} show {least:.2g} or more with {POWER:.0%} power, {assumed}"
