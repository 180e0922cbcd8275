"""Position of a value in a chart, and the round numbers along its axis. Pure.

Positions are percentages of the picture's width or height, so that it is crisp at any size, prints
and needs neither script nor inline style.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import ceil, floor, log10

PADDING = 0.04


@dataclass(frozen=True, slots=True)
class Tick:
    """A round number: `at` is where it stands, in per cent."""

    at: str
    label: str
    value: float


@dataclass(frozen=True, slots=True)
class Scale:
    """Values from `low` to `high`, laid out over a picture's width, or over its height."""

    low: float
    high: float

    def share(self, value: float) -> float:
        """Position of a value from 0 to 1; values beyond an end are at that end."""
        return min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)

    def at(self, value: float) -> str:
        """Position of a value from the left, in per cent of the width."""
        return f"{100 * self.share(value):.2f}%"

    def up(self, value: float) -> str:
        """Position of a value from the top, in per cent of the height."""
        return f"{100 * (1 - self.share(value)):.2f}%"

    def band(self, low: float, high: float) -> tuple[str, str]:
        """Start and width of the stretch between two values."""
        start, end = 100 * self.share(low), 100 * self.share(high)
        return f"{start:.2f}%", f"{end - start:.2f}%"

    def ticks(self, most: int = 10, label: Callable[[float], str] | None = None) -> list[Tick]:
        """At most `most` round numbers along the width, 0 among them if it is on the scale.

        Args:
            label: how a number is written; with its sign, where nobody says.
        """
        return self._ticks(most, label, self.at)

    def ticks_up(self, most: int = 6, label: Callable[[float], str] | None = None) -> list[Tick]:
        """The same along the height."""
        return self._ticks(most, label, self.up)

    def _ticks(
        self, most: int, label: Callable[[float], str] | None, position: Callable[[float], str]
    ) -> list[Tick]:
        step = round_step((self.high - self.low) / (most - 1))
        first, last = ceil(self.low / step), floor(self.high / step)
        values = [i * step for i in range(first, last + 1)]
        return [
            Tick(position(value), label(value) if label else _with_sign(value, step), value)
            for value in values
        ]


def around(values: Iterable[float], *, zero: bool = True) -> Scale:
    """A scale that holds all `values` with some room, and also 0 if `zero`."""
    numbers = [*([0.0] if zero else []), *values]
    low, high = min(numbers, default=0.0), max(numbers, default=0.0)
    if low == high:
        low, high = low - 0.1, high + 0.1
    padding = PADDING * (high - low)
    return Scale(low - padding, high + padding)


def round_step(rough: float) -> float:
    """The smallest of 1, 2, 5 times a power of ten that is not below `rough`."""
    power = 10.0 ** floor(log10(rough))
    return next(times * power for times in (1, 2, 5, 10) if times * power >= rough * (1 - 1e-9))


def _with_sign(value: float, step: float) -> str:
    digits = max(0, -floor(log10(step)))
    text = f"{value:+,.{digits}f}" if value else "0"
    return text.replace("-", "−")
