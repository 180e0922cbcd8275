"""Parts of every chart, and the frame that positions values in it. Pure.

A part's `kind` is a class of charts.css that gives its colour; since colour never speaks alone, a
dot has a shape or a mark of its own and a bar is filled or hollow. `tooltip` is what a part says of
itself, on hover, by the arrow keys and without a script.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from evalhub.report.charts.scale import Scale, Tick

type Shape = Literal["circle", "ring", "square", "diamond"]
type Side = Literal["start", "end"]


@dataclass(frozen=True, slots=True)
class Block:
    """A rectangle: a column, a part of a stacked bar, a band."""

    x: str
    y: str
    width: str
    height: str
    kind: str
    tooltip: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    """A value, with its interval across (`left` to `right`), upright (`low` to `high`), or both.

    `mark` is a sign that is written in it; `label` words beside it, on its `anchor` side.
    """

    x: str
    y: str
    kind: str
    tooltip: str
    shape: Shape
    mark: str = ""
    label: str = ""
    anchor: Side
    left: str | None = None
    right: str | None = None
    low: str | None = None
    high: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """Points in a box of 100 by 100 that is stretched to the picture; `filled`: an area."""

    points: str
    kind: str
    filled: bool = False


@dataclass(frozen=True, slots=True)
class Guide:
    """A line across the whole picture, at `x` or at `y`, with its label at the top, or with `low`
    at the foot."""

    kind: str
    anchor: Side
    x: str | None = None
    y: str | None = None
    label: str = ""
    low: bool = False


@dataclass(frozen=True, slots=True)
class Axis:
    ticks: Sequence[Tick]
    label: str = ""


@dataclass(frozen=True, slots=True)
class Key:
    """A key of the legend; `sign` is drawn before it: a shape, "bar" or "line"."""

    sign: str
    kind: str
    label: str


@dataclass(frozen=True, slots=True)
class Table:
    """The numbers behind a chart, as a table."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A chart: `title` says what it is of, `desc` what it shows, in one sentence each.

    `size` is "", or some of "low", "small", "wide" and "named".
    """

    title: str
    desc: str
    x: Axis | None = None
    y: Axis | None = None
    lines: Sequence[Line] = ()
    bars: Sequence[Block] = ()
    rules: Sequence[Guide] = ()
    dots: Sequence[Dot] = ()
    keys: Sequence[Key] = ()
    table: Table | None = None
    size: str = ""


@dataclass(frozen=True, slots=True)
class Frame:
    """The two scales of a chart: it positions values on them."""

    x: Scale
    y: Scale = field(default=Scale(0, 1))

    def bar(self, left: float, right: float, top: float, *, kind: str, tooltip: str) -> Block:
        """A bar from 0 up or down."""
        x, width = self.x.band(left, right)
        low, high = sorted((self.y.share(0.0), self.y.share(top)))
        return Block(
            x, f"{100 * (1 - high):.2f}%", width, f"{100 * (high - low):.2f}%", kind, tooltip
        )

    def stretch(self, left: float, right: float, *, kind: str, tooltip: str) -> Block:
        """A bar of the full height: part of a stacked bar, or a band."""
        x, width = self.x.band(left, right)
        return Block(x, "0%", width, "100%", kind, tooltip)

    def dot(
        self,
        x: float,
        y: float,
        *,
        kind: str,
        tooltip: str,
        shape: Shape = "circle",
        mark: str = "",
        label: str = "",
        across: tuple[float | None, float | None] | None = None,
        upright: tuple[float | None, float | None] | None = None,
    ) -> Dot:
        """A dot with its intervals; an end of None is unbounded."""
        left, right = across or (None, None)
        low, high = upright or (None, None)
        return Dot(
            x=self.x.at(x),
            y=self.y.up(y),
            kind=kind,
            tooltip=tooltip,
            shape=shape,
            mark=mark,
            label=label,
            anchor="end" if self.x.share(x) > 0.6 else "start",
            left=self.x.at(self.x.low if left is None else left) if across else None,
            right=self.x.at(self.x.high if right is None else right) if across else None,
            low=self.y.up(self.y.low if low is None else low) if upright else None,
            high=self.y.up(self.y.high if high is None else high) if upright else None,
        )

    def line(self, points: Iterable[tuple[float, float]], *, kind: str) -> Line:
        return Line(self._coordinates(points), kind)

    def area(
        self,
        upper: Sequence[tuple[float, float]],
        lower: Sequence[tuple[float, float]] | None = None,
        *,
        kind: str,
    ) -> Line:
        """The area between two lines of points, or between one and 0."""
        below = [(x, 0.0) for x, _ in upper] if lower is None else lower
        return Line(self._coordinates([*upper, *reversed(below)]), kind, filled=True)

    def upright(self, x: float, *, kind: str, label: str = "", low: bool = False) -> Guide:
        anchor: Side = "end" if self.x.share(x) > 0.6 else "start"
        return Guide(kind, anchor, x=self.x.at(x), label=label, low=low)

    def across(self, y: float, *, kind: str, label: str = "") -> Guide:
        return Guide(kind, "end", y=self.y.up(y), label=label)

    def _coordinates(self, points: Iterable[tuple[float, float]]) -> str:
        return " ".join(
            f"{100 * self.x.share(x):.2f},{100 * (1 - self.y.share(y)):.2f}" for x, y in points
        )
