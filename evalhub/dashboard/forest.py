"""Forest plots: one small picture a row, every row of a table on one scale. Pure.

Positions are percentages of the picture's width, so that it is crisp at any size, prints and
needs neither script nor inline style.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import ceil, floor, isfinite, log10
from typing import Any

from evalhub.verdict.wording import percent, signed

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

    def band(self, low: float, high: float) -> tuple[str, str]:
        """Where the stretch between two differences begins, and its width."""
        start, end = (float(self.at(value).removesuffix("%")) for value in (low, high))
        return f"{start:.2f}%", f"{end - start:.2f}%"

    def ticks(self, most: int = 10) -> list["Tick"]:
        """Round numbers along the scale, at most so many, with 0 among them."""
        step = _round_step((self.high - self.low) / (most - 1))
        first, last = ceil(self.low / step), floor(self.high / step)
        return [
            Tick(self.at(i * step), _tick_label(i * step, step), i * step)
            for i in range(first, last + 1)
        ]


@dataclass(frozen=True, slots=True)
class Tick:
    x: str
    label: str
    value: float


@dataclass(frozen=True, slots=True)
class Plot:
    """One row's picture: a dot at the difference, its interval, zero, and the bound to pass.

    `noise` is where the band of the noise floor begins and how wide it is, where there is one.
    """

    zero: str
    dot: str
    lower: str
    upper: str
    bound: str | None
    status: str
    spoken: str
    own_scale: str = ""
    noise: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Drawn:
    """What is drawn of a row: positive is better for the candidate; None is unbounded."""

    at: float
    lower: float | None
    upper: float | None
    bound: float | None

    @property
    def extent(self) -> list[float]:
        return [v for v in (self.at, self.lower, self.upper, self.bound) if v is not None]


def drawn(row: Mapping[str, Any]) -> Drawn | None:
    """A row's difference, interval and the bound to pass; None where there is none to draw.

    A row that asks for a ratio (a budget, a relative margin) is drawn as how much better the
    candidate is in shares of the baseline: a cost of 108% of it stands at −0.08.
    """
    factor = factor_of(row)
    if factor is not None:
        return _ratio(row, factor)
    measured = [row.get("difference"), row.get("lower"), row.get("upper")]
    at, lower, upper = (
        None if value is None or not isfinite(value) else float(value) for value in measured
    )
    if at is None or lower is None or upper is None:
        return None
    bound = None
    if row.get("margin") is not None:
        bound = -float(row["margin"])
    elif row.get("min_gain"):
        bound = float(row["min_gain"])
    return Drawn(at, lower, upper, bound)


def factor_of(row: Mapping[str, Any]) -> float | None:
    """The ratio to the baseline that a criterion asks for; None where it asks for none."""
    if row.get("max_ratio") is not None:
        return float(row["max_ratio"])
    if row.get("relative_margin") is None:
        return None
    share = float(row["relative_margin"])
    return 1 - share if row["higher_is_better"] else 1 + share


def _ratio(row: Mapping[str, Any], factor: float) -> Drawn | None:
    if row.get("ratio") is None:
        return None
    sign = 1.0 if row["higher_is_better"] else -1.0
    ends = [
        None if (end := row.get(name)) is None else sign * (end - 1)
        for name in ("ratio_lower", "ratio_upper")
    ]
    lower, upper = ends if sign > 0 else ends[::-1]
    return Drawn(sign * (row["ratio"] - 1), lower, upper, sign * (factor - 1))


def common_scale(rows: Iterable[Mapping[str, Any]]) -> Scale:
    """The scale of all rows of a table whose differences are shares, from −1 to 1.

    A row in other units (milliseconds, tokens, BLEU) would squeeze the rest to a line, so it
    has no say here, and `plot` gives it a scale of its own; unless all rows are such rows.
    """
    extents = [found.extent for row in rows if (found := drawn(row))]
    shares = [extent for extent in extents if _is_share(extent)]
    return around(value for extent in shares or extents for value in extent)


def plot(
    row: Mapping[str, Any],
    scale: Scale,
    *,
    label: str,
    noise: tuple[float, float] | None = None,
) -> Plot | None:
    """The picture of one row on `scale`; None where there is no interval to draw.

    Args:
        row: a criterion or a row of the breakdown: difference, lower, upper, and perhaps
            margin, min_gain and status.
        label: what the row is about, for reading aloud.
        noise: the interval that the baseline shows against itself.
    """
    found = drawn(row)
    if found is None:
        return None
    fits = scale.low <= min(found.extent) and max(found.extent) <= scale.high
    own = scale if fits else around(found.extent)
    return Plot(
        zero=own.at(0),
        dot=own.at(found.at),
        lower="0.00%" if found.lower is None else own.at(found.lower),
        upper="100.00%" if found.upper is None else own.at(found.upper),
        bound=None if found.bound is None else own.at(found.bound),
        status=row.get("status", ""),
        spoken=spoken(row, label),
        own_scale="" if fits else f"own scale, {signed(own.low)} to {signed(own.high)}",
        noise=None if noise is None else own.band(*noise),
    )


def spoken(row: Mapping[str, Any], label: str) -> str:
    """What the picture shows, for reading aloud."""
    found, level = drawn(row), f"{100 * row['level']:.4g}% " if row.get("level") else ""
    factor = factor_of(row)
    if factor is not None:
        text = (
            f"{label}: {percent(row['ratio'])} of the baseline, {level}interval "
            f"{percent(row['ratio_lower'] or 0.0)} to {percent(row['ratio_upper'])}, must stay "
            f"{'above' if row['higher_is_better'] else 'below'} {percent(factor)}"
        )
    else:
        text = (
            f"{label}: difference {signed(row['difference'])}, {level}interval "
            f"{signed(row['lower'])} to {signed(row['upper'])}"
        )
        if found is not None and found.bound is not None:
            text += f", must stay above {signed(found.bound)}"
    return f"{text}: {_WORDS[row['status']]}" if row.get("status") else text


def _is_share(extent: list[float]) -> bool:
    return all(abs(value) <= 1 for value in extent)


def around(values: Iterable[float]) -> Scale:
    """A scale that holds 0 and all of `values`, with some room."""
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
