"""Each reviewer's own order of the pairs: a seeded shuffle. Pure."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from reviews.blinding import draw


@lru_cache(maxsize=64)
def order_of(seed: int, reviewer: str, size: int) -> NDArray[np.uint32]:
    """0 … size-1, each once; another seed or reviewer gives another order.

    `RandomState` rather than a Generator, for its stream never changes (NEP 19): an order has to
    outlive an upgrade in the middle of a campaign. The last 64 orders are kept.
    """
    key = np.frombuffer(draw(seed, "order", reviewer).to_bytes(32), "<u4")
    return np.random.RandomState(key).permutation(size).astype(np.uint32)
