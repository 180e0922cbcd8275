"""The verbs on an alarm: raised once by a monitor; assigned, acknowledged, snoozed and resolved by
people."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from evalhub.accounts.audit_log import note
from evalhub.accounts.models import Action, Project, User
from evalhub.accounts.permissions import check_evaluates
from evalhub.features.monitoring.errors import AlarmError, MonitorError
from evalhub.features.monitoring.judging import StreamRule, StreamState
from evalhub.features.monitoring.models import Alarm, Monitor, Resolution, Stream, StreamDay
from evalhub.features.monitoring.retraining.proposals import propose_retraining
from evalhub.io.canonical import storable
from evalhub.registry.models import ModelVersion

LONGEST_SNOOZE = timedelta(days=366)
LONGEST_REASON = 2_000


@transaction.atomic
def raise_alarm(
    *,
    monitor: Monitor,
    subject: str,
    sentence: str,
    evidence: Mapping[str, Any],
    at: datetime,
    stream: Stream | None = None,
    version: ModelVersion | None = None,
    since: date | None = None,
) -> Alarm | None:
    """Raises an alarm, with its proposal to train again where it proves a loss. None where one of
    this subject and version is open, or the monitor has ended.

    Args:
        subject: what changed; while an alarm of it is open there is no second one of the version.
        evidence: numbers with their names, of anything that JSON has.
        since: the day on which the change most likely came.
    """
    locked = Monitor.objects.select_for_update().get(pk=monitor.pk)
    if locked.ended is not None:
        return None
    if locked.alarms.open().filter(subject=subject, version=version).exists():
        return None
    alarm = Alarm.objects.create(
        monitor=locked,
        subject=subject,
        sentence=sentence,
        evidence=storable(dict(evidence)),
        raised=at,
        stream=stream,
        version=version,
        since=since,
        owner=locked.owner,
    )
    propose_retraining(alarm=alarm, now=at)
    return alarm


def raise_of_stream(
    stream: Stream,
    rule: StreamRule,
    state: StreamState,
    *,
    subject: str,
    sentence: str,
    at: datetime,
) -> bool:
    """Raises the alarm of a stream whose state is one. Whether it was: not where one is open."""
    alarm = raise_alarm(
        monitor=stream.monitor,
        subject=subject,
        sentence=sentence,
        evidence=state.numbers(rule),
        at=at,
        stream=stream,
        version=stream.version,
        since=state.since,
    )
    return alarm is not None


@transaction.atomic
def assign_alarm(*, alarm: Alarm, owner: User | None, by: User | None) -> Alarm:
    """Says who answers for an alarm; None: nobody does.

    Raises:
        AlarmError: `owner` doesn't evaluate in the project; it is resolved.
        evalhub.accounts.permissions.NotAllowedError: `by` doesn't evaluate in the project.
    """
    alarm = _lock_open(alarm, by)
    check_owner(owner, alarm.monitor.project)
    if alarm.owner != owner:
        alarm.owner = owner
        alarm.save(update_fields=["owner"])
        _note(Action.ALARM_ASSIGNED, alarm, by, about=owner)
    return alarm


@transaction.atomic
def acknowledge_alarm(*, alarm: Alarm, by: User | None) -> Alarm:
    """Says that somebody has seen it. Who did so first stays.

    Raises:
        AlarmError: it is resolved.
        evalhub.accounts.permissions.NotAllowedError: `by` doesn't evaluate in the project.
    """
    alarm = _lock_open(alarm, by)
    if alarm.acknowledged is None:
        alarm.acknowledged, alarm.acknowledged_by = timezone.now(), by
        alarm.save(update_fields=["acknowledged", "acknowledged_by"])
        _note(Action.ALARM_ACKNOWLEDGED, alarm, by)
    return alarm


@transaction.atomic
def snooze_alarm(*, alarm: Alarm, until: datetime, reason: str, by: User | None) -> Alarm:
    """Keeps an alarm quiet until then. It stays open, so that the same isn't raised again.

    Raises:
        AlarmError: `until` isn't in the next year; no reason; it is resolved.
        evalhub.accounts.permissions.NotAllowedError: `by` doesn't evaluate in the project.
    """
    alarm = _lock_open(alarm, by)
    reason = _clean(reason, "who keeps an alarm quiet says why: give a reason")
    now = timezone.now()
    if not now < until <= now + LONGEST_SNOOZE:
        raise AlarmError("is a time after now, and within a year", "until")
    alarm.snoozed_until, alarm.snooze_reason = until, reason
    alarm.save(update_fields=["snoozed_until", "snooze_reason"])
    _note(Action.ALARM_SNOOZED, alarm, by)
    return alarm


@transaction.atomic
def resolve_alarm(
    *,
    alarm: Alarm,
    resolution: Resolution,
    reason: str,
    by: User | None,
    now: datetime | None = None,
) -> Alarm:
    """Says what became of an alarm. It stays so: the same again changes nothing.

    "Mended" and "false" keep the reference, and what came until now counts no more. "Meant" ends
    the stream; another begins on the day on which the alarm was raised, with a reference of its
    own.

    Args:
        now: when it is resolved; None: the present.

    Raises:
        AlarmError: no reason; it was resolved otherwise, by whom and when.
        evalhub.accounts.permissions.NotAllowedError: `by` doesn't evaluate in the project.
    """
    check_evaluates(by, alarm.monitor.project)
    reason = _clean(reason, "who resolves an alarm says why: give a reason")
    alarm = _lock(alarm)
    if (alarm.resolution, alarm.reason, alarm.resolved_by) == (resolution, reason, by):
        return alarm
    _check_open(alarm)
    alarm.resolved, alarm.resolved_by = now or timezone.now(), by
    alarm.resolution, alarm.reason = resolution, reason
    alarm.save(update_fields=["resolved", "resolved_by", "resolution", "reason"])
    if resolution == Resolution.MEANT and alarm.stream is not None:
        _begin_anew(alarm.stream, alarm.raised.date())
    _note(Action.ALARM_RESOLVED, alarm, by, text=alarm.get_resolution_display())
    return alarm


def check_owner(owner: User | None, project: Project) -> None:
    """That this person can answer for the project's alarms. Raises MonitorError."""
    if owner and not Project.objects.visible_to(owner).filter(pk=project.pk).exists():
        raise MonitorError(
            f"{owner} is neither owner nor evaluator of {project}, and can't answer for its alarms",
            "owner",
        )


