"""Which of a user's sums a metric of operations is, and how it reads."""

from collections.abc import Mapping
from dataclasses import dataclass

from evalhub.declare.monitor import OperationsMetric
from evalhub.features.monitoring.models import Stream
from evalhub.stats.e_detector import Worse


@dataclass(frozen=True, slots=True)
class MetricColumns:
    """A metric as a ratio of a user's sums of a day.

    Attributes:
        y, x: columns of `counting.COLUMNS`, of which one over the other is the metric; x is empty
            where it is a number of the day.
        label: what it is of, in a sentence.
        events: y counts some of x.
        is_feedback: it comes after the answer: its day must have had its time for it.
        worse: the side on which it is worse.
    """

    y: str
    x: str
    label: str
    events: bool = True
    is_feedback: bool = False
    worse: Worse = "higher"


COLUMNS_OF: Mapping[OperationsMetric, MetricColumns] = {
    OperationsMetric.ERRORS: MetricColumns("errors", "requests", "requests with an error"),
    OperationsMetric.SLOW: MetricColumns("slow", "timed", "slow requests"),
    OperationsMetric.REQUESTS: MetricColumns(
        "requests", "", "requests a day", events=False, worse="lower"
    ),
    OperationsMetric.TOKENS: MetricColumns(
        "tokens", "with_tokens", "tokens a request", events=False
    ),
    OperationsMetric.COST: MetricColumns("cost", "priced", "cost a request in USD", events=False),
    OperationsMetric.REFUSALS: MetricColumns(
        "refusals", "requests", "refused requests", is_feedback=True
    ),
    OperationsMetric.THUMBS_DOWN: MetricColumns(
        "thumbs_down", "requests", "requests with a thumb down", is_feedback=True
    ),
    OperationsMetric.RETRIES: MetricColumns(
        "retries", "requests", "requests that were tried again", is_feedback=True
    ),
}


def columns_of(stream: Stream) -> MetricColumns:
    return COLUMNS_OF[OperationsMetric(stream.metric)]
