"""What the pages of a project's production show, read from roll-ups alone."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from itertools import chain
from typing import Any

from django.db.models import Max, Q, Sum

from evalhub.accounts.models import Project
from evalhub.accounts.models.people import ProjectQuerySet
from evalhub.features.traffic.models import (
    RefusedRows,
    RollUp,
    RollUpQuerySet,
    Signal,
    TrafficSettings,
)
from evalhub.features.traffic.page_data.charts import (
    DrawnPromotion,
    FigureChart,
    figure_charts,
    numbers_table,
)
from evalhub.features.traffic.page_data.figures import Figures, Sums
from evalhub.features.traffic.page_data.filtering import (
    DAY,
    SliceKind,
    TrafficFilter,
    Window,
)
from evalhub.features.traffic.page_data.stopped import StoppedTraffic, stopped_traffic
from evalhub.features.traffic.served import ServedVersions
from evalhub.ledger.models import Promotion, StageMove
from evalhub.registry.models import ModelVersion
from evalhub.report.charts.parts import Table

AVERAGED = timedelta(days=7)
"""The time over which requests a day are averaged: full days, up to today."""
MOST_NAMES, MOST_VERSIONS = 10, 20
"""Rows of served names of which nobody has said what they stand for, and of versions."""
MOST_WAITING = 10_000
"""Signals without a request are counted up to here."""


@dataclass(frozen=True, slots=True)
class ProductionHead:
    """What stands above all these pages.

    Attributes:
        promotion: the one that holds; None: the project has no champion.
        shadows: the moves that put versions in shadow, of those that are.
        a_day: requests a day, over the last seven full days; None before the first of them.
        today: requests since midnight (UTC).
        settings: what is kept; None: nothing was taken in yet.
        has_traffic: whether any request was ever taken in.
    """

    project: Project
    promotion: Promotion | None
    shadows: Sequence[StageMove]
    a_day: float | None
    today: int
    settings: TrafficSettings | None
    stopped: StoppedTraffic | None
    has_traffic: bool


def production_head(project: Project, now: datetime) -> ProductionHead:
    """Seven queries."""
    hours = RollUp.objects.overall(project).order_by("hour").values_list("hour", flat=True)
    first, last = hours.first(), hours.last()
    midnight = datetime.combine(now, time(), now.tzinfo)
    days = 0 if first is None else min((midnight - first) // DAY + 1, AVERAGED // DAY)
    sums = RollUp.objects.overall(project).between(midnight - AVERAGED, midnight + DAY)
    requests = sums.aggregate(
        before=Sum("requests", filter=Q(hour__lt=midnight), default=0),
        today=Sum("requests", filter=Q(hour__gte=midnight), default=0),
    )
    return ProductionHead(
        project=project,
        promotion=Promotion.objects.current(project),
        shadows=list(StageMove.objects.in_shadow(project)),
        a_day=requests["before"] / days if days > 0 else None,
        today=requests["today"],
        settings=TrafficSettings.objects.filter(project=project).first(),
        stopped=stopped_traffic(project, first, last, now) if first and last else None,
        has_traffic=first is not None,
    )


@dataclass(frozen=True, slots=True)
class ProjectTraffic:
    """A project's requests of the last seven days, today included; `last` is the newest hour that
    has any, None without any in that time."""

    project: Project
    requests: int
    last: datetime | None


def projects_page(projects: ProjectQuerySet, now: datetime) -> list[ProjectTraffic]:
    """By name. Two queries."""
    rows = list(projects.select_related("champion__model").order_by("name"))
    hours = RollUp.objects.filter(project__in=rows, slice_kind="all", hour__gte=now - AVERAGED)
    sums = hours.order_by().values_list("project").annotate(Sum("requests"), Max("hour"))
    traffic = {pk: (requests, last) for pk, requests, last in sums}
    return [ProjectTraffic(row, *traffic.get(row.pk, (0, None))) for row in rows]


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version with its figures, or a served name of which nobody has said what it stands for."""

    version: ModelVersion | None
    names: Sequence[str]
    figures: Figures


@dataclass(frozen=True, slots=True)
class FiguresPage:
    """The figures of a time, over all, by step and by version; `promotions` lie within it.
    `numbers` has those of all charts, which are drawn without a table of their own. Of `versions`
    the largest are listed, and `others` is how many aren't."""

    window: Window
    total: Figures
    charts: Sequence[FigureChart]
    numbers: Table
    versions: Sequence[VersionRow]
    others: int
    promotions: Sequence[DrawnPromotion]


def figures_page(
    project: Project, wanted: TrafficFilter, served: ServedVersions, now: datetime
) -> FiguresPage:
    """Two queries, and one more where a name got another version in this time."""
    window = Window.until(now, wanted.period)
    rows = steps_within(project, wanted.kind, wanted, served, window)
    of_slice = (part.filter(slice_value=wanted.value) for part in rows)
    cells = _cells(chain.from_iterable(map(_columns, of_slice)), window, served)
    points = [
        Figures.together(figures for (step, *_), figures in cells.items() if step == index)
        for index in range(window.index(window.end))
    ]
    total = Figures.together(points)
    promotions = promotions_within(project, window)
    versions = _version_rows(cells)
    listed = _largest(versions)
    charts = figure_charts(window, points, total, promotions)
    return FiguresPage(
        window=window,
        total=total,
        charts=[replace(each, chart=replace(each.chart, table=None)) for each in charts],
        numbers=numbers_table(charts),
        versions=listed,
        others=len(versions) - len(listed),
        promotions=promotions,
    )


