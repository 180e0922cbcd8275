"""MLflow's assertion that a scorer improved. Runs in the peers' environment.

`mlflow.genai.compare_evaluations` reads two runs' traces from a tracking store, pairs them, and
hands each scorer's paired values to `_compare_paired_values`; `assert_improved` looks at what comes
out. Both are called here on the paired values. The bootstrap interval, which the assertion doesn't
look at, is left out: it takes nearly all the time. Scorers to assert are the primaries; where there
is none, all.
"""

import math
import sys
from collections.abc import Sequence
from functools import cache

import numpy as np
from mlflow.genai.evaluation.comparison import paired_comparison
from mlflow.genai.evaluation.comparison.entities import ComparisonResult, ScorerComparison

from tests.benchmarks.peers.exchange import answer
from tests.benchmarks.peers.scenes import Role, Suite, Word

paired_comparison._bootstrap_mean_ci = lambda deltas, level: (math.nan, math.nan)


@cache
def compared(role: Role, margin: float, baseline: bytes, candidate: bytes) -> ScorerComparison:
    return paired_comparison._compare_paired_values(
        "score", np.frombuffer(baseline), np.frombuffer(candidate), value_type="numeric"
    )


def judge(study: Sequence[Suite]) -> Word:
    listed = [each for each in study if each.role == "primary"] or study
    scorers = {str(i): compared(*each.key) for i, each in enumerate(listed)}
    try:
        ComparisonResult("candidate", "baseline", scorers).assert_improved(list(scorers))
    except AssertionError:
        return "stop"
    return "accept"


if __name__ == "__main__":
    answer(judge, "mlflow", sys.argv[1:])
