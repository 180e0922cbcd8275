"""What a person did with an example, and what the answers of two of them come to. Pure."""

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from reviews.errors import UnfitExampleAnswerError
from reviews.models import AnnotationAction, ExampleState

LONGEST_ANSWER = 200_000
LONGEST_REASON = 1000
LONGEST_VISIBLE = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class ExampleAnswer:
    """An answer as it came from a page: `text` is None where a form sent none."""

    action: str
    text: str | None = None
    reason: str = ""
    visible_seconds: float | None = None

    def normalise(self, *, proposal: str, labels: Sequence[str]) -> "ExampleAnswer":
        """This answer in its one form: what changes the proposal is an edit, and nothing else is.

        So an "accept" with another text is an edit, and an "edit" that changes nothing accepts.
        Raises UnfitExampleAnswerError, which names the field.
        """
        reason = self.reason.strip()
        if self.action not in AnnotationAction.values:
            raise UnfitExampleAnswerError("action", "accept it, edit it or reject it")
        if len(reason) > LONGEST_REASON:
            raise UnfitExampleAnswerError("reason", f"it is longer than {LONGEST_REASON}")
        seconds = _plausible(self.visible_seconds)
        if self.action == AnnotationAction.REJECT:
            if not reason:
                raise UnfitExampleAnswerError("reason", "say in a few words why you reject it")
            return ExampleAnswer(self.action, "", reason, seconds)
        text = (proposal if self.text is None else self.text).replace("\r\n", "\n").strip()
        if not text:
            raise UnfitExampleAnswerError("answer", "it is empty: write one, or reject the example")
        if len(text) > LONGEST_ANSWER:
            raise UnfitExampleAnswerError("answer", f"it is longer than {LONGEST_ANSWER:,}")
        if labels and text not in labels:
            raise UnfitExampleAnswerError("answer", f"it is none of {', '.join(labels)}")
        if proposal and same_answer(text, proposal):
            return ExampleAnswer(AnnotationAction.ACCEPT, proposal, reason, seconds)
        return ExampleAnswer(AnnotationAction.EDIT, text, reason, seconds)


@dataclass(frozen=True, slots=True)
class ExampleOutcome:
    """What an example's answers come to: its state, and the answer that goes out."""

    state: ExampleState
    final_answer: str = ""


def outcome_of(answers: Sequence[tuple[str, str]], *, wanted: int) -> ExampleOutcome:
    """The outcome of (action, text) of each annotator, of whom `wanted` are to answer.

    One person's answer holds. Two agree where both reject, or where both leave the same text,
    whether by accepting or by editing; where they don't, a third decides.
    """
    if len(answers) < wanted:
        return ExampleOutcome(ExampleState.IN_PROGRESS if answers else ExampleState.WAITING)
    rejected = [action == AnnotationAction.REJECT for action, _ in answers]
    if all(rejected):
        return ExampleOutcome(ExampleState.REJECTED)
    texts = [text for _, text in answers]
    if any(rejected) or any(not same_answer(texts[0], text) for text in texts[1:]):
        return ExampleOutcome(ExampleState.DISPUTED)
    return ExampleOutcome(ExampleState.ACCEPTED, texts[0])


def caught(*, action: str, answer: str, expected: str) -> bool:
    """Whether an answer to a gold example is right: it leaves the expected text, or, where none is
    known, it doesn't accept a proposal that is wrong."""
    if expected:
        return action != AnnotationAction.REJECT and same_answer(answer, expected)
    return action != AnnotationAction.ACCEPT


def same_answer(one: str, other: str) -> bool:
    """Whether two answers are the same text: Unicode's form and white space at the ends of lines
    make no difference, case and punctuation do."""
    return _normal_form(one) == _normal_form(other)


def _normal_form(text: str) -> str:
    lines = unicodedata.normalize("NFC", text).strip().splitlines()
    return "\n".join(line.rstrip() for line in lines)


def _plausible(seconds: float | None) -> float | None:
    """The browser's time on page, or None where it is implausible; never an error."""
    if seconds is None or not math.isfinite(seconds) or not 0 <= seconds <= LONGEST_VISIBLE:
        return None
    return float(seconds)
