"""One item with both arms' answers, as a reader sees it. Pure."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evalhub.io.tools import message_text
from evalhub.io.word_diff import Piece, word_diff

HEAD = 600
COMPARED = 160_000  # so that ten pairs a page take less than 100 ms
# a field of this name is what was asked, wherever a row has other fields too
_QUESTIONS = ("input", "question", "prompt", "instruction", "messages")


@dataclass(frozen=True, slots=True)
class FoldedText:
    """A text with the first part visible and the rest one click away."""

    head: str
    whole: str

    @property
    def cut(self) -> bool:
        return self.head != self.whole


@dataclass(frozen=True, slots=True)
class Side:
    """One arm's answer in pieces, or its error, and its score."""

    label: str
    pieces: Sequence[Piece]
    error: str
    score: float | None
    right: float | None = 1.0

    @property
    def long(self) -> bool:
        """Whether the answer gets a scrolling box of its own."""
        return sum(len(piece.text) for piece in self.pieces) > HEAD

    @property
    def status(self) -> str:
        return status_of(self.score, self.right)


@dataclass(frozen=True, slots=True)
class Flip:
    """An item: input, reference, and both answers with their difference marked."""

    key: str
    test_set: str
    outcome: str
    difference: float | None
    question: FoldedText
    reference: FoldedText
    tags: Sequence[str]
    sides: tuple[Side, Side]
    samples: int = 1
    address: str = ""


def status_of(score: float | None, right: float | None) -> str:
    """ "pass" for fully right, "fail" for fully wrong; "" for anything between, for unscored
    answers, and where no number is `right`."""
    if right is None or score is None:
        return ""
    return {right: "pass", 1.0 - right: "fail"}.get(score, "")


def flip_of(row: Mapping[str, Any], *, baseline: str, candidate: str) -> Flip:
    """A flip in the form that the page shows.

    Args:
        row: key, test_set, outcome, difference, input, reference, baseline_text,
            candidate_text, baseline and candidate (scores); and, where known, tags, samples,
            baseline_error, candidate_error, the address of its page, and the score that is `right`,
            1 if nothing is said.
        baseline, candidate: the arms' names.
    """
    texts = row["baseline_text"], row["candidate_text"]
    right = row.get("right", 1.0)
    before, after, _ = word_diff(texts[0] or "", texts[1] or "", most=COMPARED)
    return Flip(
        key=row["key"],
        test_set=row["test_set"],
        outcome=row["outcome"],
        difference=row["difference"],
        question=passage(input_text(row["input"])),
        reference=passage(references_text(row["reference"])),
        tags=row.get("tags", ()),
        sides=(
            Side(baseline, before, _error(texts[0], row, "baseline"), row["baseline"], right),
            Side(candidate, after, _error(texts[1], row, "candidate"), row["candidate"], right),
        ),
        samples=row.get("samples", 1),
        address=row.get("address", ""),
    )


def _error(text: str | None, row: Mapping[str, Any], arm: str) -> str:
    if text is not None:
        return ""
    return row.get(f"{arm}_error") or "no answer"


def passage(text: str) -> FoldedText:
    """The text, visible up to the end of a word within its first 600 characters."""
    if len(text) <= HEAD:
        return FoldedText(text, text)
    return FoldedText(text[:HEAD].rsplit(None, 1)[0] + " …", text)


def input_text(item_input: Any) -> str:
    """An item's input as text: chat messages by role, a row by its question."""
    if isinstance(item_input, str):
        return item_input
    if isinstance(item_input, list):
        return "\n\n".join(
            f"{message.get('role', '?')}: {text_of_message(message)}"
            if isinstance(message, Mapping)
            else str(message)
            for message in item_input
        )
    if isinstance(item_input, Mapping):
        question = next((item_input[name] for name in _QUESTIONS if name in item_input), None)
        return input_text(question) if question is not None else _plain(item_input)
    return _plain(item_input)


def text_of_message(message: Mapping[str, Any]) -> str:
    """Text of a chat message, with the tools that it calls."""
    if message.get("tool_calls") is None:
        return input_text(message.get("content", ""))
    return message_text(message)


def references_text(reference: Any) -> str:
    """The references as one text, joined by "or"."""
    if isinstance(reference, list):
        return " or ".join(_plain(each) for each in reference)
    return _plain(reference)


def _plain(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
