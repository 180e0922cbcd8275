"""vLLM's continuous integration on GSM8K: our reading of its rule, since vLLM isn't installed.

`tests/evals/gsm8k/test_gsm8k_correctness.py` of vllm-project/vllm fails where the accuracy measured
is below the one on record less .08. On record here is the baseline's on the same items.
"""

from collections.abc import Sequence

from tests.benchmarks.peers.scenes import Suite, Word

TOLERANCE = 0.08


def judge(study: Sequence[Suite]) -> Word:
    kept = all(each.candidate.mean() >= each.baseline.mean() - TOLERANCE for each in study)
    return "accept" if kept else "stop"
