"""Outcome of one item in a comparison of two arms. Pure."""

from enum import StrEnum


class Outcome(StrEnum):
    """`label` is the word for people."""

    label: str

    def __new__(cls, value: str, label: str) -> "Outcome":
        member = str.__new__(cls, value)
        member._value_, member.label = value, label
        return member

    LOST = "lost", "lost"
    WON = "won", "won"
    BOTH_RIGHT = "both-right", "both right"
    BOTH_WRONG = "both-wrong", "both wrong"
    SAME = "same", "same"
    UNPAIRED = "unpaired", "not compared"


def outcome(
    baseline: float | None,
    candidate: float | None,
    difference: float | None,
    right: float | None = 1.0,
) -> Outcome:
    """The outcome of an item with these scores; unpaired where one is missing.

    `difference` is oriented: positive is better for the candidate. A score of `right`, 1 or 0, is
    wholly right, and the other of the two wholly wrong; two equal scores between are the same, and
    so are any two where no number is right.
    """
    if baseline is None or candidate is None or difference is None:
        return Outcome.UNPAIRED
    if difference < 0:
        return Outcome.LOST
    if difference > 0:
        return Outcome.WON
    if right is None:
        return Outcome.SAME
    if baseline == right:
        return Outcome.BOTH_RIGHT
    return Outcome.BOTH_WRONG if baseline == 1.0 - right else Outcome.SAME
