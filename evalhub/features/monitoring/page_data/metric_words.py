"""Metrics of streams in words, and how their values are written. Pure."""

from collections.abc import Callable, Mapping

from evalhub.decision.wording import significant
from evalhub.declare.monitor import MonitorKind, OperationsMetric
from evalhub.features.traffic.page_data.charts import dollars, share_text

type ValueText = Callable[[float | None], str]

KIND_LABELS: Mapping[str, str] = {
    MonitorKind.OPERATIONS: "Operations",
    MonitorKind.ANSWERS: "Answers",
    MonitorKind.QUALITY: "Quality",
    MonitorKind.INPUTS: "Inputs",
}
KIND_GISTS: Mapping[str, str] = {
    MonitorKind.OPERATIONS: "errors, slow requests, throughput, tokens, cost, thumbs down, retries",
    MonitorKind.ANSWERS: "the champion is asked again: is it still the model that was promoted?",
    MonitorKind.QUALITY: "a random sample of the champion’s recent answers, scored day by day",
    MonitorKind.INPUTS: "what users ask: shares by slice, and the words of their texts",
}
METRIC_LABELS: Mapping[str, str] = {
    OperationsMetric.ERRORS: "Errors",
    OperationsMetric.SLOW: "Slow requests",
    OperationsMetric.REQUESTS: "Requests a day",
    OperationsMetric.TOKENS: "Tokens a request",
    OperationsMetric.COST: "Cost a request",
    OperationsMetric.REFUSALS: "Refusals",
    OperationsMetric.THUMBS_DOWN: "Thumbs down",
    OperationsMetric.RETRIES: "Retries",
}
COUNTS = {OperationsMetric.REQUESTS, OperationsMetric.TOKENS}


def metric_label(metric: str) -> str:
    """A stream's metric as people call it; its own name where it is none of operations."""
    return METRIC_LABELS.get(metric, metric)


def value_text(kind: str, metric: str) -> ValueText:
    """How values of a metric are written: shares in per cent, counts whole, cost in dollars."""
    if kind != MonitorKind.OPERATIONS:
        return number_text
    if metric == OperationsMetric.COST:
        return dollars
    return count_text if metric in COUNTS else share_text


def count_text(value: float | None) -> str:
    """1,240; 3.5 below ten."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:.1f}"


def number_text(value: float | None) -> str:
    """Three significant digits: 0.873."""
    return "–" if value is None else significant(value, 3).replace("-", "−")


def slice_text(slice_kind: str, slice_value: str) -> str:
    """`route billing`; "" of all requests."""
    return f"{slice_kind} {slice_value or 'none'}" if slice_kind else ""
