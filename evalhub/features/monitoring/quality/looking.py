"""Look at recent answers' quality: score the days that are due, and take the weeks' pairs on."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta

from evalhub.accounts.outgoing import hold_began
from evalhub.declare.declaration import DeclarationError
from evalhub.declare.monitor import QualityPlan
from evalhub.features.monitoring.errors import MonitorError
from evalhub.features.monitoring.leasing import renew_lease
from evalhub.features.monitoring.models import Monitor, NoticeKind, QualityWeek, Stream, StreamDay
from evalhub.features.monitoring.notices import set_notices
from evalhub.features.monitoring.quality.daily import answered_by, score_day, store_day
from evalhub.features.monitoring.quality.judging import judge_streams, reference_lack
from evalhub.features.monitoring.quality.measures import metrics_of
from evalhub.features.monitoring.quality.streams import DAY, PAIRS, open_streams
from evalhub.features.monitoring.quality.weeks.comparing import Lacks, take_on
from evalhub.features.monitoring.quality.weeks.drawing import (
    WEEK,
    NothingToDrawError,
    begin_week,
    monday_of,
)
from evalhub.features.monitoring.quality.weeks.versions import check_pairs, former_version
from evalhub.features.monitoring.quality.weeks.windows import close_window
from evalhub.features.traffic.keeping import settings_of, text_time
from evalhub.features.traffic.served import ServedVersions
from evalhub.ledger.models import Promotion
from evalhub.registry.version_names import version_name
from runners.launch_checks import LaunchError

SETTLED = timedelta(hours=6)
"""After a day's end its requests and their texts are taken to have come."""
TRIED_AGAIN = timedelta(hours=1)
"""After a look at which something was absent."""
STEP = timedelta(minutes=5)
"""Between looks while answers are had and compared, or days wait to be scored."""
DAYS_A_LOOK = 7
"""That are scored."""


def begin_quality(monitor: Monitor) -> timedelta:
    """Checks what a new monitor measures; a `Begin`. It looks at once.

    Raises MonitorError with the field of the plan.
    """
    plan: QualityPlan = monitor.plan
    try:
        metrics_of(plan)
    except DeclarationError as error:
        raise MonitorError(error.message, error.field) from error
    if plan.pairs is not None:
        try:
            check_pairs(monitor.project, plan.pairs)
        except DeclarationError as error:
            raise MonitorError(error.message, f"pairs.{error.field}") from error
    return timedelta()


def look_at_quality(monitor: Monitor, now: datetime) -> datetime:
    """Scores the days that have settled, takes the weeks on, and judges the streams; a `Look`.
    While the site's messages are held, nobody is asked."""
    promotion = Promotion.objects.current(monitor.project)
    if promotion is None or promotion.version_id not in ServedVersions.of(monitor.project).versions:
        which = "no version is the champion" if promotion is None else f"{promotion.version}"
        sentence = f"{which}: say by `evalhub traffic name` under which name it is served"
        absent = {NoticeKind.NO_CHAMPION: sentence if promotion else f"{which}: promote one"}
        set_notices(monitor, absent, now=now)
        return now + TRIED_AGAIN
    lacks, backlog = _look_at_days(monitor, promotion, now)
    if hold_began() is None:
        _add(lacks, _look_at_weeks(monitor, promotion, now))
    if lack := reference_lack(judge_streams(monitor, now)):
        _add(lacks, {NoticeKind.TOO_FEW: lack})
    set_notices(monitor, lacks, now=now)
    if backlog or monitor.weeks.filter(ended=None).exists():
        return now + STEP
    return now + TRIED_AGAIN


def _add(lacks: Lacks, others: Lacks) -> None:
    for kind, sentence in others.items():
        lacks[kind] = f"{lacks[kind]}; {sentence}" if kind in lacks else sentence


