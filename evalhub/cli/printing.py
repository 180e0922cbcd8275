"""What the terminal shows: the verdict, its reasons, every criterion."""

import json
import sys
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

STYLES = {
    "ship": "bold green",
    "hold": "bold red",
    "need-more-data": "bold yellow",
    "invalid": "bold magenta",
}
WORDS = {
    "ship": "Ship",
    "hold": "Hold",
    "need-more-data": "Need more data",
    "invalid": "Invalid evidence",
}
MARKS = {"pass": ("✓", "green"), "fail": ("✗", "red"), "undecided": ("?", "yellow")}


def print_json(document: Any) -> None:
    """One JSON document on standard output, and nothing else there."""
    json.dump(document, sys.stdout, ensure_ascii=False, indent=2, allow_nan=False)
    sys.stdout.write("\n")


def print_record(record: dict[str, Any], console: Console | None = None) -> None:
    """A decision record for people: verdict, criteria, what else was seen."""
    console = console or Console()
    verdict = record["verdict"]
    console.print()
    console.print(Text(WORDS[verdict], STYLES[verdict]), Text(record["headline"]))
    for reason in record["reasons"]:
        console.print(Text(f"  {reason}"))
    if record["criteria"]:
        console.print(_criteria(record, narrow=console.width < 110))
    for each in record["alternatives"]:
        console.print(Text(each["sentence"], "dim"))


def _criteria(record: dict[str, Any], *, narrow: bool) -> Table:
    level = 100 * record["criteria"][0]["level"]
    table = Table(box=None, padding=(0, 1), header_style="dim", pad_edge=False)
    table.add_column("")
    table.add_column("criterion", min_width=16, overflow="fold")
    table.add_column("requires", no_wrap=True)
    for name in ("base", "candidate", "difference", f"{level:g}% interval"):
        table.add_column(name, justify="right", no_wrap=True)
    for name in () if narrow else ("p", "won/lost/tied", "n"):
        table.add_column(name, justify="right", no_wrap=True)
    for each in record["criteria"]:
        mark, style = MARKS[each["status"]]
        more = [
            f"{each['p_value']:.2g}",
            f"{each['wins']}/{each['losses']}/{each['ties']}",
            f"{each['n']:,}",
        ]
        table.add_row(
            Text(mark, style),
            Text(each["name"] if narrow else f"{each['name']} · {each['metric']}"),
            Text(requires(each)),
            _number(each["baseline"]),
            _number(each["candidate"]),
            _signed(each["difference"]),
            f"{_signed(each['lower'])} to {_signed(each['upper'])}",
            *([] if narrow else more),
        )
    return table


def requires(criterion: dict[str, Any]) -> str:
    """What a criterion asks, in a few words."""
    if criterion["role"] == "guard":
        return f"lose < {criterion['margin']:g}"
    return f"gain > {criterion['min_gain']:g}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3f}"


def _signed(value: float) -> str:
    text = f"{value:+,.0f}" if abs(value) >= 100 else f"{value:+.3f}"
    return text.replace("-", "−")
