"""Signals about production's answers, by version, and one of them over time."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Sum

from evalhub.accounts.models import Project
from evalhub.decision.wording import figure
from evalhub.features.traffic.models import SignalRollUp, SignalRollUpQuerySet
from evalhub.features.traffic.page_data.charts import DrawnPromotion, curves_chart
from evalhub.features.traffic.page_data.filtering import TrafficFilter, Window
from evalhub.features.traffic.page_data.production_page import answered_by, promotions_within
from evalhub.features.traffic.page_data.sealed_signals import SealedSignals, sealed_signals
from evalhub.features.traffic.served import ServedVersions
from evalhub.registry.models import ModelVersion
from evalhub.report.charts.parts import Chart

MOST_LABELS = 5
MOST_GROUPS = 20
MOST_ROWS = 10
"""Versions of one signal that are listed."""


@dataclass(frozen=True, slots=True)
class SignalTotals:
    """Signals of one name and giver about one version, or about a served name (`name`) of which
    nobody has said what it stands for."""

    version: ModelVersion | None
    name: str
    signals: int
    with_value: int
    total: float
    labels: Sequence[tuple[str, int]]

    @property
    def mean(self) -> float | None:
        """Of the values; None where none has one."""
        return self.total / self.with_value if self.with_value else None


@dataclass(frozen=True, slots=True)
class SignalGroup:
    """A signal with a row for each version, the one with the most signals first."""

    name: str
    by: str
    rows: Sequence[SignalTotals]

    @property
    def signals(self) -> int:
        return sum(row.signals for row in self.rows)

    @property
    def listed(self) -> Sequence[SignalTotals]:
        return self.rows[:MOST_ROWS]

    @property
    def others(self) -> int:
        """How many rows aren't listed."""
        return len(self.rows) - len(self.listed)

    @property
    def has_values(self) -> bool:
        return any(row.with_value for row in self.rows)


@dataclass(frozen=True, slots=True)
class SignalsPage:
    """The most frequent signals, how many `others` there are, and the mean value over time of the
    `chosen` one; all without those that are `sealed`."""

    groups: Sequence[SignalGroup]
    others: int
    chosen: SignalGroup | None
    chart: Chart | None
    sealed: SealedSignals


def signals_page(
    project: Project,
    wanted: TrafficFilter,
    served: ServedVersions,
    now: datetime,
    name: str = "",
) -> SignalsPage:
    """Four queries, and six more while a study of sampled requests is sealed. Signals count in the
    hour of the request that they are about.

    Args:
        name: of the signal that is drawn; the most frequent one that has values, if it isn't there.
    """
    window = Window.until(now, wanted.period)
    hours = SignalRollUp.objects.within(project, window.first, window.end)
    sealed = sealed_signals(project, wanted, served, window)
    hours = sealed.remove_mirrors(hours.filter(answered_by(wanted, served, "hour")))
    groups = _groups(hours, served, sealed)
    drawable = [group for group in groups if group.has_values]
    chosen = next((group for group in drawable if group.name == name), None)
    chosen = chosen or next(iter(drawable), None)
    chart = None
    if chosen:
        chart = _chart(hours, sealed, chosen, window, promotions_within(project, window))
    listed = groups[:MOST_GROUPS]
    return SignalsPage(listed, len(groups) - len(listed), chosen, chart, sealed)


type SignalKey = tuple[str, str, int, str]
"""A signal's name, who gave it, the version's primary key or 0, and the name where it is 0."""


def _groups(
    hours: SignalRollUpQuerySet, served: ServedVersions, sealed: SealedSignals
) -> list[SignalGroup]:
    columns = ("name", "by", "version", "model_name", "label")
    sums = hours.annotate(version=served.number("hour")).order_by().values_list(*columns)
    sums = sums.annotate(Sum("signals"), Sum("with_value"), Sum("total"))
    by_key: dict[SignalKey, list[tuple[str, int, int, float]]] = {}
    subtracted = [(*row[:5], *row[6:]) for row in sealed.rows]
    for name, by, version, model_name, *rest in [*sums, *subtracted]:
        key = name, by, version, "" if version else model_name
        by_key.setdefault(key, []).append(tuple(rest))
    groups: dict[tuple[str, str], list[SignalTotals]] = {}
    for (name, by, version, model_name), rows in by_key.items():
        totals = _totals(served.versions.get(version), model_name, rows)
        if totals.signals > 0:
            groups.setdefault((name, by), []).append(totals)
    listed = [
        SignalGroup(name, by, sorted(rows, key=lambda row: -row.signals))
        for (name, by), rows in groups.items()
    ]
    return sorted(listed, key=lambda group: (-group.signals, group.name))


def _totals(
    version: ModelVersion | None, name: str, rows: Sequence[tuple[str, int, int, float]]
) -> SignalTotals:
    labels: Counter[str] = Counter()
    for label, signals, _, _ in rows:
        if label:
            labels[label] += signals
    return SignalTotals(
        version=version,
        name=name,
        signals=sum(signals for _, signals, _, _ in rows),
        with_value=sum(with_value for _, _, with_value, _ in rows),
        total=sum(total for *_, total in rows),
        labels=(+labels).most_common(MOST_LABELS),
    )


def _chart(
    hours: SignalRollUpQuerySet,
    sealed: SealedSignals,
    group: SignalGroup,
    window: Window,
    promotions: Sequence[DrawnPromotion],
) -> Chart:
    """The mean value at each step, over all versions."""
    steps = [(0, 0.0)] * window.index(window.end)
    rows = hours.filter(name=group.name, by=group.by, with_value__gt=0)
    columns = rows.order_by().values_list("hour").annotate(Sum("with_value"), Sum("total"))
    subtracted = [
        (hour, with_value, total)
        for name, by, _, _, _, hour, _, with_value, total in sealed.rows
        if (name, by) == (group.name, group.by)
    ]
    for hour, with_value, total in [*columns, *subtracted]:
        index = window.index(hour)
        count, sum_ = steps[index]
        steps[index] = count + with_value, sum_ + total
    means = [total / count if count else None for count, total in steps]
    curve = group.name, "candidate", means
    return curves_chart(window, [curve], promotions, f"Mean of {group.name}", _mean_text)


def _mean_text(mean: float | None) -> str:
    return "–" if mean is None else figure(mean)