def _begin_anew(stream: Stream, since: date) -> None:
    """Ends a stream; what it has measured from that day on is the beginning of its successor."""
    if not Stream.objects.filter(pk=stream.pk, ended=None).update(ended=since):
        return
    days = list(stream.days.filter(day__gte=since))
    successor = Stream.objects.create(
        monitor=stream.monitor,
        version=stream.version,
        metric=stream.metric,
        slice_kind=stream.slice_kind,
        slice_value=stream.slice_value,
        since=since,
    )
    for day in days:
        day.pk, day.stream = None, successor
    StreamDay.objects.bulk_create(days)


def _lock(alarm: Alarm) -> Alarm:
    """The alarm as it is, while the transaction holds its monitor."""
    Monitor.objects.select_for_update().get(pk=alarm.monitor_id)
    rows = Alarm.objects.select_related("monitor__project", "stream", "resolved_by", "owner")
    locked: Alarm = rows.get(pk=alarm.pk)
    return locked


def _lock_open(alarm: Alarm, by: User | None) -> Alarm:
    check_evaluates(by, alarm.monitor.project)
    alarm = _lock(alarm)
    _check_open(alarm)
    return alarm


def _check_open(alarm: Alarm) -> None:
    if alarm.resolved is not None:
        raise AlarmError(
            f"it was resolved on {alarm.resolved:%Y-%m-%d %H:%M} UTC by "
            f"{alarm.resolved_by or 'the operator'}: {alarm.get_resolution_display()}"
        )


def _clean(reason: str, message: str) -> str:
    text = reason.strip()
    if not text or "\0" in text:
        raise AlarmError(message, "reason")
    if len(text) > LONGEST_REASON:
        raise AlarmError(f"is a text of {LONGEST_REASON:,} characters at most", "reason")
    return text


def _note(
    action: Action, alarm: Alarm, by: User | None, *, about: User | None = None, text: str = ""
) -> None:
    what = f"{alarm.pk}, {alarm.subject}" + (f": {text}" if text else "")
    note(action, by=by, project=alarm.monitor.project, about=about, what=what)
