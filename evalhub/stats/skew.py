"""Student's t with the sample's skewness taken in, and the skewness that it can't rule out.

A mean whose sample leans to one side errs on that side more than t says, the more the smaller the
level: rare heavy losses make a lower end too high. Hall (1992, JRSS B 54:221) turns the studentised
mean T into x = T + gT²/3 + g/6 + g²T³/27, which is nearer to t, g being the mean's own skewness.
A sample shows too little of it, so an end is drawn with half as much again, and some standard
errors of it more, against itself; and no end is nearer to the mean than t's. How many, and that
clusters take half of t's degrees of freedom, was chosen by simulation
(docs/explanation/decisions/).
"""

import math
from dataclasses import dataclass
from functools import lru_cache

from evalhub.stats.clusters import ClusteredMean
from evalhub.stats.distributions import t_cdf, t_quantile
from evalhub.stats.levels import ALPHA

_UNSEEN = 1.5
# Standard errors of the skewness that are added, and the share of t's degrees of freedom, of items
# that stand alone and of clusters: their effects lean more, and there are fewer of them.
_ITEMS = (0.5, 1.0)
_CLUSTERS = (1.0, 0.5)
_STRAIGHT = 1e-9


@dataclass(frozen=True, slots=True)
class SkewedMean:
    """A mean with the skewness of its own distribution, and that skewness's standard error."""

    mean: float
    se: float
    df: float
    skew: float
    doubt: float
    clustered: bool

    @property
    def corrected_df(self) -> float:
        return self.df * (_CLUSTERS if self.clustered else _ITEMS)[1]

    def lower(self, alpha: float) -> float:
        return self.mean - self._errors(-1, alpha) * self.se

    def upper(self, alpha: float) -> float:
        return self.mean + self._errors(1, alpha) * self.se

    def p_below(self, bound: float) -> float:
        """p-value against a mean of at least `bound`: at most alpha just when upper() is below."""
        return self._p(1, bound)

    def p_above(self, bound: float) -> float:
        return self._p(-1, bound)

    def _against(self, side: int) -> float:
        """The skewness that the end on that side reckons with; positive draws it outwards."""
        skew = side * self.skew
        added = (_CLUSTERS if self.clustered else _ITEMS)[0] * self.doubt
        return max(skew, _UNSEEN * skew) + added

    def _errors(self, side: int, alpha: float) -> float:
        """How many standard errors that end lies off the mean."""
        t = t_quantile(1 - alpha, self.corrected_df)
        g = self._against(side)
        if abs(g) > _STRAIGHT:
            t = 3 * (1 - math.cbrt(1 - g * (t + g / 6))) / g
        return max(t, t_quantile(1 - alpha, self.df))

    def _p(self, side: int, bound: float) -> float:
        gap = side * (self.mean - bound)
        if self.se <= 0:
            return float(gap >= 0)
        t, g = gap / self.se, self._against(side)
        turned = t + g * t * t / 3 + g / 6 + g * g * t**3 / 27
        return max(t_cdf(t, self.df), t_cdf(turned, self.corrected_df))


@dataclass(frozen=True, slots=True)
class Unevenness:
    """How clusters' sizes differ: `evenness` is the share of them that as many degrees of freedom
    need were they equal, `doubt` the error of their mean's skewness against theirs."""

    evenness: float = 1.0
    doubt: float = 1.0


EVEN_SIZES = Unevenness()


def unevenness(mean: ClusteredMean) -> Unevenness:
    """Of the clusters of a mean, by its degrees of freedom and its skewness's error."""
    evenness = min(max((mean.df + 1) / mean.clusters, 1 / mean.clusters), 1.0)
    return Unevenness(evenness, max(mean.skew_doubt * mean.clusters / math.sqrt(6), 1.0))


def skewed_mean(mean: ClusteredMean, *, clustered: bool) -> SkewedMean:
    return SkewedMean(mean.mean, mean.se, mean.df, mean.skew, mean.skew_doubt, clustered)


@lru_cache(4096)
def errors_to_end(
    units: float,
    alpha: float = ALPHA,
    *,
    skew: float = 0.0,
    clustered: bool = False,
    sizes: Unevenness = EVEN_SIZES,
) -> float:
    """How many standard errors from the mean an end lies, of so many items or clusters: what a plan
    reckons with. `skew` is theirs, above 0 where they lean to that end's side; `sizes` how their
    sizes differ."""
    doubt = sizes.doubt * math.sqrt(6) / units
    of_mean = skew / math.sqrt(units)
    df = max(sizes.evenness * units - 1.0, 1.0)
    return SkewedMean(0.0, 1.0, df, of_mean, doubt, clustered).upper(alpha)
