"""An item's choices with what a model says of each, and which of them is right."""

from collections.abc import Sequence
from typing import Any

from runners.metrics.score import Answer


def choice_likelihoods(answer: Answer) -> tuple[Sequence[str], Sequence[float]]:
    """The choices and their log-probabilities. ValueError says what is missing."""
    if answer.choices is None:
        raise ValueError("the item has no choices: name their field in the test set's fields")
    if answer.choice_logprobs is None:
        raise ValueError("the model's server doesn't say how likely a given text is")
    if len(answer.choices) != len(answer.choice_logprobs):
        raise ValueError(
            f"{len(answer.choices)} choices, and likelihoods of {len(answer.choice_logprobs)}"
        )
    return answer.choices, answer.choice_logprobs


def right_choice(choices: Sequence[str], reference: Any) -> int:
    """The index of the right choice: the reference is its text or its number from 0 on.

    ValueError where it is neither.
    """
    if isinstance(reference, str) and reference in choices:
        return choices.index(reference)
    if type(reference) is int and 0 <= reference < len(choices):
        return reference
    raise ValueError(
        f"the reference {str(reference)[:60]!r} is neither one of the choices nor a number from 0 "
        f"to {len(choices) - 1}"
    )
