"""Refuse a metric that runs answers where no sandbox can be had."""

from runners.metrics.score import MetricDeclaration, MetricError
from runners.sandbox.availability import why_no_sandbox


def check_sandbox(metric: MetricDeclaration) -> None:
    """Raises MetricError where the metric runs what an answer says and no sandbox can be had here.

    The sandbox is tried once a process.
    """
    if metric.sandboxed and (why := why_no_sandbox()):
        raise MetricError(
            f"{metric.name} runs what an answer says, in a sandbox that can't be had here: {why}"
        )
