"""The evidence of a proposal, gathered when its alarm is raised."""

from datetime import datetime

from evalhub.declare.monitor import MonitorKind, OperationsMetric
from evalhub.declare.retraining import AlarmBeside, RetrainEvidence
from evalhub.features.monitoring.models import Alarm, RetrainProposal
from evalhub.features.monitoring.retraining.costs import training_cost
from evalhub.features.monitoring.retraining.losses import (
    loss_of_alarm,
    monthly_loss,
    slice_losses,
)

OF_ENDPOINT = (OperationsMetric.ERRORS, OperationsMetric.SLOW)
"""Metrics of operations by which the endpoint is to be repaired."""


def gather_evidence(alarm: Alarm, now: datetime) -> RetrainEvidence:
    """The loss that the alarm proves, in all and by slice; what else is amiss; what it costs."""
    assert alarm.stream is not None
    assert alarm.version is not None
    loss = loss_of_alarm(alarm)
    others = _open_beside(alarm)
    return RetrainEvidence(
        metric=alarm.stream.metric,
        subject=alarm.subject,
        since=alarm.since,
        loss=loss,
        slices=slice_losses(alarm),
        inputs=tuple(_beside(row) for row in others if row.monitor.kind == MonitorKind.INPUTS),
        repair=tuple(_beside(row) for row in others if _is_of_endpoint(row, alarm)),
        monthly=monthly_loss(alarm, loss, now),
        training=training_cost(alarm.version),
    )


def _is_of_endpoint(other: Alarm, alarm: Alarm) -> bool:
    """Whether it says that what answers for the version isn't what it was, or fails."""
    if other.version_id != alarm.version_id:
        return False
    if other.monitor.kind == MonitorKind.ANSWERS:
        return True
    return other.stream is not None and other.stream.metric in OF_ENDPOINT


def endpoint_amiss(proposal: RetrainProposal) -> tuple[AlarmBeside, ...]:
    """Alarms that the endpoint changed or fails: open when the proposal was made, or now. One
    query."""
    alarm = proposal.alarm
    since = {row.alarm: row for row in proposal.evidence.repair}
    now = [_beside(row) for row in _open_beside(alarm) if _is_of_endpoint(row, alarm)]
    return tuple((since | {row.alarm: row for row in now}).values())


def _open_beside(alarm: Alarm) -> list[Alarm]:
    rows = Alarm.objects.of_project(alarm.monitor.project).open().exclude(pk=alarm.pk)
    return list(rows.select_related("monitor", "stream").order_by("pk"))


def _beside(alarm: Alarm) -> AlarmBeside:
    return AlarmBeside(alarm=alarm.pk, kind=MonitorKind(alarm.monitor.kind), subject=alarm.subject)
