"""Time and memory of paired comparison and of agreement, beside the peers in the same run.

python -m tests.benchmarks.stats_speed

The peers: scipy's batched bootstrap of 10,000 items with 10,000 resamples, and the krippendorff
package, left out where it isn't installed.
"""

import sys
import tracemalloc
from collections.abc import Callable
from importlib.util import find_spec
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from evalhub.stats.agreement import agreement
from evalhub.stats.krippendorff import krippendorff_alpha
from evalhub.stats.paired import compare
from evalhub.stats.ratings import Level, read_ratings

Array = NDArray[np.float64]

ITEMS, BOOTSTRAP_ITEMS, RESAMPLES = 1_000_000, 10_000, 10_000
UNITS, RATERS = 1_000_000, 5


def seconds(call: Callable[[], object], repeats: int = 3) -> float:
    """The best of `repeats`, after one call that warms up."""
    times = []
    for _ in range(repeats + 1):
        start = perf_counter()
        call()
        times.append(perf_counter() - start)
    return min(times[1:])


def peak_mb(call: Callable[[], object]) -> float:
    """The most memory held beside what was there before, in MB."""
    tracemalloc.start()
    call()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / 1e6


def ratings(units: int, seed: int = 0) -> Array:
    """Five raters of a five-point scale who are right 70% of the time; 30% missing."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(1, 6, units)[:, None]
    noise = rng.integers(1, 6, (units, RATERS))
    table = np.where(rng.random((units, RATERS)) < 0.7, truth, noise).astype(float)
    table[rng.random(table.shape) < 0.3] = np.nan
    return table


def bootstrap_seconds(*, paired: bool) -> float:
    """The best of two: of the pairs of scores, or of their differences, which is quicker."""
    from scipy.stats import bootstrap

    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 2, (2, BOOTSTRAP_ITEMS)).astype(float)

    def mean_gap(x: Array, y: Array, axis: int = -1) -> Array:
        return np.asarray(y.mean(axis=axis) - x.mean(axis=axis))

    data, statistic = ((a, b), mean_gap) if paired else ((b - a,), np.mean)
    options = {"n_resamples": RESAMPLES, "method": "percentile", "batch": 100, "rng": rng}
    return seconds(lambda: bootstrap(data, statistic, paired=True, **options), 2)


def peer_alpha(table: Array, level: Level) -> object:
    import krippendorff

    return krippendorff.alpha(reliability_data=table.T, level_of_measurement=level)


def main() -> None:
    say = sys.stdout.write
    rng = np.random.default_rng(0)
    peer, pairs = (bootstrap_seconds(paired=each) for each in (False, True))
    say(
        f"scipy bootstrap, {BOOTSTRAP_ITEMS:,} items x {RESAMPLES:,}: {peer:.3f} s on differences, "
        f"{pairs:.3f} s on pairs\n"
    )
    for name, top in (("yes/no", 2), ("five-point", 5)):
        a, b = (rng.integers(0, top, ITEMS).astype(float) for _ in range(2))
        ours = seconds(lambda a=a, b=b: compare(a, b))
        say(f"compare, {ITEMS:,} {name} items: {ours:.4f} s, 1/{peer / ours:.0f} of the quicker\n")
    table = ratings(UNITS)
    installed = find_spec("krippendorff") is not None
    for level in ("nominal", "ordinal"):
        ours = seconds(lambda v=level: krippendorff_alpha(read_ratings(table), level=v))
        memory = peak_mb(lambda v=level: krippendorff_alpha(read_ratings(table), level=v))
        say(f"alpha, {UNITS:,} units x {RATERS}, {level}: {ours:.3f} s, {memory:.0f} MB above")
        if installed:
            theirs = seconds(lambda v=level: peer_alpha(table, v), 1)
            theirs_mb = peak_mb(lambda v=level: peer_alpha(table, v))
            say(f"; krippendorff: {theirs:.3f} s ({theirs / ours:.1f} times), {theirs_mb:.0f} MB")
        say("\n")
    small = read_ratings(ratings(10_000))
    for level in ("ordinal", "nominal"):
        ours = seconds(lambda v=level: agreement(small, level=v))
        say(f"agreement, 10,000 units, 2,000 resamples, {level}: {ours:.3f} s\n")
    if installed:
        theirs = seconds(lambda: peer_alpha(ratings(10_000), "nominal"), 3)
        say(f"krippendorff, 1,000 naive calls: {1000 * theirs:.1f} s\n")


if __name__ == "__main__":
    main()
