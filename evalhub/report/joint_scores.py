"""What lies behind a score of all answers together: a confusion, or a reliability curve."""

from collections.abc import Callable
from dataclasses import dataclass

from evalhub.decision.contributions import PairedParts
from evalhub.report.confusion import LabelsPage, labels_page
from evalhub.report.reliability_plot import CalibrationPage, calibration_page
from runners.metrics import MetricDeclaration
from runners.metrics.calibration_error import CalibrationError
from runners.metrics.classification import Classification


@dataclass(frozen=True, slots=True)
class JointScoresView:
    """Each None where the metric isn't of its kind, or where no score may be read."""

    test_set: str
    labels: LabelsPage | None = None
    calibration: CalibrationPage | None = None


def joint_scores_view(
    metric: MetricDeclaration,
    parts: Callable[[], PairedParts],
    *,
    test_set: str,
    arms: tuple[str, str],
) -> JointScoresView:
    """The view of two arms, called as `arms` say, by a metric."""
    if isinstance(metric, Classification):
        paired = parts()
        golds, before = metric.label_numbers(paired.baseline)
        _, after = metric.label_numbers(paired.candidate)
        if golds:
            names, clusters = metric.labels, paired.clusters
            labels = labels_page(golds, before, after, labels=names, arms=arms, clusters=clusters)
            return JointScoresView(test_set, labels=labels)
    if isinstance(metric, CalibrationError):
        paired = parts()
        curve = calibration_page(paired.baseline, paired.candidate, bins=metric.bins, arms=arms)
        return JointScoresView(test_set, calibration=curve)
    return JointScoresView(test_set)
