"""How often the 95% interval of a paired comparison holds the truth, by simulation.

python -m tests.benchmarks.stats_coverage [--runs 1000] [--markdown]

Beside it: the normal approximation (the usual one, or with clusters the plain CR0 error and
1.96) and scipy's percentile bootstrap of the differences, which knows of no clusters.
"""

import argparse
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from evalhub.stats.paired import compare

Array = NDArray[np.float64]

BOOTSTRAP_RUNS, RESAMPLES = 300, 499


@dataclass(frozen=True)
class Case:
    """`n` items of which shares `worse` and `better` change, in `clusters` clusters of one size,
    with correlation `icc` within; 0 clusters are lone items. `samples` an item.

    "yes/no" scores change by 1. "win/tie/loss" are judgments of each item: 1, .5 or 0 for the
    candidate, and the rest of 1 for the baseline. "five-point" scores change by one or two of
    four steps, as often. `weighted`: half the items are of a rare tag and count .2, the others
    1.8, and of these half as many change.
    """

    n: int
    worse: float
    better: float
    clusters: int = 0
    icc: float = 0.0
    samples: int = 1
    kind: Literal["yes/no", "win/tie/loss", "five-point"] = "yes/no"
    weighted: bool = False

    @property
    def truth(self) -> float:
        size = 0.375 if self.kind == "five-point" else 1.0
        return (self.better - self.worse) * size * (0.55 if self.weighted else 1.0)

    @property
    def weights(self) -> Array | None:
        return np.where(self.rare, 0.2, 1.8) if self.weighted else None

    @property
    def rare(self) -> NDArray[np.bool_]:
        return np.arange(self.n) % 2 == 0


@dataclass(frozen=True)
class Coverage:
    """Shares of runs that held the truth, and mean widths; None where not asked for."""

    evalhub: float
    normal: float
    bootstrap: float | None
    width: float
    conservative: float
    method: str


def draw(case: Case, rng: np.random.Generator) -> tuple[Array, Array, NDArray[np.int64] | None]:
    """Both arms' scores. An item of a cluster takes the cluster's common outcome with chance
    sqrt(icc), else its own: outcomes of two items then correlate by icc."""
    chances = [case.worse, 1 - case.worse - case.better, case.better]
    shape = (case.n, case.samples) if case.samples > 1 else (case.n,)
    change = rng.choice([-1, 0, 1], p=chances, size=shape)
    labels = None
    if case.clusters:
        labels = np.arange(case.n) * case.clusters // case.n
        common = rng.choice([-1, 0, 1], p=chances, size=case.clusters)[labels]
        change = np.where(rng.random(case.n) < math.sqrt(case.icc), common, change)
    if case.weighted:
        change = np.where(case.rare | (rng.random(case.n) < 0.5), change, 0)
    if case.kind == "win/tie/loss":
        return (1 - change) / 2, (1 + change) / 2, labels
    if case.kind == "five-point":
        steps = change * rng.integers(1, 3, case.n)
        lowest, highest = np.maximum(0, -steps), 4 - np.maximum(0, steps)
        scores = rng.integers(lowest, highest + 1)
        return scores / 4, (scores + steps) / 4, labels
    both_right = rng.random(shape) < 0.5
    baseline = np.where(change == 0, both_right, change < 0).astype(float)
    return baseline, baseline + change, labels


def coverage(case: Case, runs: int, *, seed: int = 0, bootstrap: bool = False) -> Coverage:
    """Simulates `case`; the standard error of a coverage c is sqrt(c(1 - c)/runs)."""
    rng = np.random.default_rng([seed, case.n, case.clusters, int(1000 * case.worse)])
    held = normal = conservative = 0
    width, kept, method = 0.0, [], ""
    for _ in range(runs):
        baseline, candidate, labels = draw(case, rng)
        result = compare(baseline, candidate, clusters=labels, weights=case.weights)
        held += result.lower <= case.truth <= result.upper
        width += result.upper - result.lower
        conservative += "no narrower" in result.method or result.method.startswith("bounded")
        method = result.method
        d = candidate - baseline
        d = d if d.ndim == 1 else d.mean(axis=1)
        mean = float(np.average(d, weights=case.weights))
        normal += abs(mean - case.truth) <= 1.96 * _plain_error(d, labels, case.weights)
        kept.append(d)
    boot = _bootstrap(kept[:BOOTSTRAP_RUNS], case, seed) if bootstrap else None
    return Coverage(
        held / runs, normal / runs, boot, width / runs, conservative / runs, method.split(",")[0]
    )


