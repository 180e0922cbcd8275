"""Length."""

from runners.metrics.json_fence import JsonFence, without_json_fence
from runners.metrics.own import Answer, metric


@metric(
    title="Length",
    measures="how long the output is",
    reference_implementation="Python's len",
    not_for="as a goal of its own: shorter is not better where something is left out",
    normalisation="white space at the ends",
    bounds=None,
    higher_is_better=False,
    unit="characters",
)
def length(answer: Answer, json_fence: JsonFence = None) -> int:
    """Characters (Unicode code points) of the output, without white space at its ends."""
    text = without_json_fence(answer.text) if json_fence else answer.text
    return len(text.strip())
