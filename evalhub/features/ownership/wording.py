"""A cost sheet in words, the same in the terminal and on its page. Pure."""

from collections.abc import Iterable, Iterator

from evalhub.decision.ownership.sheet import months_in_words
from evalhub.decision.wording import round_money
from evalhub.declare.cost_sheet import UPFRONT, CostLine, CostSheet, Ends, Figure, Tornado

UNKNOWN = "unknown"
ORIGINS = {
    "measured": "measured",
    "table": "from the table",
    "said": "stated",
    "assumed": "assumed",
}


def amount(ends: Ends | None) -> str:
    """An amount with its range: "128 to 256"; "unknown", which is never 0."""
    if ends is None:
        return UNKNOWN
    return round_money(ends)


def origins(figures: Iterable[Figure]) -> str:
    """Where an amount comes from, in a word or two: "said and measured"."""
    return " and ".join(dict.fromkeys(ORIGINS[each.origin] for each in figures))


def factor(figure: Figure) -> str:
    """A figure with its unit and its source."""
    unit = f" {figure.unit}" if figure.unit else ""
    return f"{amount(figure)}{unit} ({ORIGINS[figure.origin]}: {figure.source})"


def line_source(line: CostLine) -> str:
    """How a line's amount is calculated; for an unknown one, what would make it known."""
    if line.missing:
        return line.missing
    parts = [factor(each) for each in line.figures]
    if line.repeats:
        parts.append("training, data and evaluation (assumed: each costs as much again)")
    share = " / 12" if line.part == "retraining" else ""
    return " × ".join(parts) + share


def totals(sheet: CostSheet) -> Iterator[tuple[str, str]]:
    """The totals, each with its name."""
    unknown = [each.name for each in sheet.lines if each.missing and each.part in UPFRONT]
    without = f", without {', '.join(unknown)}" if unknown and sheet.upfront else ""
    yield "Paid once", f"{amount(sheet.upfront)}{without}"
    yield f"{sheet.baseline} a month", amount(sheet.present)
    yield f"{sheet.candidate} a month in all", amount(sheet.monthly)
    yield "Saved a month", amount(sheet.net_monthly)
    if sheet.net_per_request is not None:
        yield "Saved a request", amount(sheet.net_per_request)


def tornado_rows(tornado: Tornado) -> list[list[str]]:
    """For each figure: the outcome at both ends, and how far the figure was varied."""
    return [
        [
            swing.figure.name,
            outcome(swing.at_low, tornado),
            outcome(swing.at_high, tornado),
            VARIED[swing.varied],
        ]
        for swing in tornado.swings
    ]


VARIED = {
    "range": "over its range",
    "interval": "over its 95% interval",
    "tenth": "10% either way",
}


def outcome(value: float | None, tornado: Tornado) -> str:
    """Months until break-even, or money a month, with its unit."""
    figure = bare_outcome(value, tornado)
    if tornado.of == "net":
        return f"{figure} a month"
    return figure if value is None else f"{figure} months"


def bare_outcome(value: float | None, tornado: Tornado) -> str:
    """The same without its unit, which the table's title has."""
    if tornado.of == "net":
        return amount(Ends(low=value or 0.0, value=value or 0.0, high=value or 0.0))
    return "never" if value is None else months_in_words(value)
