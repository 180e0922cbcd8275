"""How long the slowest twentieth of answers takes. Pure."""

from typing import ClassVar

from evalhub.decision.criteria.latency import Latency


class LatencyP95(Latency):
    """The 95% quantile of the latency that runs measured; every answer counts."""

    key: ClassVar = "latency_p95"
    quantile: ClassVar = 0.95
    resource: ClassVar = "p95 latency"
