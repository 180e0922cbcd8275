"""Sample sizes for a given power, and the power of a given size.

All sizes rest on what is planned (a margin, a gain worth having), never on the effect observed.
`alpha` is the error rate of one side throughout.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from evalhub.stats.distributions import normal_cdf, normal_quantile
from evalhub.stats.errors import StatisticsError
from evalhub.stats.intervals import check_alpha
from evalhub.stats.levels import ALPHA, EVEN, POWER
from evalhub.stats.paired import VarianceSplit

_MOST_SAMPLES = 1000


@dataclass(frozen=True, slots=True)
class Effort:
    """What `items` cost: `clusters` to draw, model answers, judgments, and reviewers' hours."""

    items: int
    clusters: int
    answers: int
    judgments: int
    hours: float


def paired_sample_size(
    sd: float,
    gap: float,
    *,
    alpha: float = ALPHA,
    power: float = POWER,
    design_effect: float = 1.0,
) -> int:
    """Items needed to show a difference that lies `gap` away from the bound to be excluded.

    n = (z_{1-alpha} + z_{power})^2 * sd^2 * design_effect / gap^2, `sd` the standard deviation
    of the per-item differences. For a margin the gap is the margin plus the expected
    difference. Raises StatisticsError unless sd is positive, gap not 0, power between alpha
    and 1, design_effect positive.
    """
    z = _z_sum(alpha, power)
    _check_scale(sd, design_effect)
    if not math.isfinite(gap):
        raise StatisticsError(f"a gap is a finite number, not {gap}")
    if gap == 0:
        raise StatisticsError("a gap of 0 cannot be shown by any number of items")
    return _up(z * z * sd * sd * design_effect / (gap * gap))


def paired_power(
    n: int, sd: float, gap: float, *, alpha: float = ALPHA, design_effect: float = 1.0
) -> float:
    """Chance that `n` items show a difference `gap` away from the bound to be excluded."""
    check_alpha(alpha)
    _check_scale(sd, design_effect)
    if n < 1:
        raise StatisticsError(f"{n} items can show nothing")
    return normal_cdf(abs(gap) * math.sqrt(n / design_effect) / sd + normal_quantile(alpha))


def minimum_detectable_effect(
    n: int,
    sd: float,
    *,
    alpha: float = ALPHA,
    power: float = POWER,
    design_effect: float = 1.0,
) -> float:
    """The gap that `n` items show with the given power."""
    z = _z_sum(alpha, power)
    _check_scale(sd, design_effect)
    if n < 1:
        raise StatisticsError(f"{n} items can show nothing")
    return z * sd * math.sqrt(design_effect / n)


def discordant_sample_size(
    better: float,
    worse: float,
    *,
    alpha: float = ALPHA,
    power: float = POWER,
    design_effect: float = 1.0,
) -> int:
    """Items for yes/no scores, from the shares that turn right and that turn wrong.

    n = (z_{1-alpha} sqrt(s) + z_{power} sqrt(s - d^2))^2 * design_effect/d^2,
    s = better + worse, d = better - worse (Connor 1987, Biometrics 43).
    """
    _z_sum(alpha, power)
    sd, gap = discordant_sd(better, worse), better - worse
    _check_scale(sd, design_effect)
    if gap == 0:
        raise StatisticsError(f"shares that change must be unequal, and both are {better}")
    sides = normal_quantile(1 - alpha) * math.sqrt(better + worse) + normal_quantile(power) * sd
    return _up(sides * sides * design_effect / (gap * gap))


def discordant_sd(better: float, worse: float) -> float:
    """Standard deviation of the differences of yes/no scores, from the shares that turn right
    and that turn wrong: sqrt(better + worse - (better - worse)^2)."""
    if not (better >= 0 and worse >= 0 and better + worse <= 1):
        raise StatisticsError(
            f"shares that change are 0 or more and add up to 1 or less: {better}, {worse}"
        )
    return math.sqrt(better + worse - (better - worse) ** 2)


def preference_sample_size(
    score: float,
    *,
    threshold: float = EVEN,
    ties: float = 0.0,
    alpha: float = ALPHA,
    power: float = POWER,
    design_effect: float = 1.0,
) -> int:
    """Judgments needed to show a win score of `score` to be above (or below) `threshold`.

    `ties` is the share of judgments that are ties or "both bad", each half a win.
    """
    return paired_sample_size(
        judgment_sd(score, ties),
        score - threshold,
        alpha=alpha,
        power=power,
        design_effect=design_effect,
    )


