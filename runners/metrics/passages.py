"""What metrics of retrieval share: the passages of an answer, and which of them are relevant."""

from typing import Annotated

from pydantic import Field

from runners.metrics.score import Answer

FirstPassages = Annotated[
    int | None,
    Field(ge=1, title="First passages", description="only so many, the best, count"),
]


def relevant_in_order(answer: Answer, k: int | None) -> tuple[list[bool], int]:
    """Of each passage, the best first, whether the item names it as relevant; and how many
    passages the item names.

    Args:
        k: look at the first k passages; None: at all.

    Raises:
        ValueError: why there is nothing to measure.
    """
    if answer.relevant is None:
        raise ValueError("the item doesn't say which passages are relevant")
    if not answer.relevant:
        raise ValueError("the item says that no passage is relevant")
    if answer.passages is None:
        raise ValueError("the answer came without the passages that it was given")
    relevant = set(answer.relevant)
    first = answer.passages if k is None else answer.passages[:k]
    return [passage["id"] in relevant for passage in first], len(relevant)
