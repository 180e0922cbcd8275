"""How far the next items will spread, judged by those seen, and how many of them are enough.

The deviation that was seen is itself uncertain: few differences, or few clusters, may show half of
it. A size planned with it as though it were the truth has less power than it promises, so the
uncertainty is planned for (Julious and Owen 2006, Pharmaceutical Statistics 5:29): the power is the
mean over what the deviation may be.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evalhub.stats.clusters import (
    ENOUGH_DIFFERENCES,
    ClusteredMean,
    assumed_design_effect,
    clustered_mean,
    dot,
    effective_count,
)
from evalhub.stats.distributions import (
    noncentral_t_cdf,
    normal_cdf,
    t_quantile,
)
from evalhub.stats.errors import StatisticsError
from evalhub.stats.levels import POWER
from evalhub.stats.pairs import Array, Labels, line_up
from evalhub.stats.skew import EVEN_SIZES, Unevenness, errors_to_end, unevenness
from evalhub.stats.tails import errors_to_bounded_end, largest_unit

_MOST = 10**9
# How much of the skewness seen is planned with: a sample that leans moves its mean along with its
# end. By simulation of rare heavy losses.
_SKEW = 0.6
# Of clusters whose sizes differ the skewness that a sample shows is itself uncertain, beyond that
# of equal ones: the mean over a normal distribution's three nodes.
_NODES = ((-math.sqrt(3), 1 / 6), (0.0, 2 / 3), (math.sqrt(3), 1 / 6))


@dataclass(frozen=True, slots=True)
class Spread:
    """What a number of items is planned with.

    Attributes:
        sd: of an item's difference, clusters and weights counted: √n times the standard error of
            their mean, with one more item that differs than was seen.
        at_bound: the same were the truth on the bound, where the test takes it so; None: the test
            is Student's t with the deviation seen.
        skew: skewness of the items (or clusters), above 0 where it draws the lower end outwards:
            rare heavy losses.
        people: of judgments, what reviewers add.
        df: how well it is known, in degrees of freedom: 2/df is its variance's relative variance.
        worst: what a unit that nobody saw may lose at the most, against one of mean size; None:
            the lower end doesn't pay for it (evalhub.stats.tails).
        sizes: of clusters, how they differ.
    """

    sd: float
    at_bound: float | None = None
    df: float = math.inf
    skew: float = 0.0
    people: "Leaning | None" = None
    worst: float | None = None
    sizes: Unevenness = EVEN_SIZES


@dataclass(frozen=True, slots=True)
class Leaning:
    """Reviewers' part in the spread of judgments, which more judgments don't take away.

    Attributes:
        count: how many there will be.
        lean: deviation of how far each leans to one arm.
        known: how well that is known, in degrees of freedom.
        sd: of a judgment by itself.
    """

    count: int
    lean: float
    known: float
    sd: float

    @property
    def error(self) -> float:
        """The standard error that their leaning leaves in the mean."""
        return self.lean / math.sqrt(self.count)

    def df(self, n: int, sd: float, of_items: float, of_raters: float) -> float:
        """Degrees of freedom of the error of `n` judgments, from those of its parts: items',
        sd²/n, and raters' (Satterthwaite, as win_score() has it)."""
        items, leaning = sd**2 / n, self.error**2
        raters = leaning + self.sd**2 / n
        noise = items**2 / of_items + raters**2 / of_raters
        return (items + leaning) ** 2 / noise if noise > 0 else math.inf


def spread_of(
    baseline: ArrayLike,
    candidate: ArrayLike,
    *,
    bound: float,
    clusters: Labels | None = None,
    weights: ArrayLike | None = None,
    bounds: tuple[float, float] | None = None,
    bounded_tails: bool = False,
) -> Spread:
    """The spread of the differences of two arms; shapes and errors as in compare().

    To yes/no scores one discordant pair is added: a hundred items without any are planned as
    though one differed. The variance of other scores, of which nobody knows how they are spread,
    is uncertain by 1/e − 1/n for n differences (or sums of clusters) of which e carry it,
    e = (Σr²)²/Σr⁴, as their kurtosis has it. Clusters that differ in size tell less than as many
    equal ones: by the degrees of freedom of their mean, as the verdict has them.
    """
    pairs = line_up(baseline, candidate, clusters, weights, bounds)
    d, n = pairs.differences, pairs.differences.size
    mean = clustered_mean(d, pairs.clusters, pairs.weights)
    differing = effective_count(d - mean.mean)
    effect = 1.0
    if not pairs.plain:
        # Where hardly anything differs, neither does what shows how far clusters agree.
        assumed = assumed_design_effect(n, pairs.clusters, pairs.weights)
        rare = differing < ENOUGH_DIFFERENCES or mean.df <= 0
        effect = max(1.0, mean.design_effect, assumed if rare else 1.0)
    variance = float(d.var()) * n / max(n - 1, 1)
    if not differing:
        variance = pairs.reach**2 / n
    elif pairs.binary:
        variance *= 1 + 1 / differing
    df, sizes = df_of(mean), EVEN_SIZES
    if not pairs.plain and pairs.clusters is not None and mean.df > 0:
        sizes = unevenness(mean)
        more, their_df = _with_a_larger(pairs.clusters, pairs.weights, effect)
        effect, df = effect * more, min(df, their_df)
    sd = math.sqrt(variance * effect)
    if pairs.binary and pairs.plain:
        won, lost = (int((sign * d > 0).sum()) + 0.5 for sign in (1, -1))
        return Spread(sd, discordant_sd_at(bound, won, lost, n))
    worst = pairs.reach * largest_unit(pairs.clusters, pairs.weights) if bounded_tails else None
    return Spread(
        sd,
        None,
        df,
        -mean.skew * math.sqrt(mean.sums.size),
        worst=worst,
        sizes=sizes,
    )


