"""The metrics of a monitor of quality: those that say something of an answer by itself."""

from collections.abc import Mapping

from evalhub.declare.declaration import DeclarationError
from evalhub.declare.monitor import QualityMeasure, QualityPlan
from evalhub.io.canonical import digest_of
from runners.metrics import MetricDeclaration, MetricError, metric_declaration

LONGEST_NAME = 200
"""As `Stream.metric` has it."""
OF_OPERATIONS = ("latency", "tokens")


def metrics_of(plan: QualityPlan) -> Mapping[str, MetricDeclaration]:
    """The plan's metrics by their streams' names.

    Raises DeclarationError, with the field, for a metric that isn't there, that has a wrong option,
    that needs more than an answer and its question, or that stands there twice.
    """
    metrics: dict[str, MetricDeclaration] = {}
    for place, measure in enumerate(plan.measures):
        field = f"measures.{place}.metric"
        metric = _metric(measure, field)
        name = stream_name(metric)
        if name in metrics:
            raise DeclarationError(f"{name} is measured once", field)
        metrics[name] = metric
    return metrics


def margins_of(plan: QualityPlan) -> Mapping[str, float]:
    """By a stream's name, the loss that is worth an alarm. Raises as `metrics_of`."""
    margins = (measure.margin for measure in plan.measures)
    return dict(zip(metrics_of(plan), margins, strict=True))


def stream_name(metric: MetricDeclaration) -> str:
    """As `json_valid (root=object)`; options that are too long to be shown end in their digest."""
    options = {name: value for name, value in metric.options.items() if value not in (None, False)}
    if not options:
        return metric.name
    name = f"{metric.name} ({', '.join(f'{key}={value}' for key, value in options.items())})"
    if len(name) <= LONGEST_NAME:
        return name
    return f"{name[: LONGEST_NAME - 11]}… {digest_of(options)[:8]})"


def _metric(measure: QualityMeasure, field: str) -> MetricDeclaration:
    options = dict(measure.metric)
    name = options.pop("name", None)
    if not isinstance(name, str):
        raise DeclarationError("says its name, as {name: json_valid}", field)
    try:
        metric = metric_declaration(name, **options)
    except MetricError as error:
        raise DeclarationError(str(error), field) from error
    if reason := _why_not(metric):
        raise DeclarationError(f"{metric.name} {reason}", field)
    return metric


def _why_not(metric: MetricDeclaration) -> str:
    """Why production's answers can't be scored by it; "" where they can."""
    if metric.own:
        return "is a metric of your own, whose code may be another from one day to the next"
    if metric.compares:
        return "needs a reference answer, and production's requests have none"
    if metric.needs_model:
        return "asks a model for marks: say `pairs`, by which a judge compares two answers"
    if metric.reads_passages or metric.reads_relevance:
        return "is of passages that a test set's items name, and production's requests name none"
    if metric.reads_choices or metric.recorded_alone or metric.scored_together:
        return "is of the items of a test set, and not of production's requests"
    if metric.name in OF_OPERATIONS:
        return "is measured by a monitor of operations"
    return ""
