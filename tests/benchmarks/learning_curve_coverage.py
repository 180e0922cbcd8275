"""How often the interval of a doubling's gain holds the truth, and what is concluded.

python -m tests.benchmarks.learning_curve_coverage [--runs 2000] [--seed 0] [--markdown]

Yes/no scores of arms trained on a quarter, a half and all, whose chances lie on a line in log2 of
the examples. An item's difficulty is shared by the arms; items of one cluster share it too.
`flat` is what a doubling gains where the last one gained nothing: a curve that the line doesn't
fit. `±` is a standard error.
"""

import argparse
import math
import sys
from dataclasses import dataclass

import numpy as np

from evalhub.stats.distributions import normal_quantile
from evalhub.stats.learning_curve import learning_curve

SIZES = (250, 500, 1000)
WORTH = 0.02


@dataclass(frozen=True, slots=True)
class Case:
    """A gain per doubling, on so many items; `shared` is the correlation of difficulty between
    the arms, `clusters` of 0 means independent items; `flat`: the last doubling gains nothing."""

    items: int
    gain: float
    shared: float = 0.7
    clusters: int = 0
    flat: bool = False

    @property
    def chances(self) -> tuple[float, float, float]:
        middle = 0.6 + self.gain
        return 0.6, middle, middle if self.flat else 0.6 + 2 * self.gain

    def __str__(self) -> str:
        clusters = f" in {self.clusters} clusters" if self.clusters else ""
        return f"{self.items} items{clusters}, +{self.gain:g}{', then flat' if self.flat else ''}"


@dataclass(frozen=True, slots=True)
class CurveRates:
    """Of the runs: the slope's interval held the truth; the curve was said to rise, to have
    stopped; a bend was shown."""

    coverage: float
    rises: float
    stopped: float
    bent: float


CASES = (
    Case(100, 0.0),
    Case(100, 0.05),
    Case(500, 0.0),
    Case(500, 0.03),
    Case(500, 0.03, clusters=50),
    Case(2000, 0.0),
    Case(2000, 0.02),
)
FLAT = (Case(500, 0.06, flat=True), Case(2000, 0.06, flat=True))


def simulate(case: Case, runs: int, *, seed: int) -> CurveRates:
    rng = np.random.default_rng(seed)
    truth = (case.chances[2] - case.chances[0]) / 2
    limits = np.array([normal_quantile(chance) for chance in case.chances])
    held = rises = stopped = bent = 0
    for _ in range(runs):
        labels = rng.integers(0, case.clusters, case.items) if case.clusters else None
        table = _scores(rng, case, limits, labels)
        curve = learning_curve(SIZES, table, worth=WORTH, clusters=labels)
        held += curve.slope.lower <= truth <= curve.slope.upper
        rises += curve.conclusion == "rises"
        stopped += curve.conclusion == "stopped"
        bent += curve.bend is not None and curve.bend.upper < 0
    return CurveRates(held / runs, rises / runs, stopped / runs, bent / runs)


def _scores(
    rng: np.random.Generator,
    case: Case,
    limits: np.ndarray,
    labels: np.ndarray | None,
) -> np.ndarray:
    """A probit model: half of the shared difficulty is the cluster's, where there are any."""
    shared = rng.standard_normal(case.items)
    if labels is not None:
        shared = math.sqrt(0.5) * (shared + rng.standard_normal(case.clusters)[labels])
    own = rng.standard_normal((case.items, len(limits)))
    score = math.sqrt(case.shared) * shared[:, None] + math.sqrt(1 - case.shared) * own
    if labels is not None:
        of_arm = rng.standard_normal((case.clusters, len(limits)))[labels]
        score = math.sqrt(0.8) * score + math.sqrt(0.2) * of_arm
    return (score < limits).astype(float)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--markdown", action="store_true")
    options = parser.parse_args()
    bar = " | " if options.markdown else "  "
    columns = ("curve", "the interval holds", "rises", "has stopped", "surely flattens")
    sys.stdout.write(f"{bar.join(columns)}\n")
    if options.markdown:
        sys.stdout.write(f"{bar.join(['---'] * len(columns))}\n")
    for case in (*CASES, *FLAT):
        rates = simulate(case, options.runs, seed=options.seed)
        shares = (rates.coverage, rates.rises, rates.stopped, rates.bent)
        errors = (math.sqrt(share * (1 - share) / options.runs) for share in shares)
        cells = [f"{share:.3f} ± {error:.3f}" for share, error in zip(shares, errors, strict=True)]
        sys.stdout.write(f"{bar.join([str(case), *cells])}\n")


if __name__ == "__main__":
    main()
