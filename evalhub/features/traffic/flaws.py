"""Rows of traffic that aren't taken, and why. Pure."""

from dataclasses import dataclass
from enum import StrEnum


class FlawReason(StrEnum):
    """Why a row isn't taken, in words."""

    NOT_JSON = "not a JSON object"
    INVALID = "a field is invalid"
    NEGATIVE = "a number is negative"
    NOT_A_NUMBER = "a number is NaN or infinite"
    TEXT_TOO_LONG = "a text is too long"
    CLOCK_AHEAD = "its time lies ahead"
    TOO_OLD = "its time is too long ago"
    OTHER_DAY = "its id was taken on another day"
    OTHER_CONTENT = "its id was taken with other content"


@dataclass(frozen=True, slots=True)
class Flaw:
    """A row that isn't taken: its line (from 1) or place in the batch, its field, and why."""

    line: int
    reason: FlawReason
    message: str
    field: str = ""

    def __str__(self) -> str:
        return f"field '{self.field}': {self.message}" if self.field else self.message
