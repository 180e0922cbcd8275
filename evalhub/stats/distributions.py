"""Distribution and quantile functions, typed; scipy.special is loaded at the first call.

Loading scipy.special takes longer than loading numpy, and most commands never need it.
"""

import math
from functools import cache, lru_cache
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evalhub.stats.levels import EVEN


@cache
def _special() -> Any:
    return import_module("scipy.special")


def normal_cdf(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2))


def log_normal_cdf(x: float) -> float:
    """ln Φ(x), exact far below 0 too, where Φ is 0 as a double."""
    return float(_special().log_ndtr(x))


@lru_cache(4096)
def normal_quantile(p: float) -> float:
    return float(_special().ndtri(p))


def t_cdf(x: float, df: float) -> float:
    """Student's t; `df` may be infinite (the normal distribution) and need not be whole."""
    return normal_cdf(x) if math.isinf(df) else float(_special().stdtr(df, x))


@lru_cache(4096)
def t_quantile(p: float, df: float) -> float:
    return normal_quantile(p) if math.isinf(df) else float(_special().stdtrit(df, p))


def normal_cdfs(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(_special().ndtr(x))


def t_quantiles(p: float, df: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(_special().stdtrit(df, p))


def t_cdfs(x: NDArray[np.float64], df: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """Elementwise: Student's t."""
    return np.asarray(_special().stdtr(df, x))


def chi_square_quantiles(p: NDArray[np.float64], df: float) -> NDArray[np.float64]:
    return 2 * np.asarray(_special().gammaincinv(df / 2, p))


def chi_square_upper_quantile(p: float, df: float) -> float:
    return float(_special().chdtri(df, p))


def f_tail(x: float, df: float, other_df: float) -> float:
    """P(F > x)."""
    return float(_special().fdtrc(df, other_df, x))


def f_upper_quantile(p: float, df: float, other_df: float) -> float:
    return float(_special().fdtri(df, other_df, 1 - p))


def chi_square_noncentrality(x: float, df: float, p: float) -> float:
    """With which a noncentral χ² is at most `x` with probability `p`; 0 where that is too much."""
    if _special().chdtr(df, x) <= p:
        return 0.0
    return float(_special().chndtrinc(x, df, p))


def noncentral_t_cdf(x: float, df: float, shift: float) -> float:
    """P((Z + shift)/√(χ²/df) ≤ x): Student's t around `shift`; `df` may be infinite.

    Where scipy has no number, which is far from 0, Z is left out beside the shift.
    """
    if math.isinf(df):
        return normal_cdf(x - shift)
    probability = float(_special().nctdtr(df, shift, x))
    if math.isnan(probability):
        return float(_special().chdtrc(df, df * (shift / x) ** 2)) if x > 0 else 0.0
    return probability


def binomial_cdf(k: float, n: float, p: float = EVEN) -> float:
    """P(X <= k); between whole numbers it rises smoothly."""
    if k < 0:
        return 0.0
    return 1.0 if k >= n else float(_special().betainc(n - k, k + 1, 1 - p))


def binomial_pmf(k: int, n: int, p: float = EVEN) -> float:
    log_choose = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    return math.exp(log_choose + k * math.log(p) + (n - k) * math.log1p(-p))


def beta_quantile(p: float, a: float, b: float) -> float:
    return float(_special().betaincinv(a, b, p))


def beta_cdf(
    x: NDArray[np.float64], a: NDArray[np.intp], b: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Elementwise; the chance of a or more of a + b − 1 where each has the chance x."""
    return np.asarray(_special().betainc(a, b, x))


def log_choose(n: int | NDArray[np.intp], k: NDArray[np.intp]) -> NDArray[np.float64]:
    """Elementwise: the logarithm of "n choose k"."""
    gammaln = _special().gammaln
    return np.asarray(gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1))


def log_gammas(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(_special().gammaln(x))
