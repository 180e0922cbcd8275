"""Tornado: for each figure, how far the outcome moves between that figure's two ends. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from evalhub.declare.cost_sheet import Figure, Swing, Tornado
from evalhub.features.ownership.wording import VARIED, amount, bare_outcome, outcome
from evalhub.report.charts.scale import Scale, Tick, around


@dataclass(frozen=True, slots=True)
class TornadoRow:
    """A figure with its bar: start and width in per cent; `open` if the bar has no end, since it
    never breaks even. `spoken` says the same in words."""

    name: str
    ends: str
    low: str
    high: str
    varied: str
    x: str
    width: str
    open: bool
    spoken: str


@dataclass(frozen=True, slots=True)
class TornadoPlot:
    """All rows on one scale; `at` is the outcome with all figures at their middle."""

    title: str
    middle: str
    at: str
    rows: Sequence[TornadoRow]
    ticks: Sequence[Tick]


def tornado_plot(tornado: Tornado) -> TornadoPlot:
    """The picture of a tornado, the largest bar first."""
    outcomes = [each for swing in tornado.swings for each in (swing.at_low, swing.at_high)]
    scale = around([tornado.at, *(each for each in outcomes if each is not None)], zero=False)
    months = tornado.of == "break-even"
    return TornadoPlot(
        title="Months until break-even" if months else "Saved a month",
        middle=bare_outcome(tornado.at, tornado),
        at=scale.at(tornado.at),
        rows=[_row(each, tornado, scale) for each in tornado.swings],
        ticks=scale.ticks(5, "{:,.3g}".format),
    )


def _row(swing: Swing, tornado: Tornado, scale: Scale) -> TornadoRow:
    outcomes = [each for each in (swing.at_low, swing.at_high) if each is not None]
    never = len(outcomes) < 2
    left = min(outcomes, default=scale.low)
    x, width = scale.band(left, scale.high if never else max(outcomes))
    low, high = outcome(swing.at_low, tornado), outcome(swing.at_high, tornado)
    figure = swing.figure
    return TornadoRow(
        name=_name(figure),
        ends=f"{amount(figure)} {figure.unit}".strip(),
        low=bare_outcome(swing.at_low, tornado),
        high=bare_outcome(swing.at_high, tornado),
        varied=VARIED[swing.varied],
        x=x,
        width=width,
        open=never,
        spoken=f"{figure.name}: from {low} to {high}, {VARIED[swing.varied]}",
    )


def _name(figure: Figure) -> str:
    """The figure's name; of a line's only figure the line's."""
    return figure.name.removesuffix(": bill").removesuffix(": times")
