"""Systematic variations of a question, as a table: a name, and what a model is told to do. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from evalhub.declare.declaration import DeclarationError

PARAPHRASE = "paraphrase"
VARY = "vary:"
LONGEST_VALUE = 40
TASK = (
    "You rewrite questions that users asked, so that a model can be trained on them. Reply with "
    "the rewritten question alone: no introduction, no quotation marks, and no answer to it."
)
_VALUE = re.compile(r"[^\W\d_]+(?:[ -][^\W\d_]+)*")
QUOTES = {'"': '"', "“": "”", "„": "“", "«": "»", "'": "'"}

type Input = str | Sequence[Mapping[str, Any]]
"""A text, or chat messages."""


@dataclass(frozen=True, slots=True)
class Variation:
    """One way to vary a question.

    Attributes:
        name: as people write it behind `vary:`.
        instruction: what the model is told; holds {value} where the variation needs one.
        value: such as the language; "" where it needs none.
        example_value: what a value may be, for the message where it is missing.
        new_answer: the accepted answer doesn't fit the new question, so that a model answers it.
        few_words_change: it keeps most words, so that only an exact copy is left out.
    """

    name: str
    instruction: str
    value: str = ""
    example_value: str = ""
    new_answer: bool = False
    few_words_change: bool = False

    @property
    def kind(self) -> str:
        """As a command takes it: paraphrase, vary:formal, vary:language=German."""
        if self.name == PARAPHRASE:
            return PARAPHRASE
        return f"{VARY}{self.name}={self.value}" if self.value else f"{VARY}{self.name}"

    def messages(self, question: str, *, number: int, each: int) -> list[dict[str, str]]:
        """What a model is asked for the variation `number` (from 1) of `each`."""
        several = (
            f"\nThis is variation {number} of {each}: word it in a way of its own."
            if each > 1
            else ""
        )
        instruction = self.instruction.format(value=self.value)
        text = f"{instruction}{several}\n\nQuestion:\n{question}"
        return [{"role": "system", "content": TASK}, {"role": "user", "content": text}]


SAME_MEANING = "Keep its meaning, and every fact, number and name in it."

VARIATIONS: Mapping[str, Variation] = {
    variation.name: variation
    for variation in (
        Variation(PARAPHRASE, f"Ask the same in other words. {SAME_MEANING}"),
        Variation(
            "shorter",
            f"Ask the same in fewer words, as a user in a hurry would. {SAME_MEANING}",
        ),
        Variation(
            "longer",
            "Ask the same at greater length, as a user would who describes their situation. "
            f"{SAME_MEANING} Add nothing that would change the right answer.",
        ),
        Variation("formal", f"Ask the same in formal language. {SAME_MEANING}"),
        Variation("informal", f"Ask the same in casual, spoken language. {SAME_MEANING}"),
        Variation(
            "typos",
            "Copy the question with two to four typing errors, as they happen on a phone. Change "
            "no number and no name.",
            few_words_change=True,
        ),
        Variation(
            "language",
            f"Ask the same in {{value}}. {SAME_MEANING}",
            example_value="German",
            new_answer=True,
        ),
        Variation(
            "facts",
            "Ask a question of the same kind about other facts: replace its names, numbers, dates "
            "and amounts by others that are as likely. Keep its form.",
            new_answer=True,
            few_words_change=True,
        ),
    )
}
"""By name. The answer stays the accepted one unless `new_answer`."""


def variation_of(kind: str) -> Variation:
    """The variation that `paraphrase`, `vary:NAME` or `vary:NAME=VALUE` names.

    Raises:
        DeclarationError: there is none, or its value is missing or too much.
    """
    name, equals, value = kind.removeprefix(VARY).partition("=")
    variation = VARIATIONS.get(name)
    if variation is None or (name == PARAPHRASE) == kind.startswith(VARY):
        kinds = ", ".join(_kind_with_value(each) for each in VARIATIONS.values())
        raise DeclarationError(f"{kind!r} is no variation: say one of {kinds}", "kind")
    value = value.strip()
    if bool(variation.example_value) != bool(value) or (equals and not value):
        raise DeclarationError(f"say it as {_kind_with_value(variation)}, not {kind!r}", "kind")
    if value and (len(value) > LONGEST_VALUE or not _VALUE.fullmatch(value)):
        raise DeclarationError(
            f"{value[:LONGEST_VALUE]!r} is no {name}: at most {LONGEST_VALUE} letters, such as "
            f"{variation.example_value}",
            "kind",
        )
    return replace(variation, value=value)


def question_in(input_: Input) -> str:
    """The text that is varied: the input, or its last message of the user; "" where none is."""
    if isinstance(input_, str):
        return input_
    texts = [message["content"] for message in input_ if message.get("role") == "user"]
    return texts[-1] if texts and isinstance(texts[-1], str) else ""


def with_question(input_: Input, question: str) -> Input:
    """The input with another text in place of `question_in` of it."""
    if isinstance(input_, str):
        return question
    last = max(index for index, message in enumerate(input_) if message.get("role") == "user")
    return [
        {**message, "content": question} if index == last else dict(message)
        for index, message in enumerate(input_)
    ]


def question_of_reply(text: str) -> str:
    """The question in a model's reply: without white space and quotation marks around all of it."""
    question = text.strip()
    if len(question) > 1 and QUOTES.get(question[0]) == question[-1]:
        inside = question[1:-1].strip()
        return inside if question[0] not in inside else question
    return question


def _kind_with_value(variation: Variation) -> str:
    example = variation.example_value
    return replace(variation, value=example).kind