def judgment_sd(score: float, ties: float = 0.0) -> float:
    """Standard deviation of one judgment, a win being 1 and a tie 1/2, where the win score is
    `score`: sqrt((1 - ties)/4 - (score - 1/2)^2)."""
    if not 0 <= ties < 1 or not abs(score - 0.5) < (1 - ties) / 2:
        raise StatisticsError(f"a win score of {score} cannot have {ties:g} ties")
    return math.sqrt((1 - ties) / 4 - (score - 0.5) ** 2)


def joint_sample_sizes(
    sds: Sequence[float],
    gaps: Sequence[float],
    *,
    alpha: float = ALPHA,
    power: float = POWER,
    design_effects: Sequence[float] | None = None,
) -> list[int]:
    """Items for each of several criteria that must all pass, in order.

    The allowed miss rate 1 - power is shared out equally (Bonferroni), so that all pass
    together with at least the given power, however they depend on each other.
    """
    effects = [1.0] * len(sds) if design_effects is None else list(design_effects)
    if not len(sds) == len(gaps) == len(effects) or not sds:
        raise StatisticsError("each criterion needs a standard deviation and a gap")
    level = 1 - (1 - power) / len(sds)
    return [
        paired_sample_size(sd, gap, alpha=alpha, power=level, design_effect=effect)
        for sd, gap, effect in zip(sds, gaps, effects, strict=True)
    ]


def sampled_sd(split: VarianceSplit, baseline_samples: int, candidate_samples: int) -> float:
    """Standard deviation of an item's difference of means with that many samples an arm."""
    if baseline_samples < 1 or candidate_samples < 1:
        raise StatisticsError("every arm needs one sample an item or more")
    return math.sqrt(
        split.between
        + split.within_baseline / baseline_samples
        + split.within_candidate / candidate_samples
    )


def samples_that_suffice(
    split: VarianceSplit,
    n: int,
    gap: float,
    *,
    alpha: float = ALPHA,
    power: float = POWER,
    design_effect: float = 1.0,
) -> int | None:
    """The fewest samples an item, for both arms alike, with which `n` items are enough; None
    where no number of samples does, since items differ too much between themselves."""
    z = _z_sum(alpha, power)
    if n < 1:
        raise StatisticsError(f"{n} items can show nothing")
    allowed = n * gap * gap / (z * z * design_effect) - split.between
    within = split.within_baseline + split.within_candidate
    if allowed <= 0 or within / allowed > _MOST_SAMPLES:
        return None
    return max(1, _up(within / allowed))


def design_effect_of(cluster_size: float, icc: float) -> float:
    """Variance against independent items: 1 + (size - 1) * intraclass correlation (Kish 1965)."""
    if cluster_size < 1 or not 0 <= icc <= 1:
        raise StatisticsError("cluster size must be 1 or more, and the correlation in [0, 1]")
    return 1 + (cluster_size - 1) * icc


def effort(
    items: int,
    *,
    items_per_cluster: float = 1.0,
    samples_per_item: int = 1,
    judgments_per_item: float = 0.0,
    seconds_per_judgment: float = 60.0,
) -> Effort:
    """What `items` items cost in clusters, answers of each arm, judgments and hours."""
    if items < 0 or items_per_cluster < 1 or samples_per_item < 1:
        raise StatisticsError("items must be 0 or more; cluster size and samples 1 or more")
    if judgments_per_item < 0 or seconds_per_judgment < 0:
        raise StatisticsError("judgments and their seconds cannot be negative")
    judgments = _up(items * judgments_per_item)
    return Effort(
        items=items,
        clusters=_up(items / items_per_cluster),
        answers=items * samples_per_item,
        judgments=judgments,
        hours=judgments * seconds_per_judgment / 3600,
    )


def _z_sum(alpha: float, power: float) -> float:
    check_alpha(alpha)
    if not alpha < power < 1:
        raise StatisticsError(f"power must lie between alpha and 1, not {power}")
    return normal_quantile(1 - alpha) + normal_quantile(power)


def _check_scale(sd: float, design_effect: float) -> None:
    if not (math.isfinite(sd) and sd > 0):
        raise StatisticsError(f"the standard deviation must be positive, not {sd}")
    if not (math.isfinite(design_effect) and design_effect > 0):
        raise StatisticsError(f"the design effect must be positive, not {design_effect}")


def _up(size: float) -> int:
    """Rounded up, but not for a rounding error."""
    return math.ceil(size - 1e-9)
