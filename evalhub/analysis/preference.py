"""Which of two arms people prefer, as one document."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Literal

from evalhub.analysis.labels import ChoiceRow
from evalhub.declare.analysis import PreferenceDocument
from evalhub.stats.preference import WinScore, win_score
from evalhub.stats.sides import (
    LengthControl,
    SelfConsistency,
    length_control,
    position_bias,
    self_consistency,
)


def preference_document(
    judgments: Sequence[ChoiceRow], *, without_choice: int, alpha: float
) -> PreferenceDocument:
    """The win score of one judgment or more, with its checks.

    Args:
        without_choice: rows of the file that were left out, having no choice.
        alpha: one-sided level of every interval.
    """
    choices = [judgment.choice for judgment in judgments]
    sides = [judgment.side for judgment in judgments if judgment.side]
    score = win_score(
        choices,
        items=[judgment.unit for judgment in judgments],
        raters=[judgment.rater for judgment in judgments],
        alpha=alpha,
    )
    return PreferenceDocument(
        state=_state(score, len(set(choices))),
        **asdict(score),
        without_choice=without_choice,
        position_bias=position_bias(
            choices, sides, items=[judgment.unit for judgment in judgments], alpha=alpha
        )
        if sides
        else None,
        length_bias=_length_control(judgments, alpha),
        self_consistency=_self_consistency(judgments, alpha),
    )


def _state(score: WinScore, distinct: int) -> Literal["ok", "one-item", "all-alike", "one-rater"]:
    if score.items == 1:
        return "one-item"
    if distinct == 1:
        return "all-alike"
    return "one-rater" if score.raters == 1 else "ok"


def _length_control(judgments: Sequence[ChoiceRow], alpha: float) -> LengthControl | None:
    """The win score at equal lengths, where the lengths are given."""
    if not judgments[0].numbers:
        return None
    sides = [judgment.side for judgment in judgments if judgment.side]
    return length_control(
        [judgment.choice for judgment in judgments],
        [judgment.numbers[0] for judgment in judgments],
        [judgment.numbers[1] for judgment in judgments],
        candidate_sides=sides or None,
        items=[judgment.unit for judgment in judgments],
        alpha=alpha,
    )


def _self_consistency(judgments: Sequence[ChoiceRow], alpha: float) -> SelfConsistency | None:
    """From the units that a rater judged with the candidate on either side."""
    choices_by_rater: dict[tuple[str, str], list[str]] = {}
    for judgment in judgments:
        choices_by_rater.setdefault((judgment.unit, judgment.rater), []).append(judgment.choice)
    twice = [choices for choices in choices_by_rater.values() if len(choices) == 2]
    if not twice:
        return None
    return self_consistency([a for a, _ in twice], [b for _, b in twice], alpha=alpha)
