"""A reviewer's answer to a pair as presented, and whether the form allows it. Pure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from evalhub.declare.review import Form
from reviews.errors import UnfitAnswerError, UnknownChoiceError
from reviews.models import RATED

SIDES = ("left", "right", "tie", "both-bad")
RATIONALE_LENGTH = 10_000
LONGEST_VISIBLE = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class ReviewerAnswer:
    """One answer, as presented: "left" is whatever stood on the left.

    `choice` is "left", "right", "tie" or "both-bad", or "rated" where one answer is rated by
    itself. `answers` maps each dimension's name to one of the four, or to a rating. `flags` maps
    a side of `Form.sides` to what was flagged there. `visible_seconds` is for how long the page
    was in view, as the browser counted; it says nothing about what was answered.
    """

    choice: str
    much: bool = False
    answers: Mapping[str, str | int] = field(default_factory=dict)
    flags: Mapping[str, Sequence[str]] = field(default_factory=dict)
    rationale: str = ""
    visible_seconds: float | None = None

    def normalise(self, form: Form) -> "ReviewerAnswer":
        """This answer in its one canonical form: empty flags left out, the rest in form's order.

        Raises UnknownChoiceError, or UnfitAnswerError, which names the field, for what the form
        doesn't ask, doesn't take or asks and hasn't got.
        """
        if self.choice not in ((RATED,) if form.rates else SIDES):
            raise UnknownChoiceError
        if self.much and (not form.steps or self.choice not in ("left", "right")):
            raise UnfitAnswerError("much", "only left or right can be much better, where asked")
        return replace(
            self,
            answers=self._answers(form),
            flags=self._flags(form),
            rationale=self._rationale(form),
            visible_seconds=_seconds(self.visible_seconds),
        )

    def says_the_same(self, other: "ReviewerAnswer") -> bool:
        """Whether both answer alike, however long each took. Compares checked answers."""
        return replace(self, visible_seconds=None) == replace(other, visible_seconds=None)

    def _answers(self, form: Form) -> dict[str, str | int]:
        dimensions = {dimension.name: dimension for dimension in form.dimensions}
        if unknown := sorted(set(self.answers) - set(dimensions)):
            raise UnfitAnswerError(unknown[0], "it isn't asked")
        for name, dimension in dimensions.items():
            if name not in self.answers:
                raise UnfitAnswerError(name, "it has no answer yet")
            value = self.answers[name]
            if isinstance(value, bool) or value not in (dimension.values or SIDES):
                raise UnfitAnswerError(name, f"{value!r} isn't on its scale")
        return {name: self.answers[name] for name in dimensions}

    def _flags(self, form: Form) -> dict[str, list[str]]:
        for side, flagged in self.flags.items():
            if side not in form.sides or (flagged and not form.flags):
                raise UnfitAnswerError("flags", "there is nothing to flag there")
            if unknown := sorted(set(flagged) - set(form.flags)):
                raise UnfitAnswerError("flags", f"{unknown[0]!r} can't be flagged")
        flags_by_side = {side: set(self.flags.get(side, ())) for side in form.sides}
        return {
            side: [flag for flag in form.flags if flag in flagged]
            for side, flagged in flags_by_side.items()
            if flagged
        }

    def _rationale(self, form: Form) -> str:
        reason = self.rationale.strip()
        if form.rationale == "required" and not reason:
            raise UnfitAnswerError("rationale", "say in a few words why")
        if form.rationale == "off" and reason:
            raise UnfitAnswerError("rationale", "it isn't asked")
        if len(reason) > RATIONALE_LENGTH:
            raise UnfitAnswerError("rationale", f"it is longer than {RATIONALE_LENGTH} characters")
        return reason


def _seconds(seconds: float | None) -> float | None:
    """The browser's time on page, or None where it is implausible; never an error."""
    if seconds is None or not math.isfinite(seconds) or not 0 <= seconds <= LONGEST_VISIBLE:
        return None
    return float(seconds)
