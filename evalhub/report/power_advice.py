"""What would settle a criterion: the record's number of items, and their cost. Pure."""

from dataclasses import dataclass
from math import ceil

from evalhub.decision.criterion import Criterion, NextLook
from evalhub.decision.wording import SAME_RUN
from evalhub.declare.verdicts import Status
from evalhub.stats.levels import POWER
from evalhub.stats.paired import VarianceSplit
from evalhub.stats.power import effort, minimum_detectable_effect, samples_that_suffice
from evalhub.stats.power_live import smallest_effect as smallest_live_effect

SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class EvidenceSampling:
    """How the evidence was sampled, where it is known.

    Attributes:
        samples: answers an item, of each arm.
        split: where the variance lies; None with one answer an item.
        judgments_per_item, seconds: what people give to an item, and how long one takes.
    """

    samples: int = 1
    split: VarianceSplit | None = None
    judgments_per_item: float = 1.0
    seconds: float = SECONDS


def power_advice(criterion: Criterion, sampling: EvidenceSampling) -> list[str]:
    """What would settle an open criterion, as the record says, and its cost."""
    if criterion.method == SAME_RUN:
        return ["Nothing is open: both arms are one here."]
    if criterion.status is not Status.OPEN:
        return ["It is decided: nothing more is needed."]
    sentences = [f"{criterion.needed_why[:1].upper()}{criterion.needed_why[1:]}."]
    sizes = [size for size in (criterion.needed_n, criterion.needed_as_seen) if size is not None]
    if not sizes:
        return sentences
    if criterion.kind.counts_users:
        return sentences
    plan = criterion.next_look or NextLook(alpha=criterion.alpha)
    present = 0 if plan.weights is None else criterion.n + criterion.chose
    more = [size - present for size in sizes]
    if criterion.kind.counts_judgments:
        return [*sentences, *(_hours(size, sampling) for size in more)]
    answers = " or ".join(f"{size * sampling.samples:,}" for size in more)
    sentences.append(f"That is {answers} answers of each arm.")
    return [*sentences, *_by_samples(criterion, plan, sampling)] if len(sizes) == 1 else sentences


def smallest_effect(criterion: Criterion) -> float | None:
    """The gap that its items show with 80% power at its level, with the observed deviation; None
    without deviation."""
    if criterion.sd <= 0:
        return None
    if criterion.kind.counts_users:
        # Its sd is √N times the standard error: that of two halves is twice a user's.
        return smallest_live_effect(criterion.n, criterion.sd / 2, alpha=criterion.alpha)
    return minimum_detectable_effect(
        criterion.n,
        criterion.sd,
        alpha=criterion.alpha,
        power=POWER,
        design_effect=criterion.design_effect,
    )


def _hours(judgments: int, sampling: EvidenceSampling) -> str:
    items = ceil(judgments / sampling.judgments_per_item)
    cost = effort(
        items,
        judgments_per_item=sampling.judgments_per_item,
        seconds_per_judgment=sampling.seconds,
    )
    per_item = (
        f"{sampling.judgments_per_item:,.3g} judgment{'s' * (sampling.judgments_per_item != 1)}"
    )
    return (
        f"That is {cost.items:,} items at {per_item} each, "
        f"{cost.hours:,.1f} reviewer hours at {sampling.seconds:,.0f} seconds a judgment."
    )


def _by_samples(criterion: Criterion, plan: NextLook, sampling: EvidenceSampling) -> list[str]:
    if not criterion.kind.by_metric:
        return []
    if sampling.split is None:
        return [
            "With one answer an item nobody can tell how much of the spread more answers would "
            "take away: several answers an item (samples) would show it."
        ]
    enough = samples_that_suffice(
        sampling.split,
        criterion.n,
        criterion.gap,
        alpha=plan.alpha,
        power=POWER,
        design_effect=criterion.design_effect,
    )
    if enough is None:
        return ["No number of answers an item would do: items differ too much between themselves."]
    note = f"where there {'is' if sampling.samples == 1 else 'are'} {sampling.samples:,} now"
    return [f"Or, with the same items, {enough:,} answers to each, {note}: a look of its own."]
