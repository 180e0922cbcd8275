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

import numpy as np
from numpy.typing import NDArray

from evalhub.stats.paired import compare

Array = NDArray[np.float64]

BOOTSTRAP_RUNS, RESAMPLES = 300, 499


@dataclass(frozen=True)
class Case:
    """`n` yes/no items of which shares `worse` and `better` change, in `clusters` clusters of
    one size, with correlation `icc` within; 0 clusters are lone items. `samples` an item."""

    n: int
    worse: float
    better: float
    clusters: int = 0
    icc: float = 0.0
    samples: int = 1

    @property
    def truth(self) -> float:
        return self.better - self.worse


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
        result = compare(baseline, candidate, clusters=labels)
        held += result.lower <= case.truth <= result.upper
        width += result.upper - result.lower
        conservative += "no narrower" in result.method or result.method.startswith("bounded")
        method = result.method
        d = candidate - baseline
        d = d if d.ndim == 1 else d.mean(axis=1)
        normal += abs(d.mean() - case.truth) <= 1.96 * _plain_error(d, labels)
        kept.append(d)
    boot = _bootstrap(np.array(kept[:BOOTSTRAP_RUNS]), case.truth, seed) if bootstrap else None
    return Coverage(
        held / runs, normal / runs, boot, width / runs, conservative / runs, method.split(",")[0]
    )


def _plain_error(d: Array, labels: NDArray[np.int64] | None) -> float:
    if labels is None:
        return float(d.std(ddof=1) / math.sqrt(d.size))
    sums = np.bincount(labels, d - d.mean())
    return math.sqrt(float(sums @ sums)) / d.size


def _bootstrap(differences: Array, truth: float, seed: int) -> float:
    from scipy.stats import bootstrap

    interval = bootstrap(
        (differences,),
        np.mean,
        axis=-1,
        n_resamples=RESAMPLES,
        method="percentile",
        batch=10,
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return float(np.mean((interval.low <= truth) & (truth <= interval.high)))


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--markdown", action="store_true")
    options = parser.parse_args()
    error = math.sqrt(0.95 * 0.05 / options.runs)
    sys.stdout.write(
        f"{options.runs} runs a line: standard error {error:.4f}; "
        f"bootstrap {BOOTSTRAP_RUNS} runs of {RESAMPLES} resamples\n\n"
    )
    heads = "n,worse/better,samples,clusters,icc,evalhub,width,conservative,normal,bootstrap"
    widths = [5, 14, 8, 9, 5, 8, 6, 13, 7, 10]
    edge, between = ("| ", " | ") if options.markdown else ("", "  ")
    sys.stdout.write(_line(heads.split(","), widths, edge, between))
    if options.markdown:
        sys.stdout.write(_line(["-" * w for w in widths], widths, edge, between))
    for case in cases():
        row = coverage(case, options.runs, bootstrap=True)
        cells = [
            str(case.n), f"{case.worse:.2f}/{case.better:.2f}", str(case.samples),
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
