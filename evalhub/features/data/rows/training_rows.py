"""A row of a training file as its trainer reads it, whatever the file's layout. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from evalhub.declare.data_report import Layout


@dataclass(frozen=True, slots=True)
class TrainingMessage:
    """A message: a role (system, user, assistant, tool) and its text; calls are in the text."""

    role: str
    text: str


@dataclass(frozen=True, slots=True)
class TrainingRow:
    """One row.

    Attributes:
        line: in its file, from 1; of Parquet the row's number.
        layout: how it is laid out.
        system: the system prompt, "" without one.
        prompt: what is asked: the last user message, a prompt, an instruction with its input; of
            a text alone "".
        answer: what is learnt: the last assistant message, completion, output, chosen answer or
            the text.
        rejected: of preference pairs the other answer.
        messages: the whole row in order, also of layouts that aren't chat.
        fields: its other fields, such as label, source, licence or user.
        flaws: what a trainer would stumble over, as (code, message).
    """

    line: int
    layout: Layout
    system: str
    prompt: str
    answer: str
    rejected: str | None = None
    messages: Sequence[TrainingMessage] = ()
    fields: Mapping[str, Any] = field(default_factory=dict)
    flaws: Sequence[tuple[str, str]] = ()
