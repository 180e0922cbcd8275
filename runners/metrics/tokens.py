"""Tokens."""

from typing import Any

from runners.metrics.score import Answer, MetricScore


def tokens(answer: Answer, reference: Any, *, of: str = "completion") -> MetricScore:
    """Tokens of the completion, the prompt or both, as recorded; unscored where they weren't."""
    counts = {"prompt": answer.prompt_tokens, "completion": answer.completion_tokens}
    wanted = counts if of == "total" else {of: counts[of]}
    lacking = [name for name, count in wanted.items() if count is None]
    if lacking:
        return MetricScore(None, f"no {' and no '.join(lacking)} tokens were recorded")
    return MetricScore(float(sum(count for count in wanted.values() if count is not None)))