def _look_at_days(monitor: Monitor, promotion: Promotion, now: datetime) -> tuple[Lacks, bool]:
    """Scores days that no stream has yet, the earliest first. Returns what is absent, and whether
    more days wait."""
    plan: QualityPlan = monitor.plan
    metrics = metrics_of(plan)
    streams = open_streams(monitor, promotion, metrics)
    failed: dict[str, str] = {}
    left = DAYS_A_LOOK
    for day, names in _due_days(monitor, streams, now).items():
        if not left:
            break
        renew_lease(monitor)
        scores = score_day(
            project=monitor.project,
            version=promotion.version,
            day=day,
            metrics={name: metrics[name] for name in names},
            size=plan.sample,
            seed=plan.seed,
        )
        failed |= scores.failed
        scored = {name: values for name, values in scores.values.items() if values}
        for name, values in scored.items():
            store_day(streams[name], day, values.values(), now)
        left -= bool(scored)
    lacks = _absent(monitor, promotion, now) if metrics else {}
    if failed:
        lacks[NoticeKind.NO_SCORES] = "; ".join(f"{name}: {why}" for name, why in failed.items())
    return lacks, not left


def _due_days(
    monitor: Monitor, streams: Mapping[str, Stream], now: datetime
) -> dict[date, list[str]]:
    """By day, the metrics by which it is still to be scored: settled days whose texts are kept.
    Texts of a day without any may still come. What was scored by a clock that was ahead is scored
    again."""
    last = _last_day(now)
    first_kept = now.astimezone(UTC).date() - text_time(settings_of(monitor.project))
    due: dict[date, list[str]] = {}
    for name, stream in streams.items():
        rows = StreamDay.objects.filter(stream=stream, counted__lte=now)
        scored = set(rows.values_list("day", flat=True))
        day = max(stream.since, first_kept)
        while day <= last:
            if day not in scored:
                due.setdefault(day, []).append(name)
            day += DAY
    return dict(sorted(due.items()))


def _last_day(now: datetime) -> date:
    """The last day that has settled."""
    return (now - SETTLED).astimezone(UTC).date() - DAY


def _absent(monitor: Monitor, promotion: Promotion, now: datetime) -> Lacks:
    day = _last_day(now)
    if day <= promotion.created.astimezone(UTC).date():
        return {}
    rows = answered_by(monitor.project, promotion.version, day)
    if not rows.exists():
        return {NoticeKind.NO_TRAFFIC: f"{promotion.version} answered no request on {day}"}
    if not rows.filter(has_text=True).exists():
        return {
            NoticeKind.NO_TEXTS: f"no request of {day} has texts: `evalhub traffic settings "
            "--text-share` says of how many they are kept"
        }
    return {}


def _look_at_weeks(monitor: Monitor, promotion: Promotion, now: datetime) -> Lacks:
    plan: QualityPlan = monitor.plan
    if plan.pairs is None:
        return {}
    lacks: Lacks = {}
    monday = monday_of(_last_day(now) + DAY) - WEEK
    beside = former_version(promotion, plan.pairs)
    if beside is None:
        lacks[NoticeKind.NO_ANSWERS] = (
            "no former version can be asked: say `beside: MODEL@NUMBER`, one that is served"
        )
    elif datetime.combine(monday + WEEK, time(), UTC) > promotion.created:
        try:
            begin_week(
                monitor=monitor, plan=plan, promotion=promotion, beside=beside, monday=monday
            )
        except (NothingToDrawError, LaunchError) as error:
            lacks[NoticeKind.TOO_FEW] = f"no pairs of the week of {monday}: {error}"
    weeks = monitor.weeks.filter(ended=None).select_related(
        "monitor__project", "former__version__model", "former__budget", "recorded__budget",
        "judge_run__judge__model", "judge_run__candidate", "judge_run__baseline", "campaign",
    )  # fmt: skip
    for week in weeks:
        renew_lease(monitor)
        is_over = week.monday < monday or week.version_id != promotion.version_id
        _add(lacks, take_on(week, plan, is_over=is_over, now=now))
    compared = QualityWeek.objects.filter(monitor=monitor, version=promotion.version)
    newest = compared.select_related("former__version__model").order_by("monday").last()
    if newest is not None:
        name = f"{PAIRS}{version_name(newest.former.version)}"
        stream = open_streams(monitor, promotion, [name])[name]
        _add(lacks, close_window(stream, plan.pairs, now))
    return lacks
