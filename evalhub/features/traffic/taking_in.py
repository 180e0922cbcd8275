"""The one verb by which requests and signals come in, whichever door they came by."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from evalhub.accounts.models import Project
from evalhub.features.traffic.rows import RequestRow, SignalRow, Source


class Refusal(StrEnum):
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
    reason: Refusal
    message: str
    field: str = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a batch.

    Attributes:
        requests: new ones, stored.
        signals: likewise.
        there_already: rows that were stored before; nothing was changed.
        waiting: of `signals`, those whose request hasn't come yet.
        flaws: each row that wasn't taken.
    """

    requests: int
    signals: int
    there_already: int
    waiting: int
    flaws: Sequence[Flaw] = field(default=())


def take_in(
    *,
    project: Project,
    source: Source,
    requests: Sequence[tuple[int, RequestRow]] = (),
    signals: Sequence[tuple[int, SignalRow]] = (),
    flaws: Sequence[Flaw] = (),
) -> Taken:
    """Stores a batch, whole or not at all; each row once, however often it comes.

    Args:
        requests: each with its line.
        signals: likewise.
        flaws: rows that the door could not read; they are counted with those that this refuses.
    """
    raise NotImplementedError
