"""NeMo Evaluator's gate, `gate_runs`. Runs in the peers' environment.

Every suite is a critical benchmark. A guard may drop by its margin; a primary by 0, which is the
nearest to asking for a gain. The gate judges each benchmark by itself, so each is asked once, and
its own function puts a study's benchmarks together. What it attaches as supporting evidence and
doesn't judge by (`compare_runs`) is left out: it takes nearly all the time.
"""

import json
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from nemo_evaluator.config.gate_policy import BenchmarkGateEntry, GatePolicy, Tier
from nemo_evaluator.engine import gate
from nemo_evaluator.engine.gate import BenchmarkGateResult

from tests.benchmarks.peers.exchange import answer
from tests.benchmarks.peers.scenes import Role, Suite, Word

gate.compare_runs = lambda baseline, candidate: {}

WORDS: dict[str, Word] = {"GO": "accept", "NO-GO": "stop", "INCONCLUSIVE": "more"}


@cache
def result(role: Role, margin: float, baseline: bytes, candidate: bytes) -> BenchmarkGateResult:
    allowed = margin if role == "guard" else 0.0
    entry = BenchmarkGateEntry(tier=Tier.critical, max_drop=allowed, metric="mean_reward")
    with TemporaryDirectory() as folder:
        arms = [Path(folder) / "baseline", Path(folder) / "candidate"]
        for arm, scores in zip(arms, (baseline, candidate), strict=True):
            arm.mkdir()
            bundle = {"benchmark": {"name": "suite", "scores": {}}}
            (arm / "eval-suite.json").write_text(json.dumps(bundle))
            rows = [
                json.dumps({"problem_idx": i, "repeat": 0, "reward": float(value)})
                for i, value in enumerate(np.frombuffer(scores))
            ]
            (arm / "results.jsonl").write_text("\n".join(rows))
        (found,) = gate.gate_runs(*arms, GatePolicy(benchmarks={"suite": entry})).benchmarks
    return found


def judge(study: Sequence[Suite]) -> Word:
    return WORDS[gate._aggregate_verdict([result(*each.key) for each in study])[0]]


if __name__ == "__main__":
    answer(judge, "nemo", sys.argv[1:])
