"""The power analysis as one document: the needed sample size, and the power of a given one."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from evalhub.declare.analysis import CurvePoint, GivenSize, PowerCriterion, PowerDocument
from evalhub.declare.defaults import SECONDS_A_SCORE
from evalhub.stats.errors import StatisticsError
from evalhub.stats.paired import VarianceSplit
from evalhub.stats.power import (
    Effort,
    design_effect_of,
    effort,
    joint_sample_sizes,
    minimum_detectable_effect,
    paired_power,
    sampled_sd,
    samples_that_suffice,
)

SHARES = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0)
"""Sizes of the curve, as shares of the size at hand or needed."""

type Question = Literal["difference", "guard", "preference"]


@dataclass(frozen=True, slots=True)
class PowerTarget:
    """One thing to show: `gap` is how far the truth lies from what is to be excluded; `sd` that
    of the items' differences."""

    name: str
    gap: float | None
    sd: float


@dataclass(frozen=True, slots=True)
class ItemCosts:
    """Costs of one item, for the effort.

    Attributes:
        cluster_size: items that belong together.
        icc: intraclass correlation of those, 0 to 1.
        samples: answers to an item, of each arm.
        seconds: that a judgment takes.
    """

    cluster_size: float = 1.0
    icc: float = 0.0
    samples: int = 1
    judgments_per_item: float = 0.0
    seconds: float = SECONDS_A_SCORE

    @property
    def design_effect(self) -> float:
        return design_effect_of(self.cluster_size, self.icc)


def power_document(
    question: Question,
    targets: Sequence[PowerTarget],
    *,
    n: int | None,
    costs: ItemCosts,
    alpha: float,
    power: float,
    sizes: Sequence[int] | None = None,
) -> PowerDocument:
    """What the targets need together, and what `n` can show.

    Where several must hold together, the allowed miss rate is shared out, and the power of a size
    is the least that they all hold with, however they depend on each other (Bonferroni).

    Args:
        n: items (of a preference: judgments) at hand; None: only what is needed is asked.
        alpha: one-sided level.
        sizes: what each target needs, where another formula than that of a mean gave it.

    Raises:
        evalhub.stats.errors.StatisticsError: nothing is asked, or it can't be computed.
    """
    effect = costs.design_effect
    gaps = [target.gap for target in targets if target.gap is not None]
    if not gaps and n is None:
        raise StatisticsError("give what is to be shown, or --n for what can be")
    if gaps and sizes is None:
        effects = [effect] * len(targets)
        sds = [target.sd for target in targets]
        sizes = joint_sample_sizes(sds, gaps, alpha=alpha, power=power, design_effects=effects)
    each_power = 1 - (1 - power) / len(targets)

    def detectable(size: int, sd: float) -> float:
        return minimum_detectable_effect(
            size, sd, alpha=alpha, power=each_power, design_effect=effect
        )

    def joint_power(size: int) -> float | None:
        if not gaps:
            return None
        missed = sum(
            1 - paired_power(size, target.sd, target.gap, alpha=alpha, design_effect=effect)
            for target in targets
            if target.gap is not None
        )
        return max(0.0, 1 - missed)

    middle = n or max(sizes or [1])
    curve = dict.fromkeys(max(1, round(middle * share)) for share in SHARES)
    document = PowerDocument(
        question=question,
        unit="judgments" if question == "preference" else "items",
        alpha=alpha,
        power=power,
        design_effect=effect,
        criteria=[
            PowerCriterion(
                name=target.name,
                gap=target.gap,
                sd=target.sd,
                needed=_effort(question, sizes[i], costs) if sizes else None,
                minimum_detectable_effect=detectable(n, target.sd) if n else None,
            )
            for i, target in enumerate(targets)
        ],
        given=GivenSize(n=n, power=joint_power(n), effort=_effort(question, n, costs))
        if n
        else None,
        curve=[
            CurvePoint(
                n=size,
                power=joint_power(size),
                minimum_detectable_effect=max(detectable(size, target.sd) for target in targets),
            )
            for size in curve
        ],
    )
    return document.model_copy(update={"sentences": _sentences(document, sizes or [], costs)})


def _sentences(document: PowerDocument, sizes: Sequence[int], costs: ItemCosts) -> tuple[str, ...]:
    """Whether the size at hand is enough, and what it can show, with what that assumes."""
    if document.given is None:
        return ()
    n, sentences = document.given.n, []
    if max(sizes, default=0) > n:
        what = "review" if document.unit == "judgments" else "test set"
        sentences.append(f"this {what} has {n:,} {document.unit}; {max(sizes):,} would be needed")
    least = max(criterion.minimum_detectable_effect or 0.0 for criterion in document.criteria)
    spreads = ", ".join(dict.fromkeys(f"{criterion.sd:.2g}" for criterion in document.criteria))
    assumed = f"if {'judgments' if document.unit == 'judgments' else 'differences'} deviate by "
    assumed += spreads
    if costs.cluster_size > 1:
        one = "item" if document.unit == "judgments" else "cluster"
        assumed += f" and those of one {one} correlate by {costs.icc:g}"
    sentences.append(
        f"{n:,} {document.unit} show {least:.2g} or more with {document.power:.0%} power, {assumed}"
    )
    return tuple(sentences)


def sd_of_means(sd: float, within_sd: float, samples: int) -> float:
    """Standard deviation of differences of items' means over `samples` answers of each arm.

    Args:
        sd: of the items' true differences.
        within_sd: of one item's score between samples.
    """
    if sd < 0:
        raise StatisticsError(f"a standard deviation is not negative, and this is {sd:g}")
    return sampled_sd(VarianceSplit(sd**2, within_sd**2, within_sd**2), samples, samples)


def samples_needed(
    sd: float, within_sd: float, n: int, gap: float, *, costs: ItemCosts, alpha: float, power: float
) -> int | None:
    """Samples an item with which `n` items are enough; None where no number is."""
    return samples_that_suffice(
        VarianceSplit(sd**2, within_sd**2, within_sd**2),
        n,
        gap,
        alpha=alpha,
        power=power,
        design_effect=costs.design_effect,
    )


def _effort(question: Question, size: int, costs: ItemCosts) -> Effort:
    judged = question == "preference"
    return effort(
        math.ceil(size / costs.judgments_per_item) if judged else size,
        items_per_cluster=1.0 if judged else costs.cluster_size,
        samples_per_item=costs.samples,
        judgments_per_item=costs.judgments_per_item,
        seconds_per_judgment=costs.seconds,
    )
