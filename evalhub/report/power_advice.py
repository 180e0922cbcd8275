"""What would decide a criterion: items, clusters, answers an item, judgments and hours. Pure."""

from dataclasses import dataclass
from math import ceil

from evalhub.report.power_plot import POWER, PowerPlot
from evalhub.schemas.criteria import Criterion
from evalhub.schemas.verdicts import Status
from evalhub.stats.paired import VarianceSplit
from evalhub.stats.power import effort, samples_that_suffice
from evalhub.verdict.criteria import SAME_RUN

SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class EvidenceSampling:
    """How the evidence was gathered, where it is known.

    Attributes:
        samples: answers an item, of each arm.
        split: where the variance lies; None with one answer an item.
        judgments_per_item, seconds: what people give to an item, and how long one takes.
    """

    samples: int = 1
    split: VarianceSplit | None = None
    judgments_per_item: float = 1.0
    seconds: float = SECONDS


def power_advice(
    criterion: Criterion, power: PowerPlot | None, sampling: EvidenceSampling
) -> list[str]:
    """What would decide a criterion that is open, the most direct way first, in sentences."""
    if criterion.method == SAME_RUN:
        return ["Nothing is open: both arms are one here."]
    if criterion.status is not Status.UNDECIDED:
        return [_decided(criterion, power)]
    if power is None:
        return [_without_power(criterion)]
    if criterion.role == "preference":
        return _by_judgments(criterion, power, sampling)
    return [*_by_items(criterion, power, sampling), *_by_samples(criterion, power, sampling)]


def _decided(criterion: Criterion, power: PowerPlot | None) -> str:
    if power is None:
        return "It is decided: nothing more is needed."
    return (
        f"It is decided: nothing more is needed. By plan {power.now.n:,} {power.unit} had a power "
        f"of {power.now.power:.0%} {_for_whom(criterion)}, and {power.needed.n:,} would have had "
        f"one of {POWER:.0%}."
    )


def _for_whom(criterion: Criterion) -> str:
    return {
        "guard": "for a candidate that loses nothing",
        "budget": "for a candidate that costs no more",
    }.get(criterion.role, "for the gain that was planned")


def _without_power(criterion: Criterion) -> str:
    if criterion.gap <= 0:
        return "No gap was planned, and no number of items shows that nothing is more than nothing."
    needed = criterion.needed_n
    if needed is None:
        return "Every item came out alike, so there is no spread to plan with."
    return (
        "Every item came out alike, so there is no spread to plan with. "
        f"{needed:,} items without a change would settle it."
    )


def _by_items(criterion: Criterion, power: PowerPlot, sampling: EvidenceSampling) -> list[str]:
    n, needed, clusters = criterion.n, power.needed.n, criterion.clusters
    for_whom = _for_whom(criterion)
    if needed <= n:
        return [
            f"Its {n:,} items have a power of {power.now.power:.0%} {for_whom}: "
            "more of them are not what it lacks."
        ]
    cost = effort(
        needed - n,
        items_per_cluster=max(1.0, n / clusters) if clusters else 1.0,
        samples_per_item=sampling.samples,
    )
    found = [
        f"{cost.items:,} more items, {needed:,} in all, would have a power of {POWER:.0%} "
        f"{for_whom}: {cost.answers:,} more answers of each arm."
    ]
    if clusters:
        found.append(
            f"They have to come as about {cost.clusters:,} new clusters of {n / clusters:,.3g} "
            "items: more of the same clusters would say the same again."
        )
    asked = criterion.needed_n
    if asked and asked > needed:
        found.append(
            f"The verdict asks for {asked:,} in all, so that everything that is open "
            "comes out together."
        )
    return found


def _by_samples(criterion: Criterion, power: PowerPlot, sampling: EvidenceSampling) -> list[str]:
    if power.needed.n <= criterion.n or criterion.role == "budget":
        return []
    if sampling.split is None:
        return [
            "With one answer an item nobody can tell how much of the spread more answers would "
            "take away: several answers an item (samples) would show it."
        ]
    enough = samples_that_suffice(
        sampling.split,
        criterion.n,
        power.gap,
        alpha=criterion.alpha,
        power=POWER,
        design_effect=criterion.design_effect,
    )
    if enough is None:
        return ["No number of answers an item would do: items differ too much between themselves."]
    there = f"where there {'is' if sampling.samples == 1 else 'are'} {sampling.samples:,} now"
    return [f"Or, with the same items, {enough:,} answers to each, {there}."]


def _by_judgments(criterion: Criterion, power: PowerPlot, sampling: EvidenceSampling) -> list[str]:
    n, needed = criterion.n, power.needed.n
    independent = (
        "Counted as though judgments were independent: those of one item or of one reviewer "
        "resemble each other, so plan for more."
    )
    if needed <= n:
        return [
            f"Its {n:,} judgments have a power of {power.now.power:.0%} for the gain that was "
            "planned: more of them are not what it lacks.",
            independent,
        ]
    items = ceil((needed - n) / sampling.judgments_per_item)
    cost = effort(
        items,
        judgments_per_item=sampling.judgments_per_item,
        seconds_per_judgment=sampling.seconds,
    )
    return [
        f"{cost.judgments:,} more judgments, {needed:,} in all: {cost.items:,} more items at "
        f"{sampling.judgments_per_item:,.3g} judgments each, {cost.hours:,.1f} reviewer hours at "
        f"{sampling.seconds:,.0f} seconds a judgment.",
        independent,
    ]
