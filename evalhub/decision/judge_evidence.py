"""A judge's preference, corrected by people, as a criterion; and in words. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from evalhub.decision.criteria import Requirement
from evalhub.decision.measuring import required_at
from evalhub.decision.wording import counted
from evalhub.declare.criteria import Criterion, Measurement, NextLook, Tested
from evalhub.declare.judging import JudgeFigures, JudgeSection
from evalhub.declare.sections import AgreementValue
from evalhub.declare.study import Pairwise
from evalhub.declare.verdicts import Status
from evalhub.stats.distributions import normal_cdf, normal_quantile
from evalhub.stats.ppi import PoweredEstimate

UNEVEN = 0.001
"""A judge that is even chooses what stands first so often, or so seldom, less than this."""


@dataclass(frozen=True, slots=True)
class JudgeEvidence:
    """What the verdict is told of a judge.

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
    asked: Pairwise,
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
    said = list(votes.values())
    requirement = Requirement(
        name="Judge's preference",
        role="judge",
        test_set=asked.test_set,
        metric="win score",
        min_gain=asked.min_gain,
        tier=asked.tier,
    )
    return Criterion.of(
        required_at(requirement, 0.5),
        Measurement(
            n=len(said),
            clusters=None,
            baseline=0.5,
            candidate=value,
            difference=value - 0.5,
            lower=low - 0.5,
            upper=high - 0.5,
            alpha=alpha,
            harm_alpha=harm_alpha,
            wins=said.count("candidate"),
            losses=said.count("baseline"),
            ties=len(said) - said.count("candidate") - said.count("baseline"),
            ratio=None,
            ratio_lower=None,
            ratio_upper=None,
        ),
        Tested(
            p_value=min(1.0, 2 * min(p_better, p_worse)),
            method=corrected.lower.method,
            test="the interval's own",
            p_harm=p_worse,
            sd=down * len(said) ** 0.5,
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


def judged_status(section: JudgeSection) -> Status:
    """Fine where it counts; worth a look where it doesn't, or goes by the order."""
    figures = section.figures
    even = figures is None or figures.first_p is None or figures.first_p >= UNEVEN
    return Status.PASS if section.counts and even else Status.OPEN


def judge_sentences(section: JudgeSection) -> Iterator[str]:
    """What is to be said of the judge: whether it counts first."""
    shown, said = section.preference, section.figures
    if said is None:
        yield (
            f"The judge {section.judge} hasn't been asked about {section.test_set}, and decides "
            "nothing: `evalhub judge run` asks it."
        )
        return
    if said.pairs == 0:
        yield (
            f"The judge {section.judge} has nothing to compare, and decides nothing: the arms' "
            f"answers to each item of {section.test_set} read the same."
        )
        return
    if shown is None:
        yield (
            f"The judge {section.judge} has given verdicts in both orders on {said.read:,} of "
            f"{counted(said.pairs, 'pair')}, and decides nothing before it has judged all: "
            "`evalhub judge run` asks for what is missing."
        )
        return
    won = f"{shown.wins:,} wins, {shown.losses:,} losses, {shown.ties:,} ties, half a win each"
    count = shown.wins + shown.losses + shown.ties
    judged = f"the {counted(count, 'pair')} of answers that differ on {section.test_set}"
    if shown.corrected is None:
        yield (
            f"The judge {section.judge} prefers the candidate in {shown.score:.1%} of {judged} "
            f"({won}). It decides nothing: {shown.why}"
        )
    else:
        value = shown.corrected
        yield (
            f"The judge {section.judge} prefers the candidate in {shown.score:.1%} of {judged} "
            f"({won}); corrected by people's judgments of "
            f"{counted(shown.labelled, 'item')}, {_shares(value.value, value.lower, value.upper)}. "
            f"It counts: {shown.why}"
        )
    yield from _how(said)
    if shown.length is not None and shown.length.lower is not None and shown.length.lower > 0:
        level = (
            ""
            if shown.equal_lengths is None
            else f"; at equal lengths {shown.equal_lengths.value:.1%}"
        )
        yield f"It prefers the longer answer{level}."
    elif shown.length is None and (longer := shown.longer) is not None:
        yield from _by_length_alone(longer)
    if section.number > 1:
        yield (
            f"It is judge {section.number} whose preference on these answers is read: it is judged "
            f"at {section.alpha:.2g}."
        )


def _by_length_alone(longer: AgreementValue) -> Iterator[str]:
    """Where no model can tell length from preference: what was counted."""
    if longer.lower is None or longer.upper is None or longer.lower <= 0.5 <= longer.upper:
        return
    which = "longer" if longer.lower > 0.5 else "shorter"
    yield (
        f"It goes by length: of two answers of different length it chose the longer in "
        f"{_shares(longer.value, longer.lower, longer.upper)}. A preference for what is {which} "
        "can't be told here from a preference for what is better."
    )


def _how(said: JudgeFigures) -> Iterator[str]:
    turned = _shares(said.flip_rate.value, said.flip_rate.lower, said.flip_rate.upper)
    vague = counted(said.unreadable, "reply was", "replies were")
    yield (
        f"With the order turned it turned on {turned} of {counted(said.read, 'pair')}, which are "
        f"ties; {vague} no verdict."
    )
    if said.first_p is not None and said.first_p < UNEVEN and said.first.value is not None:
        yield f"It goes by the order: {said.first.value:.1%} of its choices stood first."


def _shares(value: float | None, lower: float | None, upper: float | None) -> str:
    if value is None or lower is None or upper is None:
        return "–"
    return f"{value:.1%} [{lower:.1%}, {upper:.1%}]"