def steps_within(
    project: Project,
    kind: SliceKind | None,
    wanted: TrafficFilter,
    served: ServedVersions,
    window: Window,
) -> list[RollUpQuerySet]:
    """Roll-ups of all slices of a kind that together count each request of a time once: hours of
    the last 24, else days; but the hours of days on which a name got another version."""
    condition = answered_by(wanted, served, "hour")
    hours = RollUp.objects.of_kind(project, kind or "all").filter(condition)
    hours = hours.between(window.first, window.end)
    if window.hourly:
        return [hours]
    parted = [day for day in served.days_of_change() if window.first <= day < window.end]
    days = RollUp.objects.whole_days(project, kind or "all").filter(condition)
    days = days.between(window.first, window.end).exclude(hour__in=parted)
    return [days, hours.of_days(parted)] if parted else [days]


def matching_hours(
    project: Project, wanted: TrafficFilter, served: ServedVersions
) -> RollUpQuerySet:
    """The roll-ups of all requests that the filter wants, whenever they were."""
    hours = RollUp.objects
    rows: RollUpQuerySet = (
        hours.sliced(project, wanted.kind, wanted.value) if wanted.kind else hours.overall(project)
    )
    return rows.filter(answered_by(wanted, served, "hour"))


def answered_by(wanted: TrafficFilter, served: ServedVersions, time: str) -> Q:
    """The served name, version and arm that are wanted, on rows whose time is this field.

    A roll-up is of the version that answered at the beginning of its hour.
    """
    condition = Q()
    if wanted.model:
        condition &= Q(model_name=wanted.model)
    if wanted.version:
        condition &= served.condition(wanted.version, time)
    if wanted.arm:
        condition &= Q(arm=wanted.arm)
    return condition


def promotions_within(project: Project, window: Window) -> list[DrawnPromotion]:
    """Oldest first. One query."""
    promotions = Promotion.objects.filter(
        project=project, created__gte=window.first, created__lt=window.end
    )
    rows = promotions.select_related("version__model").order_by("created", "id")
    return [DrawnPromotion(str(row.version), row.created) for row in rows]


type Cell = tuple[int, ModelVersion | None, str]
"""A step of the window, the version that answered, and the name that it was served under."""


def _columns(rows: RollUpQuerySet) -> Iterable[Sequence[Any]]:
    """The hour, the served name, the latencies, and what is added up."""
    return rows.order_by().values_list("hour", "model_name", "latency", *Sums._fields)


def _cells(
    rows: Iterable[Sequence[Any]], window: Window, served: ServedVersions
) -> dict[Cell, Figures]:
    by_cell: dict[Cell, list[Sequence[Any]]] = {}
    for row in rows:
        hour, name = row[:2]
        by_cell.setdefault((window.index(hour), served.at(name, hour), name), []).append(row[2:])
    return {cell: Figures.of_rows(of_cell) for cell, of_cell in by_cell.items()}


def _version_rows(cells: Mapping[Cell, Figures]) -> list[VersionRow]:
    """Unknown names first, one by one; then versions; each by the number of its requests."""
    groups: dict[ModelVersion | str, list[Cell]] = {}
    for cell in cells:
        _, version, name = cell
        groups.setdefault(version or name, []).append(cell)
    rows = [
        VersionRow(
            version=group[0][1],
            names=sorted({name for _, _, name in group}),
            figures=Figures.together(cells[cell] for cell in group),
        )
        for group in groups.values()
    ]
    return sorted(rows, key=lambda row: (row.version is not None, -row.figures.requests))


def _largest(rows: Sequence[VersionRow]) -> list[VersionRow]:
    names = [row for row in rows if row.version is None][:MOST_NAMES]
    return [*names, *[row for row in rows if row.version is not None][:MOST_VERSIONS]]


@dataclass(frozen=True, slots=True)
class RefusalRow:
    """Rows that weren't taken for one reason, by one door."""

    reason: str
    source: str
    rows: int
    last: datetime
    example: str


@dataclass(frozen=True, slots=True)
class RefusalsPage:
    """Why rows weren't taken, the most frequent reason first, and signals whose request hasn't
    come; `more_waiting`: there are more than were counted."""

    rows: Sequence[RefusalRow]
    waiting: int
    more_waiting: bool


def refusals_page(project: Project, wanted: TrafficFilter, now: datetime) -> RefusalsPage:
    """Three queries."""
    window = Window.until(now, wanted.period)
    refused = RefusedRows.objects.filter(project=project, day__gte=window.first.date())
    sums = refused.order_by().values("reason", "source")
    sums = sums.annotate(sum=Sum("rows"), last=Max("day")).order_by("-sum", "reason", "source")
    newest = refused.order_by("day", "pk").values_list("reason", "source", "example")
    examples = {(reason, source): example for reason, source, example in newest if example}
    waiting = Signal.objects.filter(project=project, request_day=None)[: MOST_WAITING + 1].count()
    return RefusalsPage(
        rows=[_refusal_row(row, examples) for row in sums],
        waiting=min(waiting, MOST_WAITING),
        more_waiting=waiting > MOST_WAITING,
    )


def _refusal_row(row: Mapping[str, Any], examples: Mapping[tuple[str, str], str]) -> RefusalRow:
    key = row["reason"], row["source"]
    return RefusalRow(*key, row["sum"], row["last"], examples.get(key, ""))
