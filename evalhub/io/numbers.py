"""Numbers as files and options hold them, and how large or small one may be."""

import math
import re

_COMMA = re.compile(r"[+-]?[\d.]*,\d+")
_DATE = re.compile(r"\d{1,4}[./-](\d{1,2}|[A-Za-z]{3})([./-]\d{1,4})?|[A-Za-z]{3}[./-]\d{1,4}")
_PERCENT = re.compile(r"[+-]?\d+([.,]\d+)?\s*%")

LARGEST, SMALLEST = 1e15, 1e-30
"""Beyond them squares and sums leave all precision: no score, cost or margin is there."""


def finite_number(value: object) -> float:
    """A number that can be computed with; also true (1), false (0), and all of it as a CSV's text.

    Raises:
        ValueError: what was expected in its place.
    """
    if isinstance(value, str) and value.strip().lower() in ("true", "false"):
        value = value.strip().lower() == "true"
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        number = math.nan
    except OverflowError:  # a whole number of more than 308 digits
        number = math.inf
    if math.isnan(number):
        raise ValueError(f"a finite number was expected, not {quote(value)}{_habit(value)}")
    if abs(number) > LARGEST:
        raise ValueError(f"a number beyond {LARGEST:g} in size can't be used: {quote(value)}")
    if 0 < abs(number) < SMALLEST:
        raise ValueError(f"a number so near to 0 can't be used: {quote(value)}; write 0")
    return number


def _habit(value: object) -> str:
    """Advice on a number in a spreadsheet's format; "" for anything else."""
    text = value.strip() if isinstance(value, str) else ""
    if _COMMA.fullmatch(text):
        return ": write the decimals with a point, as in 1.5 (a spreadsheet's language decides it)"
    if _DATE.fullmatch(text):
        return (
            ": that is a date, which a spreadsheet makes of numbers such as 1.2; format the "
            "column as a number or text, and export it again"
        )
    if _PERCENT.fullmatch(text):
        return ": write a share, as in 0.85 for 85%"
    return ""


def quote(value: object) -> str:
    """A value for a sentence, cut where it is long."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
