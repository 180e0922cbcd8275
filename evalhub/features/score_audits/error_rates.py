"""How often a metric errs, from the scores that people have checked."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from evalhub.features.score_audits.models import ScoreCase
from evalhub.stats.intervals import clopper_pearson


class CheckedScores(StrEnum):
    """Which of the checked scores a rate is of."""

    ALL = "all"
    PASSES = "passes"
    FAILS = "fails"


_TOLD = {
    CheckedScores.ALL: "of all scores",
    CheckedScores.PASSES: "of passes, which should have failed",
    CheckedScores.FAILS: "of fails, which should have passed",
}


@dataclass(frozen=True, slots=True)
class ErrorRate:
    """How often checked scores were wrong, with a two-sided 95% Clopper-Pearson interval.

    Attributes:
        lower, upper: of the share that is wrong; None where none was checked.
    """

    scores: CheckedScores
    wrong: int
    checked: int
    lower: float | None
    upper: float | None

    @property
    def what(self) -> str:
        """The scores that the rate counts, in words."""
        return _TOLD[self.scores]


def error_rates(cases: Sequence[ScoreCase]) -> list[ErrorRate]:
    """Rates of an audit's cases: errors among all and, if scores are pass or fail, among each of
    the two."""
    rates = [_rate(CheckedScores.ALL, cases)]
    if all(value in (0, 1) for each in cases for value in (each.value, each.said)):
        rates.append(_rate(CheckedScores.PASSES, [each for each in cases if each.value == 1]))
        rates.append(_rate(CheckedScores.FAILS, [each for each in cases if each.value == 0]))
    return rates


def _rate(scores: CheckedScores, cases: Sequence[ScoreCase]) -> ErrorRate:
    wrong = sum(each.wrong for each in cases)
    limits = clopper_pearson(wrong, len(cases)) if cases else (None, None)
    return ErrorRate(scores, wrong, len(cases), *limits)
