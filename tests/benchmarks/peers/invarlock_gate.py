"""invarlock's release check. Runs in the peers' environment.

`compare_runs` checks its documents and hands each metric's pairs of records to `_metric_result`,
which decides and is called here: the checks of documents take nearly all the time. A guard may
regress by its margin. A primary may regress by 0, which is the nearest to asking for a gain. Yes/no
scores are recomputed from texts (an exact match), graded ones are recorded. A study passes where
every suite does; the limit on the interval's width is wide open.
"""

import sys
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from invarlock.evaluation_comparison.comparison import _metric_result
from numpy.typing import NDArray

from tests.benchmarks.peers.exchange import answer
from tests.benchmarks.peers.scenes import Role, Suite, Word

PROVENANCE = {
    "kind": "measurement",
    "source": "made-up",
    "version": "1",
    "unit": "score",
    "rubric_digest": None,
}
RUN = {"score_provenance": {"score": PROVENANCE}}
WORDS: dict[str, Word] = {
    "pass": "accept",
    "regression": "stop",
    "insufficient_evidence": "more",
}


def records(scores: NDArray[np.float64]) -> list[dict[str, Any]]:
    return [
        {
            "id": f"q{i:05}",
            "input": "",
            "expected": "1",
            "output": f"{value:g}",
            "scores": {"score": value},
            "metadata": {},
            "error": None,
        }
        for i, value in enumerate(scores.tolist())
    ]


@cache
def decision(role: Role, margin: float, baseline: bytes, candidate: bytes) -> str:
    arms = [np.frombuffer(each) for each in (baseline, candidate)]
    binary = all(np.isin(each, (0, 1)).all() for each in arms)
    metric = {
        "name": "score",
        "kind": "exact_match" if binary else "recorded",
        "configuration": {},
        "direction": "higher",
        "unit": "score",
        "aggregation": "mean",
        "minimum_count": 1,
        "maximum_regression": margin if role == "guard" else 0.0,
        "maximum_interval_width": 2.0,
        "score_key": "score",
        "accepted_provenance": PROVENANCE,
    }
    pairs = list(zip(*map(records, arms), strict=True))
    return str(_metric_result(RUN, RUN, metric, "overall", pairs)["decision"])


def judge(study: Sequence[Suite]) -> Word:
    found = {WORDS[decision(*each.key)] for each in study}
    return "stop" if "stop" in found else "more" if "more" in found else "accept"


if __name__ == "__main__":
    answer(judge, "invarlock", sys.argv[1:])
