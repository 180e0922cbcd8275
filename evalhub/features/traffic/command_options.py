"""Which requests a command is about: the texts of its options as a time and as filters."""

import datetime
import re
from typing import Any

import typer

AGO = re.compile(r"(\d{1,4})([dh])")
UNITS = {"d": "days", "h": "hours"}
USUAL_SINCE = "7d"


def time_text(text: str, option: str) -> str:
    """The time as JSON has it. Raises typer.BadParameter."""
    now = datetime.datetime.now(datetime.UTC)
    if ago := AGO.fullmatch(text):
        amount, unit = ago.groups()
        return (now - datetime.timedelta(**{UNITS[unit]: int(amount)})).isoformat()
    try:
        time = datetime.datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(
            f"{text!r} is no time: say 7d, 12h, or 2026-11-30", param_hint=option
        ) from error
    return (time if time.tzinfo else time.replace(tzinfo=datetime.UTC)).isoformat()


def filter_pair(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise typer.BadParameter(
            f"{text!r} is no filter: say NAME=VALUE, as route=billing", param_hint="--where"
        )
    return name.strip(), value.strip()
