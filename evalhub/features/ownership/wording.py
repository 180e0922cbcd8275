"""A cost sheet in words, the same in the terminal and on its page. Pure."""

from collections.abc import Iterator

from evalhub.decision.wording import money, money_span
from evalhub.declare.cost_sheet import UPFRONT, CostLine, CostSheet, Ends, Figure, Tornado

UNKNOWN = "unknown"
ORIGINS = {
    "measured": "measured",
    "table": "from the table",
    "said": "said",
    "assumed": "assumed",
}


def amount(ends: Ends | None) -> str:
    """An amount with its range: "128 to 256"; "unknown", which is never 0."""
    if ends is None:
        return UNKNOWN
    return money_span(ends)


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
        parts.append("all that was paid once (assumed: each costs as much again)")
    share = " / 12" if line.part == "retraining" else ""
    return " × ".join(parts) + share


def totals(sheet: CostSheet) -> Iterator[tuple[str, str]]:
    """The totals, each with its name."""
    unknown = [each.name for each in sheet.lines if each.missing and each.part in UPFRONT]
    without = f", without {', '.join(unknown)}" if unknown and sheet.upfront else ""
    yield "Paid once", f"{amount(sheet.upfront)}{without}"
    yield "Present bill a month", amount(sheet.present)
    yield "Candidate's bill a month", amount(sheet.monthly)
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
    "tenth": "10% either way: it has no range",
}


def outcome(value: float | None, tornado: Tornado) -> str:
    """Months until break-even, or money a month."""
    if tornado.of == "net":
        return f"{money(value or 0.0)} a month"
    if value is None:
        return "never"
    return f"{value:,.0f} months" if value >= 100 else f"{value:.3g} months"
