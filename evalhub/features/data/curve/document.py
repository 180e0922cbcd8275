"""A learning curve as a document with its conclusion in words. Pure."""

from collections.abc import Sequence

from evalhub.declare.data_curve import (
    CurveSize,
    DataCurve,
    ExpectedDoubling,
    GainPerDoubling,
    MeasuredStep,
)
from evalhub.stats.learning_curve import CurveGain, LearningCurve, NextDoubling


def curve_document(
    curve: LearningCurve,
    arms: Sequence[tuple[str, int]],
    *,
    test_set: str,
    metric: str,
    higher_is_better: bool,
    left_out: int,
) -> DataCurve:
    """The document of a curve.

    Args:
        arms: each arm's name and number of examples.
        left_out: items of which some arm has no score.
    """
    ahead = curve.next
    return DataCurve(
        test_set=test_set,
        metric=metric,
        higher_is_better=higher_is_better,
        items=curve.items,
        left_out=left_out,
        sizes=tuple(
            CurveSize(examples=size, arms=tuple(_arms_at(arms, size)), mean=mean)
            for size, mean in zip(curve.sizes, curve.means, strict=True)
        ),
        steps=tuple(
            MeasuredStep(
                start=step.start, end=step.end, gain=step.gain, lower=step.lower, upper=step.upper
            )
            for step in curve.steps
        ),
        slope=_per_doubling(curve.slope),
        bend=None if curve.bend is None else _per_doubling(curve.bend),
        ahead=ExpectedDoubling(
            examples=ahead.examples, gain=ahead.gain, lower=ahead.lower, upper=ahead.upper
        ),
        worth=curve.worth,
        conclusion=curve.conclusion,
        sentence=_sentence(curve, ahead),
    )


def _arms_at(arms: Sequence[tuple[str, int]], size: int) -> Sequence[str]:
    return [name for name, examples in arms if examples == size]


def _per_doubling(gain: CurveGain) -> GainPerDoubling:
    return GainPerDoubling(gain=gain.gain, lower=gain.lower, upper=gain.upper)


def _sentence(curve: LearningCurve, ahead: NextDoubling) -> str:
    doubling = f"Doubling to {ahead.examples:,} examples"
    if curve.conclusion == "rises":
        assert ahead.lower is not None
        small = ahead.upper is not None and ahead.upper < curve.worth
        less = f", and surely less than the {curve.worth:g} that is worth it" if small else ""
        return f"{doubling} surely gains at least {ahead.lower:.3f} if the line goes on{less}."
    bends = ahead.gain is None
    shape = "The curve flattens" if bends else "The curve is flat"
    if curve.conclusion == "stopped":
        return (
            f"{shape}: doubling to {ahead.examples:,} examples surely gains less than "
            f"{curve.worth:g}; more of the same examples has stopped paying."
        )
    if bends and ahead.upper is not None:
        return (
            f"Can't tell: the curve flattens. {doubling} surely gains at most {ahead.upper:.3f}, "
            "as much as the last one may have gained."
        )
    if ahead.lower is None or ahead.upper is None:
        return f"Can't tell what doubling to {ahead.examples:,} examples gains."
    return (
        f"Can't tell: doubling to {ahead.examples:,} examples gains between "
        f"{_signed(ahead.lower)} and {_signed(ahead.upper)} if the line goes on. More items, or "
        "sizes further apart, would tell."
    )


def _signed(value: float) -> str:
    return f"{value:+.3f}".replace("-", "−")
