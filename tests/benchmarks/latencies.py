"""How long answers take, as they do in fact: not all the same, and not in any order.

| kind | seconds |
| --- | --- |
| constant | all the same |
| lognormal | σ = 1: the longest of a thousand takes about 13 times the mean |
| sorted | lognormal, the shortest first, as items sorted by their length |
| drifting | from the shortest to two and a half times that, as a server that others come to |
| suites | three quarters of them two and a half times the first quarter, as a second suite |
| arms | all the same, and of a second arm three times as much: `slow_model` alone knows of arms |
"""

import random
from math import log

KINDS = ("constant", "lognormal", "sorted", "drifting", "suites")
ARMS = "arms"
SLOWER_ARM = 3.0
LONGER = 2.5
SIGMA = 1.0


def latencies(kind: str, count: int, mean_s: float, seed: int = 1) -> list[float]:
    """Seconds, of so many answers by their items' order; the same each time.

    Args:
        mean_s: of all of them; of the lognormal ones that which they are drawn with.
    """
    if kind == "constant":
        return [mean_s] * count
    if kind in ("lognormal", "sorted"):
        source = random.Random(seed)
        middle = log(mean_s) - SIGMA**2 / 2
        drawn = [source.lognormvariate(middle, SIGMA) for _ in range(count)]
        return sorted(drawn) if kind == "sorted" else drawn
    if kind == "drifting":
        parts = [1 + (LONGER - 1) * at / max(1, count - 1) for at in range(count)]
    elif kind == "suites":
        parts = [1.0 if 4 * at < count else LONGER for at in range(count)]
    else:
        raise ValueError(f"{kind!r} is none of {', '.join(KINDS)}")
    mean = sum(parts) / count
    return [mean_s * part / mean for part in parts]
