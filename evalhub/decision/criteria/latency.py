"""How long answers take, in the mean. Pure."""

from typing import ClassVar

from evalhub.decision.criteria.budget import RatioBudget


class Latency(RatioBudget):
    """The mean of the latency that runs measured."""

    key: ClassVar = "latency"
    metric: ClassVar = "latency_ms"
    field: ClassVar = "latency_ms"
    resource: ClassVar = "latency"
    columns: ClassVar = ("latency_ms",)
