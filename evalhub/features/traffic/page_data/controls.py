"""The controls of a page of production: what its figures can be narrowed to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from evalhub.accounts.models import Project
from evalhub.features.traffic.models import RollUp
from evalhub.features.traffic.models.roll_ups import day_kind
from evalhub.features.traffic.page_data.filtering import (
    DAY,
    Period,
    RequestOutcome,
    SliceKind,
    TrafficFilter,
    Window,
)
from evalhub.features.traffic.served import ServedVersions

RECENT = timedelta(days=7)
"""Slices can be chosen that had a request in this time."""
MOST_OPTIONS = 200
OUTCOMES: Mapping[str, str] = {
    RequestOutcome.ERROR: "with an error",
    RequestOutcome.ABORTED: "aborted by the client",
    RequestOutcome.TEXT: "with their texts",
    RequestOutcome.MASKED: "with masked personal data",
}


@dataclass(frozen=True, slots=True)
class SelectOption:
    """An option of a control."""

    value: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class SelectControl:
    """A list to choose from: options that stand alone, then groups with their labels."""

    name: str
    label: str
    options: Sequence[SelectOption]
    groups: Sequence[tuple[str, Sequence[SelectOption]]] = ()


def controls(
    project: Project,
    wanted: TrafficFilter,
    served: ServedVersions,
    now: datetime,
    *,
    slices: bool,
    outcomes: bool,
) -> list[SelectControl]:
    """Two queries. A control that has nothing to choose is left out.

    Args:
        slices: whether the page can be narrowed to a slice.
        outcomes: whether it can be to requests with an error, and the like.
    """
    window = Window.until(now, wanted.period)
    days = RollUp.objects.whole_days(project).between(window.first - DAY, window.end).order_by()
    pairs = set(days.values_list("model_name", "arm").distinct()[:MOST_OPTIONS])
    names = {name for name, _ in pairs} | {wanted.model}
    arms = {arm for _, arm in pairs} | {wanted.arm}
    versions = {
        str(pk): f"{version}{' (champion)' if version.champion_of_id else ''}"
        for pk, version in served.versions.items()
    }
    if wanted.version:
        versions.setdefault(str(wanted.version), "one that answered nothing")
    outcome = str(wanted.outcome) if wanted.outcome is not RequestOutcome.ANY else ""
    selects = [
        SelectControl(
            "days", "Time", [_option(each, each.label, wanted.period) for each in Period]
        ),
        _select("model", "Served as", {name: name for name in sorted(names)}, wanted.model),
        _select("version", "Version", versions, str(wanted.version or "")),
        _select("arm", "Arm", {arm: arm for arm in sorted(arms)}, wanted.arm),
    ]
    if slices:
        selects.append(_slices(project, wanted, now))
    if outcomes:
        selects.append(
            _select("outcome", "Only", {str(k): v for k, v in OUTCOMES.items()}, outcome)
        )
    return [select for select in selects if select.groups or len(select.options) > 1]


def slice_label(value: str) -> str:
    """A slice's value, or what it is called where requests have none."""
    return value or "unknown"


def _slices(project: Project, wanted: TrafficFilter, now: datetime) -> SelectControl:
    end = Window.until(now, wanted.period).end
    kinds = {day_kind(kind): kind for kind in SliceKind}
    recent = RollUp.objects.filter(project=project, slice_kind__in=list(kinds))
    recent = recent.between(end - RECENT - DAY, end).order_by()
    pairs = recent.values_list("slice_kind", "slice_value").distinct()[:MOST_OPTIONS]
    values = {(kinds[of_days], value) for of_days, value in pairs}
    if wanted.kind:
        values.add((wanted.kind, wanted.value))
    groups = [
        (
            kind.label,
            [
                _option(f"{kind}:{value}", slice_label(value), wanted.slice)
                for of, value in sorted(values)
                if of == kind
            ],
        )
        for kind in SliceKind
    ]
    return SelectControl(
        "slice",
        "Slice",
        [_option("", "any", wanted.slice)],
        [group for group in groups if group[1]],
    )


def _select(name: str, label: str, labels: Mapping[str, str], chosen: str) -> SelectControl:
    options = [_option(value, text, chosen) for value, text in labels.items() if value]
    return SelectControl(name, label, [_option("", "any", chosen), *options])


def _option(value: str, label: str, chosen: str) -> SelectOption:
    return SelectOption(value, label, value == chosen)
