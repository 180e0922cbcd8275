"""What a sample can show, said before anything is asked."""

from evalhub.analysis.power import ItemCosts, PowerTarget, power_document
from evalhub.declare.analysis import PowerDocument
from evalhub.registry.models import TrafficSample
from evalhub.stats.levels import ALPHA, POWER

SD = 0.5
"""Standard deviation of differences that is assumed: of yes/no scores, a quarter of which turn."""
ICC = 0.1
"""Correlation of one user's differences that is assumed."""


def stored_power(sample: TrafficSample, *, gain: float) -> PowerDocument:
    """What the sample shows, and what is needed to show `gain`."""
    items = sample.version.items.order_by()
    clusters = items.exclude(cluster="").values("cluster").distinct().count()
    alone = items.filter(cluster="").count()
    return sample_power(
        items=sample.version.item_count,
        clusters=clusters + alone,
        effective_n=sample.effective_n,
        gain=gain,
    )


def sample_power(*, items: int, clusters: int, effective_n: float, gain: float) -> PowerDocument:
    """What is needed to show `gain`, and what so many items show: by their effective number, in
    clusters by user."""
    return power_document(
        "difference",
        [PowerTarget("difference", gain, SD)],
        n=max(1, int(effective_n)),
        costs=ItemCosts(cluster_size=items / clusters, icc=ICC),
        alpha=ALPHA,
        power=POWER,
    )
