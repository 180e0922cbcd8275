"""What lies behind a score of all answers together: a confusion, or a reliability curve."""

from dataclasses import dataclass

from evalhub.ledger.joint_parts import paired_parts
from evalhub.report.confusion import LabelsPage, labels_page
from evalhub.report.reliability_plot import CalibrationPage, calibration_page
from evalhub.site.items.scope import ItemScope
from runners.metrics import metric_declaration
from runners.metrics.calibration_error import CalibrationError
from runners.metrics.classification import Classification


@dataclass(frozen=True, slots=True)
class JointScoresView:
    """Each None where the metric isn't of its kind, or where no score may be read."""

    labels: LabelsPage | None = None
    calibration: CalibrationPage | None = None


def joint_scores_view(scope: ItemScope) -> JointScoresView:
    """The view of the scope's two arms. No query for a metric that scores each answer alone."""
    if scope.pair is None:
        return JointScoresView()
    metric = scope.pair.metric
    declared = metric_declaration(metric.name, **metric.options)
    arms = (scope.baseline, scope.candidate)
    if isinstance(declared, Classification):
        parts = paired_parts(scope.pair)
        golds, before = declared.label_numbers(parts.baseline)
        _, after = declared.label_numbers(parts.candidate)
        if not golds:
            return JointScoresView()
        return JointScoresView(
            labels=labels_page(
                golds, before, after, labels=declared.labels, arms=arms, clusters=parts.clusters
            )
        )
    if isinstance(declared, CalibrationError):
        parts = paired_parts(scope.pair)
        return JointScoresView(
            calibration=calibration_page(
                parts.baseline, parts.candidate, bins=declared.bins, arms=arms
            )
        )
    return JointScoresView()
