"""The promotion's own estimates of a champion: drawn beside what is measured, never tested against.

A version is promoted because its estimate is good: so it is mostly too good.
"""

from collections.abc import Mapping

from evalhub.declare.monitor import MonitorKind
from evalhub.features.monitoring.models import Monitor
from evalhub.features.monitoring.quality.measures import stream_name
from evalhub.ledger.models import Promotion
from evalhub.registry.models import StudyArm, StudyTestSet
from evalhub.registry.models.studies import ArmRole, CriterionRole
from runners.metrics import metric_declaration

OF_METRICS = (CriterionRole.GUARD, CriterionRole.PRIMARY)
"""Roles of criteria that measure answers by a metric; the later one's estimate is taken."""

type Estimates = Mapping[tuple[int, str], float]
"""By a version's key and a stream's metric."""


def promotion_estimates(monitor: Monitor) -> Estimates:
    """Of the promotion that holds, by the same metrics with the same options; empty where it has no
    decision, and for other monitors than those of quality. Three queries."""
    if monitor.kind != MonitorKind.QUALITY:
        return {}
    promotion = Promotion.objects.current(monitor.project)
    if promotion is None or promotion.decision is None:
        return {}
    decision, version = promotion.decision, promotion.version
    arms = StudyArm.objects.filter(study=decision.study_id, role=ArmRole.BASELINE)
    side = "baseline" if arms.filter(version=version).exists() else "candidate"
    names = {
        row.name: stream_name(metric_declaration(row.metric.name, **row.metric.options))
        for row in StudyTestSet.objects.filter(study=decision.study_id).select_related("metric")
    }
    return {
        (version.pk, names[criterion["test_set"]]): criterion[side]
        for role in OF_METRICS
        for criterion in decision.record["criteria"]
        if criterion["role"] == role
        and criterion["test_set"] in names
        and criterion[side] is not None
    }
