"""What became of a test set's items between two arms: won, lost, right or wrong in both. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from evalhub.decision.outcomes import Outcome
from evalhub.report.charts.parts import Block, Chart, Frame, Key
from evalhub.report.charts.scale import Scale

ORDER = (Outcome.WON, Outcome.BOTH_RIGHT, Outcome.SAME, Outcome.BOTH_WRONG, Outcome.LOST)
_KINDS = {Outcome.BOTH_RIGHT: "both", Outcome.BOTH_WRONG: "neither", Outcome.SAME: "same"}


@dataclass(frozen=True, slots=True)
class Transition:
    """How many items came out so, which share of those compared, and where they are shown."""

    outcome: Outcome
    count: int
    share: float
    query: str

    @property
    def kind(self) -> str:
        return _KINDS.get(self.outcome, self.outcome)


@dataclass(frozen=True, slots=True)
class Transitions:
    """`square`: right or wrong in one arm by right or wrong in the other, the baseline's rows first
    right; None where scores lie between, so that nothing but better and worse can be told."""

    square: tuple[tuple[Transition, Transition], tuple[Transition, Transition]] | None
    rows: Sequence[Transition]
    compared: int
    chart: Chart


def transitions(
    counts: Mapping[Outcome, int], *, whole: bool, leading_to: Callable[[Outcome], str]
) -> Transitions | None:
    """Numbers of items by outcome, with a chart; None where no item was compared.

    Args:
        whole: whether every score is 0 or 1.
        leading_to: the address of an outcome's items.
    """
    compared = sum(counts[each] for each in ORDER)
    if not compared:
        return None
    of = {
        outcome: Transition(
            outcome, counts[outcome], counts[outcome] / compared, leading_to(outcome)
        )
        for outcome in ORDER
    }
    rows = [of[each] for each in ORDER if each is not Outcome.SAME or not whole]
    return Transitions(
        square=(
            (of[Outcome.BOTH_RIGHT], of[Outcome.LOST]),
            (of[Outcome.WON], of[Outcome.BOTH_WRONG]),
        )
        if whole
        else None,
        rows=rows,
        compared=compared,
        chart=_chart(rows, compared, with_keys=not whole),
    )


def _chart(rows: Sequence[Transition], compared: int, *, with_keys: bool) -> Chart:
    """`with_keys`: no square of counts stands beside it, so that the chart's keys give them."""
    frame, start, blocks = Frame(Scale(0, compared)), 0, list[Block]()
    labels = [f"{each.outcome.label} {each.count:,} ({each.share:.1%})" for each in rows]
    for row, label in zip(rows, labels, strict=True):
        stop = start + row.count
        if row.count:
            blocks.append(frame.stretch(start, stop, kind=row.kind, tooltip=label))
        start = stop
    return Chart(
        title="What became of the items",
        desc=", ".join(labels),
        bars=blocks,
        keys=[Key("bar", each.kind, label) for each, label in zip(rows, labels, strict=True)]
        if with_keys
        else (),
        size="low",
    )
