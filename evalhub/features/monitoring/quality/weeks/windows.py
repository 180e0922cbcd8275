"""Put weeks together until people have compared enough pairs: one value of the stream."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from django.db import transaction

from evalhub.decision.wording import count_text
from evalhub.declare.monitor import QualityPairs
from evalhub.features.monitoring.models import (
    Check,
    Monitor,
    NoticeKind,
    QualityWeek,
    Stream,
    StreamDay,
)
from evalhub.features.monitoring.quality.estimate import WindowEstimate, estimate_window
from evalhub.features.monitoring.quality.weeks.comparing import Lacks, compared_pairs, count_same
from evalhub.features.monitoring.quality.weeks.drawing import WEEK
from evalhub.stats.errors import StatisticsError


def close_window(stream: Stream, pairs: QualityPairs, now: datetime) -> Lacks:
    """Makes one day of the stream of the ended weeks that no day has yet, if people have compared
    enough of their pairs; else says how many they have.

    A window is of one former version: where another is compared, another one begins.
    """
    weeks = _open_weeks(stream)
    if not weeks:
        return {}
    compared = [pair for week in weeks for pair in compared_pairs(week)]
    labels = sum(pair.people is not None for pair in compared)
    if labels < pairs.labels:
        return {
            NoticeKind.NO_LABELS: f"people have compared {labels:,} of "
            f"{count_text(pairs.labels, 'pair')} that are needed since {weeks[0].monday}"
        }
    try:
        estimate = estimate_window(compared, same=sum(map(count_same, weeks)))
    except StatisticsError as error:
        return {NoticeKind.NO_LABELS: str(error)}
    _store(stream, weeks, estimate, now)
    return {}


def _open_weeks(stream: Stream) -> Sequence[QualityWeek]:
    rows = QualityWeek.objects.filter(
        monitor=stream.monitor_id,
        version=stream.version_id,
        monday__gte=stream.since - WEEK,
        counted=None,
    )
    rows = rows.exclude(ended=None).select_related(
        "judge_run__candidate__test_set_version", "judge_run__baseline", "campaign", "former"
    )
    weeks = list(rows.order_by("monday"))
    newest = weeks[-1].former.version_id if weeks else None
    return [week for week in weeks if week.former.version_id == newest]


@transaction.atomic
def _store(
    stream: Stream, weeks: Sequence[QualityWeek], estimate: WindowEstimate, now: datetime
) -> None:
    """The estimate as the sums of as many users as labels that would be as exact."""
    Monitor.objects.select_for_update().get(pk=stream.monitor_id)
    day = weeks[-1].monday + WEEK
    rows = QualityWeek.objects.filter(pk__in=[week.pk for week in weeks], counted=None)
    if rows.update(counted=day) < len(weeks):
        return  # another look has stored it
    StreamDay.objects.update_or_create(
        stream=stream, day=day, defaults={**_sums(estimate), "counted": now}
    )
    Check.objects.get_or_create(
        monitor=stream.monitor,
        key=f"pairs {day.isoformat()}",
        defaults={"at": now, "is_alarm": False, "report": _report(weeks, estimate)},
    )


def _sums(estimate: WindowEstimate) -> dict[str, float]:
    """Sums over users with x = 1 whose mean is the value and whose mean's error is its error."""
    users = max(1, round(estimate.as_labels))
    total = estimate.value * users
    squares = users * (estimate.value**2 + users * estimate.se**2)
    return {"users": users, "y": total, "x": users, "yy": squares, "xy": total, "xx": users}


def _report(weeks: Sequence[QualityWeek], estimate: WindowEstimate) -> dict[str, Any]:
    first: date = weeks[0].monday
    return {"since": first.isoformat(), "beside": str(weeks[-1].former.version), **asdict(estimate)}
