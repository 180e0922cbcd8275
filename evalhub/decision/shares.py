"""The interval of a ratio by test inversion: all ratios that the test doesn't reject. Pure."""

from collections.abc import Callable

import numpy as np

# Ends of a ratio's interval are found to a few thousandths of it.
_PRECISION = 1e-3
_STEPS = 20


def ratio_limits(
    above: Callable[[float], float],
    below: Callable[[float], float],
    *,
    share: float,
    factor: float,
) -> tuple[float, float | None]:
    """Ends of the interval: the ratios that the test doesn't reject.

    The search starts from the factor that is asked, so that the interval lies on the same side of
    it as the test there does. The upper end is None where it isn't found below a thousandfold.

    Args:
        above, below: more than 0 where the candidate's share is shown to be above, or below, a
            ratio.
        share: candidate/baseline as measured.
        factor: the ratio that is asked.
    """
    lower = 0.0
    if share > factor and above(factor) > 0:
        lower = max(_end(share, factor, above), float(np.nextafter(factor, np.inf)))
    elif above(0.0) > 0:
        lower = _end(min(share, factor), 0.0, above)
    if share < factor and below(factor) > 0:
        return lower, min(_end(share, factor, below), float(np.nextafter(factor, 0.0)))
    inside = outside = max(share, factor)
    while below(outside) <= 0:
        if outside > 1000 * max(share, factor):
            return lower, None
        inside, outside = outside, 2 * outside
    return lower, _end(inside, outside, below)


def _end(inside: float, outside: float, excess: Callable[[float], float]) -> float:
    """The end of the interval between `inside`, which isn't rejected, and `outside`, which is.

    Regula falsi with the Illinois rule, and bisection where nothing slopes; what is returned is
    ruled out, so that the interval is a little wide and never narrow.
    """
    at_inside, at_outside = excess(inside), excess(outside)
    for _ in range(_STEPS):
        if abs(outside - inside) <= _PRECISION * max(inside, outside):
            break
        slope = at_outside - at_inside
        share = at_outside / slope if at_inside < 0 else 0.5
        middle = outside - min(max(share, 0.01), 0.99) * (outside - inside)
        value = excess(middle)
        if value > 0:
            outside, at_outside, at_inside = middle, value, at_inside / 2
        else:
            inside, at_inside, at_outside = middle, value, at_outside / 2
    return outside
