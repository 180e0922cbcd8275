"""Root finding, as SciPy has it: importing SciPy takes longer than most commands."""

import sys
from collections.abc import Callable

_DOUBLE = sys.float_info.epsilon


def crossing(
    function: Callable[[float], float], low: float, high: float, *, within: float = 1e-15
) -> float:
    """Where a continuous function, of one sign at `low` and of the other at `high`, crosses zero.

    Chandrupatla's method (1997, Advances in Engineering Software 28:145): inverse quadratic
    interpolation where three points allow it, else bisection; a dozen calls where bisection takes
    fifty. `within` is how far off the result may be, beside rounding. A zero at an end is that end.
    """
    newest, other, old = high, low, high
    at_newest, at_other = function(high), function(low)
    at_old = at_newest
    if at_other == 0:
        return other
    step = 0.5
    while at_newest != 0:
        point = newest + step * (other - newest)
        value = function(point)
        if (value < 0) == (at_newest < 0):
            old, at_old = newest, at_newest
        else:
            old, at_old = other, at_other
            other, at_other = newest, at_newest
        newest, at_newest = point, value
        best = newest if abs(at_newest) < abs(at_other) else other
        least = (2 * _DOUBLE * abs(best) + within) / abs(other - newest)
        if least > 0.5:
            return best
        step = min(max(_step(newest, other, old, at_newest, at_other, at_old), least), 1 - least)
    return newest


def _step(a: float, b: float, c: float, at_a: float, at_b: float, at_c: float) -> float:
    """How far to go from a to b: to where the parabola through the three points, as x of its
    values, has its zero, if it rises or falls all along; else half of the way."""
    along, up = (a - b) / (c - b), (at_a - at_b) / (at_c - at_b)
    if not (up**2 < along and (1 - up) ** 2 < 1 - along):
        return 0.5
    first = at_a / (at_b - at_a) * at_c / (at_b - at_c)
    return first + (c - a) / (b - a) * at_a / (at_c - at_a) * at_b / (at_c - at_b)
