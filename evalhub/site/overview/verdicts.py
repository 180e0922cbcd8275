"""Verdicts by month, as a chart. Pure."""

import datetime
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from evalhub.decision.wording import count_text
from evalhub.declare.verdicts import Verdict
from evalhub.report.charts.parts import Axis, Block, Chart, Frame, Key, Table
from evalhub.report.charts.scale import Scale, Tick

GAP = 0.15
"""Of a month's width, left free on either side of its column."""


@dataclass(frozen=True, slots=True)
class Month:
    """A month by its first day."""

    first: datetime.date

    @property
    def short(self) -> str:
        """One letter: twelve of them fit on a phone."""
        return f"{self.first:%b}"[0]

    @property
    def long(self) -> str:
        return f"{self.first:%B %Y}"


def months_until(day: datetime.date, count: int) -> list[Month]:
    """`count` months up to the month of the day, oldest first."""
    last = day.year * 12 + day.month - 1
    return [
        Month(datetime.date(index // 12, index % 12 + 1, 1))
        for index in range(last - count + 1, last + 1)
    ]


def verdicts_chart(
    months: Sequence[Month],
    decisions: Iterable[tuple[datetime.datetime, int, str, str]],
) -> Chart | None:
    """One column for each month, stacked by verdict; None if there is nothing to show.

    Args:
        decisions: when, the study's id, the arm and the verdict, oldest first. Of those on one arm
            in one month the last counts: what was decided again on more evidence isn't two.
    """
    last: dict[tuple[datetime.date, int, str], str] = {}
    for created, study, arm, verdict in decisions:
        last[created.date().replace(day=1), study, arm] = verdict
    counts: dict[datetime.date, Counter[str]] = {each.first: Counter() for each in months}
    for (month, *_), verdict in last.items():
        if month in counts:
            counts[month][verdict] += 1
    most = max((each.total() for each in counts.values()), default=0)
    if not most:
        return None
    frame = Frame(Scale(0, len(months)), Scale(0, most))
    totals = {each: sum(of[each] for of in counts.values()) for each in Verdict}
    verdicts = [each for each in Verdict if totals[each]]
    return Chart(
        title="Verdicts by month",
        desc=", ".join(f"{totals[each]} {each.label.lower()}" for each in verdicts),
        x=Axis(
            [
                Tick(frame.x.at(index + 0.5), month.short, index)
                for index, month in enumerate(months)
            ]
        ),
        y=Axis([tick for tick in frame.y.ticks_up(5, _whole) if tick.value == int(tick.value)]),
        bars=[
            bar
            for index, month in enumerate(months)
            for bar in _column(frame, index, month, counts[month.first])
        ],
        keys=[Key("bar", each, f"{each.mark} {each.label}: {totals[each]}") for each in verdicts],
        table=Table(
            ["Month", *(each.label for each in Verdict)],
            [
                [month.long, *(str(counts[month.first][each]) for each in Verdict)]
                for month in months
            ],
        ),
    )


def _column(frame: Frame, index: int, month: Month, counts: Counter[str]) -> list[Block]:
    """The column's blocks, from the bottom up in the order of the verdicts."""
    x, width = frame.x.band(index + GAP, index + 1 - GAP)
    blocks, low = [], 0
    for verdict in Verdict:
        if count := counts[verdict]:
            top, height = frame.y.up(low + count), frame.y.band(low, low + count)[1]
            text = f"{month.long}: {count_text(count, 'verdict')} {verdict.label.lower()}"
            blocks.append(Block(x, top, width, height, verdict, text))
            low += count
    return blocks


def _whole(value: float) -> str:
    return f"{value:.0f}"
