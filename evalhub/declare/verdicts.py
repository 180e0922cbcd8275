"""The one table of verdicts and statuses: words, marks, colours, exit codes.

Pages use the value as a CSS class; the terminal, the Django choices, the published schema and the
exit codes are read from here.
"""

from enum import StrEnum
from typing import Literal

JudgeVerdict = Literal["usable", "not-usable", "not-told", "invalid"]
"""Whether a judge may stand in for people: its agreement's limits against a floor."""


class Verdict(StrEnum):
    """What a decision says; `exit_code` is what a command line ends with."""

    label: str
    mark: str
    colour: str
    exit_code: int

    # The defaults are for Verdict("ship"), which looks a member up.
    def __new__(
        cls, value: str, label: str = "", mark: str = "", colour: str = "", exit_code: int = 0
    ) -> "Verdict":
        member = str.__new__(cls, value)
        member._value_ = value
        member.label, member.mark, member.colour = label, mark, colour
        member.exit_code = exit_code
        return member

    SHIP = "ship", "Ship", "✓", "green", 0
    HOLD = "hold", "Hold", "✗", "red", 1
    MORE = "need-more-data", "Need more data", "?", "yellow", 2
    INVALID = "invalid", "Invalid evidence", "!", "magenta", 3

    @classmethod
    def choices(cls) -> list[tuple[str, str]]:
        """(value, label) pairs for Django's fields and forms."""
        return [(each.value, each.label) for each in cls]


class Status(StrEnum):
    """Whether what is asked is shown, shown not to be, or neither: where the interval lies."""

    label: str
    mark: str
    colour: str

    def __new__(cls, value: str, label: str = "", mark: str = "", colour: str = "") -> "Status":
        member = str.__new__(cls, value)
        member._value_ = value
        member.label, member.mark, member.colour = label, mark, colour
        return member

    PASS = "pass", "holds", "✓", "green"
    FAIL = "fail", "fails", "✗", "red"
    OPEN = "open", "open", "?", "yellow"


def split_mark(sentence: str) -> tuple[Status | None, str]:
    """A reason's status, by its leading mark, and the rest of its text; None for a plain
    sentence."""
    status = next((each for each in Status if sentence.startswith(f"{each.mark} ")), None)
    return status, sentence if status is None else sentence[2:]