def _plain_error(d: Array, labels: NDArray[np.int64] | None, weights: Array | None) -> float:
    if weights is not None:
        residuals = weights * (d - np.average(d, weights=weights))
        return math.sqrt(float(residuals @ residuals)) / float(weights.sum())
    if labels is None:
        return float(d.std(ddof=1) / math.sqrt(d.size))
    sums = np.bincount(labels, d - d.mean())
    return math.sqrt(float(sums @ sums)) / d.size


def _bootstrap(differences: list[Array], case: Case, seed: int) -> float:
    """Weighted items are drawn with their weights."""
    from scipy.stats import bootstrap

    data: tuple[Array, ...] = (np.array(differences),)
    if case.weights is not None:
        data = (data[0] * case.weights, np.broadcast_to(case.weights, data[0].shape))

    def mean(values: Array, weights: Array | None = None, axis: int = -1) -> Array:
        if weights is None:
            return np.asarray(values.mean(axis=axis))
        return np.asarray(values.sum(axis=axis) / weights.sum(axis=axis))

    interval = bootstrap(
        data,
        mean,
        axis=-1,
        paired=True,
        n_resamples=RESAMPLES,
        method="percentile",
        batch=10,
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return float(np.mean((interval.low <= case.truth) & (case.truth <= interval.high)))


def cases() -> Iterator[Case]:
    shares = ((0.04, 0.01), (0.10, 0.05), (0.30, 0.20))
    for n in (20, 50, 200, 1000):
        for worse, better in shares:
            yield Case(n, worse, better)
    for n in (50, 200, 1000):
        for worse, better in shares:
            yield Case(n, worse, better, samples=2)
    for n, clusters in ((50, 10), (200, 20), (200, 50), (1000, 20), (1000, 100), (1000, 200)):
        for icc in (0.0, 0.1, 0.3):
            for worse, better in shares:
                yield Case(n, worse, better, clusters, icc)
    for kind in ("win/tie/loss", "five-point"):
        for n in (20, 50, 200, 1000):
            for worse, better in shares:
                yield Case(n, worse, better, kind=kind)
        for icc in (0.0, 0.3):
            for worse, better in shares:
                yield Case(1000, worse, better, 100, icc, kind=kind)
    for n in (50, 200, 1000):
        for worse, better in shares:
            yield Case(n, worse, better, weighted=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--scores", default="", help="only rows whose scores are named so")
    options = parser.parse_args()
    error = math.sqrt(0.95 * 0.05 / options.runs)
    sys.stdout.write(
        f"{options.runs} runs a line: standard error {error:.4f}; "
        f"bootstrap {BOOTSTRAP_RUNS} runs of {RESAMPLES} resamples\n\n"
    )
    heads = "scores,n,worse/better,samples,clusters,icc,evalhub,width,conservative,normal,bootstrap"
    widths = [16, 5, 14, 8, 9, 5, 8, 6, 13, 7, 10]
    edge, between = ("| ", " | ") if options.markdown else ("", "  ")
    sys.stdout.write(_line(heads.split(","), widths, edge, between))
    if options.markdown:
        sys.stdout.write(_line(["-" * w for w in widths], widths, edge, between))
    for case in cases():
        named = "yes/no, weighted" if case.weighted else case.kind
        if not named.startswith(options.scores):
            continue
        row = coverage(case, options.runs, bootstrap=True)
        cells = [
            named, str(case.n), f"{case.worse:.2f}/{case.better:.2f}", str(case.samples),
            str(case.clusters or "-"), f"{case.icc:.1f}" if case.clusters else "-",
            f"{row.evalhub:.3f}", f"{row.width:.3f}", f"{row.conservative:.2f}",
            f"{row.normal:.3f}", f"{row.bootstrap:.3f}",
        ]  # fmt: skip
        sys.stdout.write(_line(cells, widths, edge, between))
        sys.stdout.flush()


def _line(cells: list[str], widths: list[int], edge: str, between: str) -> str:
    padded = [cell.rjust(width) for cell, width in zip(cells, widths, strict=True)]
    return (edge + between.join(padded) + edge[::-1]).rstrip() + "\n"


if __name__ == "__main__":
    main()
