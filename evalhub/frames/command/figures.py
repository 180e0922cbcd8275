"""Numbers for the terminal: tables, and what is printed for missing values."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text


def figures(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """A table whose first column is text and whose others are numbers."""
    table = Table(box=None, padding=(0, 1), header_style="dim", pad_edge=False)
    for index, name in enumerate(columns):
        table.add_column(name, justify="right" if index else "left", no_wrap=index > 0)
    for row in rows:
        table.add_row(*map(Text, row))
    return table


def count_text(count: int, noun: str) -> str:
    """ "1 item", "1,000 items"."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def number(value: float | None) -> str:
    """Three decimals, or two significant digits below a thousandth; – for a missing value. A half
    is rounded the same on every machine."""
    from evalhub.decision.wording import significant

    if value is None:
        return "–"
    rounded = round(value, 9) + 0.0  # −0.0 is 0
    text = significant(rounded, 2) if 0 < abs(rounded) < 0.001 else f"{rounded:.3f}"
    return text.replace("-", "−")


def interval(lower: float | None, upper: float | None) -> str:
    """ "a to b"; – without an interval."""
    return "–" if lower is None or upper is None else f"{number(lower)} to {number(upper)}"