def df_of(mean: ClusteredMean) -> float:
    """How well a mean's variance is known, by its degrees of freedom and by the kurtosis of what
    it is the variance of."""
    carried = effective_count(mean.sums)
    doubt = 1 / carried - 1 / mean.sums.size if carried else 2.0
    return min(2 / doubt if doubt > 0 else math.inf, mean.df or 1.0)


def _with_a_larger(
    clusters: NDArray[np.intp], weights: Array | None, effect: float
) -> tuple[float, float]:
    """What few clusters of unequal sizes hide of the next ones': by which factor their design
    effect rises, and how well it is known, in degrees of freedom.

    A cluster's sum varies by v = W(1 + (W − 1)ρ), W its weight and ρ as the design effect has it;
    Σv varies by 3Σv²/(Σv)² − 1/g where their effects are normal. The next cluster is larger than
    all g that were seen with a chance of 1/(g + 1), so they are planned with one more of the
    largest size.
    """
    w = np.bincount(clusters, weights)
    size = w * (clusters.size / w.sum())
    reach = dot(size, size) / clusters.size - 1
    icc = min(max((effect - 1) / reach, 0.0), 1.0) if reach > 0 else 0.0
    planned = np.append(size, size.max())
    v, seen = (count * np.maximum(1 + (count - 1) * icc, 0.0) for count in (planned, size))
    more = float((v.sum() / planned.sum()) / (seen.sum() / size.sum()))
    noise = 3 * dot(v, v) / float(v.sum()) ** 2 - 1 / planned.size
    return max(more, 1.0), 2 / noise


def discordant_sd_at(bound: float, won: float, lost: float, n: int) -> float:
    """Deviation of a yes/no difference if it were `bound` in truth, given what was won and lost:
    √(2q + bound − bound²), q the best-fitting share of losses (Tango 1998, Statistics in Medicine
    17:891)."""
    b = (2 * n - won + lost) * bound - won - lost
    # Below 0 for a bound that no yes/no difference reaches.
    root = max(b * b + 8 * n * lost * bound * (1 - bound), 0.0)
    q = (math.sqrt(root) - b) / (4 * n)
    return math.sqrt(max(2 * q + bound - bound * bound, 0.0))


def power_for(
    n: int, gap: float, spread: Spread, *, due: float, cluster_size: float = 1.0
) -> float:
    """The chance that `n` items reach a z of `due`, the truth lying `gap` beyond the bound.

    Their standard error is s = √(sd²/n + lean²/people). c is `due`, or where the test is Student's
    the t with the same tail, corrected for skewness as its ends are (evalhub.stats.skew). What is
    asked is that (gap − c·(at_bound − sd)/√n)/s exceeds the noncentral t around c, of as many
    degrees of freedom as s is known with; where it is known exactly, that is Φ(gap/s − c). Raises
    StatisticsError unless gap and spread are above 0.
    """
    if not (gap > 0 and spread.sd > 0):
        raise StatisticsError(f"a gap of {gap:g} by a spread of {spread.sd:g} can't be planned for")
    c, apart, error = due, 0.0, spread.sd / math.sqrt(n)
    units = n / cluster_size
    df, known_df = max(spread.sizes.evenness * units - 1, 1.0), spread.df
    if spread.people is not None:
        people = spread.people
        df = people.df(n, spread.sd, df, max(people.count - 1, 1))
        known_df = people.df(n, spread.sd, known_df, people.known)
        error = math.hypot(error, people.error)
    if spread.at_bound is None and spread.people is None:
        clustered = cluster_size > 1
        alpha = normal_cdf(-due)
        beyond = math.sqrt(6 * (spread.sizes.doubt**2 - 1) / units)
        bounded = 0.0
        if spread.worst is not None:
            bounded = errors_to_bounded_end(spread.worst / error, units, alpha)
        power = 0.0
        for node, weight in _NODES if beyond > 0 else ((0.0, 1.0),):
            skew = _SKEW * spread.skew + node * beyond
            c = errors_to_end(units, alpha, skew=skew, clustered=clustered, sizes=spread.sizes)
            if spread.worst is not None:
                c = max(c, bounded)
            power += weight * noncentral_t_cdf(gap / error, known_df, c)
        return power
    elif spread.at_bound is None:
        c = t_quantile(normal_cdf(due), df)
    else:
        apart = c * (spread.at_bound - spread.sd) / math.sqrt(n)
    return noncentral_t_cdf((gap - apart) / error, known_df, c)


def items_for(
    gap: float,
    spread: Spread,
    *,
    due: float,
    power: float = POWER,
    cluster_size: float = 1.0,
) -> int | None:
    """The fewest items with a power_for() of `power`; None where reviewers lean so far that no
    number has it."""

    def short(n: int) -> bool:
        return power_for(n, gap, spread, due=due, cluster_size=cluster_size) < power

    if short(_MOST):
        return None
    low, high = 0, _MOST
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if short(middle) else (low, middle)
    return high
