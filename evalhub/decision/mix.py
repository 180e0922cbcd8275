"""Items weighted to production's mix: post-stratification by tag. Pure."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from evalhub.stats.errors import StatisticsError


def item_weights(tags: Sequence[Sequence[str]], mix: Mapping[str, float]) -> NDArray[np.float64]:
    """How much each item counts so that every tag of `mix` has its share of the whole.

    An item of tag t weighs share_t/(n_t/n): a test set that holds more of a rare tag than
    production does is weighed back to production's mix (Holt and Smith 1979, J. R. Stat. Soc. A
    142:33). Weights average 1.

    Args:
        tags: each item's tags, n in all; other tags than the mix's don't matter.
        mix: share of each tag in production, above 0, adding up to 1.

    Raises:
        evalhub.stats.errors.StatisticsError: an item with none of the mix's tags or several, a tag
            of the mix that no item has.
    """
    item_tags = []
    for index, names in enumerate(tags):
        mine = [name for name in mix if name in names]
        if len(mine) != 1:
            matching = " and ".join(repr(name) for name in mine) or "none of them"
            raise StatisticsError(
                f"the mix divides items by {', '.join(mix)}, and item {index} has {matching}: "
                "each item needs one of them"
            )
        item_tags.append(mine[0])
    counts = {name: item_tags.count(name) for name in mix}
    if missing := [name for name, count in counts.items() if not count]:
        raise StatisticsError(
            f"production has {mix[missing[0]]:.0%} of {missing[0]!r}, and no item has this tag"
        )
    return np.array([mix[name] * len(item_tags) / counts[name] for name in item_tags], dtype=float)
