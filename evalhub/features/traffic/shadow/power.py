"""What a sample can show, said before anything is asked."""

from evalhub.analysis.power import ItemCosts, PowerTarget, power_document
from evalhub.declare.analysis import PowerDocument
from evalhub.registry.models import TrafficSample
from evalhub.stats.levels import ALPHA, POWER

SD = 0.5
"""Standard deviation of differences that is assumed: of yes/no scores, a quarter of which turn."""
ICC = 0.1
"""Correlation of one user's differences that is assumed."""


def sample_power(sample: TrafficSample, *, gain: float) -> PowerDocument:
    """What is needed to show `gain`, and what the sample shows: by its effective number of items,
    in clusters by user."""
    clusters = sample.version.items.order_by().exclude(cluster="").values("cluster")
    alone = sample.version.items.filter(cluster="").count()
    groups = clusters.distinct().count() + alone
    return power_document(
        "difference",
        [PowerTarget("difference", gain, SD)],
        n=max(1, int(sample.effective_n)),
        costs=ItemCosts(cluster_size=sample.version.item_count / groups, icc=ICC),
        alpha=ALPHA,
        power=POWER,
    )
