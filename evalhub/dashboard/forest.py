"""Forest plots: one small picture a row, every row of a table on one scale. Pure.

Positions are percentages of the picture's width, so that it is crisp at any size, prints and
needs neither script nor inline style.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import ceil, floor, isfinite, log10
from typing import Any

from evalhub.gate.wording import signed

_PADDING = 0.04
_WORDS = {"pass": "holds", "fail": "fails", "undecided": "undecided"}


@dataclass(frozen=True, slots=True)
class Scale:
    """Differences from `low` to `high`, laid out over the picture's width."""

    low: float
    high: float

    def at(self, value: float) -> str:
        """Where a difference stands, in per cent of the width."""
        share = (value - self.low) / (self.high - self.low)
        return f"{100 * min(max(share, 0.0), 1.0):.2f}%"

    def ticks(self) -> list["Tick"]:
        """Round numbers along the scale, at most ten, with 0 among them."""
        step = _round_step((self.high - self.low) / 9)
        first, last = ceil(self.low / step), floor(self.high / step)
        return [
            Tick(self.at(i * step), _tick_label(i * step, step)) for i in range(first, last + 1)
        ]


@dataclass(frozen=True, slots=True)
class Tick:
    x: str
    label: str


@dataclass(frozen=True, slots=True)
class Plot:
    """One row's picture: a dot at the difference, its interval, zero, and the bound to pass."""

    zero: str
    dot: str
    lower: str
    upper: str
    bound: str | None
    status: str
    spoken: str
    own_scale: str = ""


def bound_of(row: Mapping[str, Any]) -> float | None:
    """The difference that the interval's lower end must pass; None where nothing is asked."""
    if row.get("margin") is not None:
        return -float(row["margin"])
    if row.get("min_gain"):
        return float(row["min_gain"])
    return None


def common_scale(rows: Iterable[Mapping[str, Any]]) -> Scale:
    """The scale of all rows of a table whose differences are shares, from −1 to 1.

    A row in other units (milliseconds, tokens, BLEU) would squeeze the rest to a line, so it
    has no say here, and `plot` gives it a scale of its own; unless all rows are such rows.
    """
    extents = [extent for row in rows if (extent := _extent(row))]
    shares = [extent for extent in extents if _is_share(extent)]
    return _around(value for extent in shares or extents for value in extent)


def plot(row: Mapping[str, Any], scale: Scale, *, label: str) -> Plot | None:
    """The picture of one row on `scale`; None where there is no interval to draw.

    Args:
        row: a criterion or a row of the breakdown: difference, lower, upper, and perhaps
            margin, min_gain and status.
        label: what the row is about, for reading aloud.
    """
    extent = _extent(row)
    if not extent:
        return None
    fits = scale.low <= min(extent) and max(extent) <= scale.high
    own = scale if fits else _around(extent)
    bound = bound_of(row)
    return Plot(
        zero=own.at(0),
        dot=own.at(row["difference"]),
        lower=own.at(row["lower"]),
        upper=own.at(row["upper"]),
        bound=None if bound is None else own.at(bound),
        status=row.get("status", ""),
        spoken=_spoken(row, label),
        own_scale="" if fits else f"own scale, {signed(own.low)} to {signed(own.high)}",
    )


def _spoken(row: Mapping[str, Any], label: str) -> str:
    level = f"{100 * row['level']:g}% " if row.get("level") else ""
    text = (
        f"{label}: difference {signed(row['difference'])}, {level}interval "
        f"{signed(row['lower'])} to {signed(row['upper'])}"
    )
    bound = bound_of(row)
    if bound is not None:
        text += f", must stay above {signed(bound)}"
    return f"{text}: {_WORDS[row['status']]}" if row.get("status") else text


def _extent(row: Mapping[str, Any]) -> list[float]:
    measured = [row.get("difference"), row.get("lower"), row.get("upper")]
    values = [float(value) for value in measured if value is not None and isfinite(value)]
    if len(values) < len(measured):
        return []
    bound = bound_of(row)
    return values if bound is None else [*values, bound]


def _is_share(extent: list[float]) -> bool:
    return all(abs(value) <= 1 for value in extent)


def _around(values: Iterable[float]) -> Scale:
    known = [0.0, *values]
    low, high = min(known), max(known)
    if low == high:
        low, high = -0.1, 0.1
    padding = _PADDING * (high - low)
    return Scale(low - padding, high + padding)


def _round_step(rough: float) -> float:
    """The smallest of 1, 2, 5 times a power of ten that is not below `rough`."""
    power = 10.0 ** floor(log10(rough))
    return next(times * power for times in (1, 2, 5, 10) if times * power >= rough * (1 - 1e-9))


def _tick_label(value: float, step: float) -> str:
    digits = max(0, -floor(log10(step)))
    text = f"{value:+,.{digits}f}" if value else "0"
    return text.replace("-", "−")
