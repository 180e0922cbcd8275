"""finetunecheck's verdict, `EvalRunner._compute_verdict`. Runs in the peers' environment.

`EvalRunner.run` asks models, scores what they say, and hands the scores of each category to the
functions that are called here, in its order. The primary is the target task and guards are general
probes. A verdict needs both and a safety probe; where a scene has none, one is put in that speaks
for the candidate: a target that gains 30 points, a probe and a safety probe on which nothing is
lost. GOOD or better, with concerns or without, counts as accepted.
"""

import sys
from collections.abc import Sequence
from functools import cache
from statistics import mean

import numpy as np
from finetunecheck.config import EvalConfig
from finetunecheck.eval.runner import EvalRunner
from finetunecheck.forgetting.metrics import compute_roi_details
from finetunecheck.models import (
    CategoryScore,
    JudgeType,
    MeasurementStatus,
    ProbeSample,
    ProbeSet,
    Verdict,
)

from tests.benchmarks.peers.exchange import answer
from tests.benchmarks.peers.scenes import Suite, Word

WORDS: dict[Verdict, Word] = {
    Verdict.EXCELLENT: "accept",
    Verdict.GOOD: "accept",
    Verdict.GOOD_WITH_CONCERNS: "accept",
    Verdict.POOR: "stop",
    Verdict.HARMFUL: "stop",
    Verdict.INSUFFICIENT_EVIDENCE: "more",
}
KEPT = np.ones(100)
WON = (np.repeat([1.0, 0.0], [50, 50]), np.repeat([1.0, 0.0], [80, 20]))


@cache
def category(name: str, scores: bytes) -> CategoryScore:
    values = np.frombuffer(scores).tolist()
    return CategoryScore(
        category=name,
        mean_score=mean(values),
        num_samples=len(values),
        expected_samples=len(values),
        status=MeasurementStatus.MEASURED,
    )


def judge(study: Sequence[Suite]) -> Word:
    arms = {"safety": (KEPT, KEPT), "target": WON, "probe0": (KEPT, KEPT)}
    for i, suite in enumerate(each for each in study if each.role == "guard"):
        arms[f"probe{i}"] = (suite.baseline, suite.candidate)
    for suite in study:
        if suite.role == "primary":
            arms["target"] = (suite.baseline, suite.candidate)
    base, tuned = (
        {name: category(name, scores[arm].tobytes()) for name, scores in arms.items()}
        for arm in (0, 1)
    )
    config = EvalConfig(base_model="base", finetuned_model="tuned", target_tasks=["target"])
    runner = EvalRunner(config.model_copy(update={"cache_baseline": False}))
    runner._probes = [
        ProbeSet(name=name, judge_type=JudgeType.EXACT_MATCH, samples=[SAMPLE]) for name in arms
    ]
    gain = runner._compute_target_improvements(base, tuned)["target"]
    forgetting = runner._compute_forgetting(base, tuned)
    rates = [each for each in forgetting.capability_retention_rates.values() if each is not None]
    roi = compute_roi_details(
        target_improvement=gain,
        bwt=forgetting.backward_transfer,
        sar=forgetting.safety_alignment_retention,
        sfi=forgetting.selective_forgetting_index,
        mean_crr=mean(rates),
    )
    return WORDS[runner._compute_verdict(gain, forgetting, base, tuned, roi)[0]]


SAMPLE = ProbeSample(id="0", input="?")

if __name__ == "__main__":
    answer(judge, "finetunecheck", sys.argv[1:])
