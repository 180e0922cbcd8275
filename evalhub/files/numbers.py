"""Numbers as files and options hold them, and how large or small one may be."""

import math

LARGEST, SMALLEST = 1e15, 1e-30
"""Beyond them squares and sums leave all precision: no score, cost or margin is there."""


def finite_number(value: object) -> float:
    """A number that can be computed with; also true (1), false (0), and text, as a CSV has it.

    Raises:
        ValueError: what was expected in its place.
    """
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        number = math.nan
    except OverflowError:  # a whole number of more than 308 digits
        number = math.inf
    if math.isnan(number):
        raise ValueError(f"a finite number was expected, not {shown(value)}")
    if abs(number) > LARGEST:
        raise ValueError(f"a number beyond {LARGEST:g} in size can't be used: {shown(value)}")
    if 0 < abs(number) < SMALLEST:
        raise ValueError(f"a number so near to 0 can't be used: {shown(value)}; write 0")
    return number


def shown(value: object) -> str:
    """A value for a sentence, cut where it is long."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
