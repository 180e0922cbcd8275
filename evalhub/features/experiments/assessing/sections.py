"""A live experiment's sections of its record: who was exposed, allocation, stages."""

from collections.abc import Sequence
from datetime import UTC, datetime
from operator import itemgetter

from django.db.models import Sum

from evalhub.decision.sections.allocation import (
    AllocatedDay,
    AllocationSection,
    Deviation,
    expected_share,
    mismatch_p,
)
from evalhub.decision.sections.exposure import ArmExposure, ExposureSection, Silence
from evalhub.decision.sections.stages import StageRow, StagesSection
from evalhub.features.experiments.assessing.silences import silences_of
from evalhub.features.experiments.assessing.user_sums import EpochUsers
from evalhub.features.experiments.models import CountedDay, Experiment
from evalhub.features.experiments.rule import Variant
from evalhub.stats.sample_ratio import MISMATCH, slice_p_value

MOST_SHOWN = 5
"""Silences that the record lists."""


def instant(time: datetime) -> str:
    """A time as records write it."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def exposure_section(
    experiments: Sequence[Experiment], epochs: Sequence[EpochUsers], now: datetime
) -> ExposureSection:
    """Users and requests by arm, and what was missed."""
    champion, challenger = (_arm_exposure(epochs, variant) for variant in Variant)
    left_out = CountedDay.objects.filter(experiment__in=experiments).aggregate(
        without_user=Sum("without_user", default=0), outside=Sum("outside", default=0)
    )
    seen = [each.last_exposure for each in experiments if each.last_exposure is not None]
    gaps = [gap for experiment in experiments for gap in silences_of(experiment, now)]
    gaps.sort(key=lambda gap: (-gap.missed, gap.first))
    return ExposureSection(
        exposed=champion.users + challenger.users,
        champion=champion,
        challenger=challenger,
        last_challenger=instant(max(seen)) if seen else None,
        silent_minutes=sum(gap.minutes for gap in gaps),
        missed=sum(gap.missed for gap in gaps),
        silences=tuple(
            Silence(first=instant(gap.first), minutes=gap.minutes, missed=gap.missed)
            for gap in gaps[:MOST_SHOWN]
        ),
        **left_out,
    )


def _arm_exposure(epochs: Sequence[EpochUsers], variant: Variant) -> ArmExposure:
    def count(name: str) -> int:
        return sum(int(users.counts[name][users.arm(variant)].sum()) for users in epochs)

    def users_with(name: str, *, none: bool = False) -> int:
        return sum(
            int(((users.counts[name] == 0) == none)[users.arm(variant)].sum()) for users in epochs
        )

    return ArmExposure(
        users=sum(int(users.arm(variant).sum()) for users in epochs),
        crossed_users=users_with("crossed"),
        unreached=users_with("as_assigned", none=True),
        requests=count("requests"),
        as_assigned=count("as_assigned"),
        by_default=count("by_default"),
        crossed=count("crossed"),
    )


def stages_section(experiments: Sequence[Experiment]) -> StagesSection:
    """All steps of these experiments, in the order of time."""
    return StagesSection(
        steps=tuple(
            StageRow(
                experiment=number,
                epoch=step.epoch,
                since=instant(step.since),
                weight=step.weight,
                coverage=step.coverage,
                by=step.by_id,
                reason=step.reason,
            )
            for number, experiment in enumerate(experiments, 1)
            for step in experiment.steps.in_order()
        )
    )


def allocation_section(
    experiments: Sequence[Experiment], epochs: Sequence[EpochUsers]
) -> AllocationSection:
    """The sequential sample-ratio check, and where users deviate most, if they do."""
    days = tuple(
        AllocatedDay(
            epoch=users.epoch,
            day=day.isoformat(),
            weight=users.weight,
            champion=champion,
            challenger=challenger,
        )
        for users in epochs
        for day, champion, challenger in users.arrivals()
    )
    p = mismatch_p(days)
    deviations = _deviations(experiments, days) if p <= MISMATCH else []
    return AllocationSection(days=days, p=p, deviations=tuple(deviations))


type Slices = dict[tuple[str, str], list[AllocatedDay]]
"""Users by day, by kind and value of a slice."""


def _deviations(experiments: Sequence[Experiment], days: Sequence[AllocatedDay]) -> list[Deviation]:
    """Of each kind the slice that deviates most, the farthest off first; none that all users are
    in, which says no more than all of them do."""
    slices: Slices = {}
    for day in days:
        slices.setdefault(("day", day.day), []).append(day)
    weights = {day.epoch: day.weight for day in days}
    for counted in CountedDay.objects.filter(experiment__in=experiments):
        _add_arrivals(slices, counted, weights)
    everybody = sum(day.champion + day.challenger for day in days)
    worst: dict[str, tuple[float, Deviation]] = {}
    for (kind, value), rows in slices.items():
        deviation = _deviation(kind, value, rows)
        if deviation.champion + deviation.challenger >= everybody:
            continue
        p = slice_p_value(
            [(row.champion, row.challenger) for row in rows],
            [(1 - row.weight, row.weight) for row in rows],
        )
        if kind not in worst or p < worst[kind][0]:
            worst[kind] = p, deviation
    return [deviation for _, deviation in sorted(worst.values(), key=itemgetter(0))]


def _deviation(kind: str, value: str, rows: Sequence[AllocatedDay]) -> Deviation:
    return Deviation(
        kind=kind,
        value=value,
        champion=sum(row.champion for row in rows),
        challenger=sum(row.challenger for row in rows),
        expected=expected_share(rows),
    )


def _add_arrivals(slices: Slices, counted: CountedDay, weights: dict[int, float]) -> None:
    for epoch, kinds in counted.arrivals.items():
        if (weight := weights.get(int(epoch))) is None:
            continue
        for kind, values in kinds.items():
            for value, (champion, challenger) in values.items() if kind != "all" else ():
                row = AllocatedDay(
                    epoch=int(epoch),
                    day=counted.day.isoformat(),
                    weight=weight,
                    champion=champion,
                    challenger=challenger,
                )
                slices.setdefault((kind, value), []).append(row)
