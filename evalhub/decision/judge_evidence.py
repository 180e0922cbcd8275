"""A judge's preference, corrected by people, as a criterion; and in words. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evalhub.decision.criteria.judge import Judge, Pairwise
from evalhub.decision.criterion import Criterion, Measurement, NextLook, Tested
from evalhub.decision.measuring import requirement_at
from evalhub.decision.requirements import Requirement
from evalhub.decision.sections.judge import JudgeSection
from evalhub.stats.distributions import normal_cdf, normal_quantile
from evalhub.stats.ppi import PoweredEstimate


@dataclass(frozen=True, slots=True)
class JudgeEvidence:
    """What the rule gets from a judge: the record's section and the criteria.

    Attributes:
        section: the record's part; None where no judge was to compare the arms.
        criteria: its preference as people corrected it, where it is calibrated.
    """

    section: JudgeSection | None = None
    criteria: Sequence[Criterion] = ()


@dataclass(frozen=True, slots=True)
class Corrected:
    """A judge's win score that people corrected: its lower limit at the criterion's level, and its
    upper one at harm's."""

    lower: PoweredEstimate
    upper: PoweredEstimate

    @property
    def value(self) -> float:
        return self.lower.value


def judge_criterion(
    pairwise: Pairwise,
    votes: Mapping[object, str],
    corrected: Corrected,
    *,
    number: int,
    alpha: float,
    harm_alpha: float,
    planned_gain: float,
) -> Criterion:
    """The win score of all judged items, corrected by people, by the same rule as any other gain.

    p-values are those of the limits as if they were normal.
    """
    value = corrected.value
    low = min(corrected.lower.lower, value)
    high = max(corrected.upper.upper, value)
    down = (value - low) / normal_quantile(1 - alpha)
    up = (high - value) / normal_quantile(1 - harm_alpha)
    p_better, p_worse = _tail(value - 0.5, down), _tail(0.5 - value, up)
    choices = list(votes.values())
    requirement = Requirement(
        name="Judge's preference",
        role=Judge.role,
        test_set=pairwise.test_set,
        metric="win score",
        min_gain=pairwise.min_gain,
        tier=pairwise.tier,
    )
    return Criterion.of(
        requirement_at(requirement, 0.5),
        Measurement(
            n=len(choices),
            clusters=None,
            baseline=0.5,
            candidate=value,
            difference=value - 0.5,
            lower=low - 0.5,
            upper=high - 0.5,
            alpha=alpha,
            harm_alpha=harm_alpha,
            wins=choices.count("candidate"),
            losses=choices.count("baseline"),
            ties=len(choices) - choices.count("candidate") - choices.count("baseline"),
            ratio=None,
            ratio_lower=None,
            ratio_upper=None,
        ),
        Tested(
            p_value=min(1.0, 2 * min(p_better, p_worse)),
            method=corrected.lower.method,
            test="the interval's own",
            p_harm=p_worse,
            sd=down * len(choices) ** 0.5,
            design_effect=1.0,
            gap=planned_gain,
        ),
        next_look=NextLook(alpha=alpha * (number / (number + 1)) ** 2),
    )


def _tail(distance: float, se: float) -> float:
    """One-sided p-value of what lies this far on the side that is asked."""
    if se <= 0:
        return 0.0 if distance > 0 else 1.0
    return 1 - float(normal_cdf(distance / se))
