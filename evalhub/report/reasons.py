"""A record's reasons as short lines, each leading to the items that made it. Pure.

Criteria of one status that ask the same share a line. What a record says at length about an open
criterion is cut to its first clause: the rest is on the criterion's own page.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from evalhub.decision.criterion import Criterion
from evalhub.decision.document import DecisionRecord
from evalhub.decision.outcomes import Outcome
from evalhub.decision.wording import SAME_RUN
from evalhub.declare.verdicts import Status, split_mark
from evalhub.report.folding import criterion_of

MOST = 8
"""Criteria that one line names; it counts the others."""


@dataclass(frozen=True, slots=True)
class ReasonPart:
    """One criterion of a line; `number` is its position in the record, from 1. `outcome` is what
    became of the items that made it: "lost" or "won"; "" where it isn't measured item by item."""

    criterion: Criterion
    number: int
    outcome: str


@dataclass(frozen=True, slots=True)
class ReasonLine:
    """A reason: its criteria and what follows them, or a sentence about none of them.

    Attributes:
        status: None of a plain sentence.
        more: how many criteria the line leaves out.
        text: what was asked of the criteria, or why they are open; or the whole sentence.
        people: whether the sentence is about people's judgments.
    """

    status: Status | None
    parts: Sequence[ReasonPart]
    more: int
    text: str
    people: bool = False


def reason_lines(record: DecisionRecord) -> list[ReasonLine]:
    """The lines of a record, in the order of its reasons."""
    names = {each.name: number for number, each in enumerate(record.criteria, 1)}
    rows: list[tuple[Status | None, str, ReasonPart | None]] = []
    for reason in record.reasons:
        status, sentence = split_mark(reason)
        number = names.get(criterion_of(reason, list(names)), 0)
        if not number:
            if status or sentence not in record.headline:  # which stands above and says it already
                rows.append((status, sentence, None))
            continue
        criterion = record.criteria[number - 1]
        part = ReasonPart(criterion, number, _outcome(criterion))
        rows.append((status, _text(criterion, sentence), part))
    return [
        line
        for (status, text, _), group in groupby(rows, key=lambda row: (*row[:2], row[2] is None))
        for line in _lines(status, text, [row[2] for row in group if row[2]])
    ]


def _lines(status: Status | None, text: str, parts: list[ReasonPart]) -> list[ReasonLine]:
    if not parts:
        return [ReasonLine(status, (), 0, text, people=text.startswith("Reviewers "))]
    if status is not Status.OPEN:
        parts.sort(key=lambda part: part.criterion.difference, reverse=status is Status.PASS)
    asked = f"{text} each" if len(parts) > 1 and status is not Status.OPEN else text
    return [ReasonLine(status, parts[:MOST], max(len(parts) - MOST, 0), asked)]


def _text(criterion: Criterion, sentence: str) -> str:
    """What was asked; of an open criterion why it is open, as far as the first colon."""
    if criterion.status is not Status.OPEN or ": open, " not in sentence:
        return criterion.requires
    why = sentence.partition(": open, ")[2]
    start = why.partition(": ")[0]
    aside = why[why.rindex(" (") :] if why.endswith(")") and start != why else ""
    return start + aside


def _outcome(criterion: Criterion) -> str:
    """Which items made it so: those that it won where it gains, else those that it lost."""
    if not criterion.kind.by_metric or criterion.method == SAME_RUN:
        return ""
    gains = criterion.kind.must_gain and criterion.status is not Status.FAIL
    return Outcome.WON if gains else Outcome.LOST
