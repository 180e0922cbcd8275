"""The texts of a week against earlier ones: does a classifier tell them apart, and by which words?

Texts aren't kept as long as requests are. So they are compared with the earliest of the reference's
weeks, or of later ones, whose texts are all stored: where these roll on, a slow change is not seen.
"""

import math
from collections.abc import Sequence
from datetime import UTC, date, datetime

from evalhub.accounts.models import Project
from evalhub.declare.monitor import InputsPlan
from evalhub.features.monitoring.inputs.reference import reference_since
from evalhub.features.monitoring.inputs.reports import TEXTS, InputsTest, WordChange
from evalhub.features.monitoring.inputs.weeks import REFERENCE_WEEKS, WEEK, monday_of
from evalhub.features.monitoring.models import Monitor
from evalhub.features.traffic.keeping import settings_of, text_time
from evalhub.features.traffic.questions import UserQuestion, draw_questions
from evalhub.ledger.leakage.fingerprints import words_of
from evalhub.stats.errors import StatisticsError
from evalhub.stats.two_sample_classifier import PERMUTATIONS, UserTexts, compare_texts

MOST_WORDS_SHOWN = 10
BELOW_LEVEL = 2
"""So many permutations times the level are made at least, so that p can be below it."""


def compare_questions(
    monitor: Monitor,
    monday: date,
    questions: Sequence[UserQuestion],
    *,
    now: datetime,
    level: float,
) -> InputsTest | None:
    """The comparison of a week's questions. None while no earlier week's texts are stored, or too
    few users sent any.

    Args:
        level: one-sided, of p and of the AUC's lower limit.
    """
    plan: InputsPlan = monitor.plan
    first = max(reference_since(monitor, TEXTS), _first_stored(monitor.project, now))
    end = min(first + REFERENCE_WEEKS * WEEK, monday)
    if first >= end:
        return None
    seed = f"{monitor.pk}/{first.isoformat()}"
    earlier = draw_questions(monitor.project, first, end, seed=seed)
    try:
        result = compare_texts(
            _texts(earlier),
            _texts(questions),
            seed=monday.toordinal(),
            alpha=level,
            permutations=max(PERMUTATIONS, math.ceil(BELOW_LEVEL / level)),
            words=MOST_WORDS_SHOWN,
        )
    except StatisticsError:
        return None
    lower, p_value = float(result.lower), float(result.p_value)
    return InputsTest(
        subject=TEXTS,
        measure="auc",
        size=result.auc,
        lower=lower,
        p_value=p_value,
        level=level,
        threshold=plan.auc,
        is_alarm=p_value <= level and lower > plan.auc,
        reference=first.isoformat(),
        reference_weeks=(end - first) // WEEK,
        users=len(questions),
        reference_users=len(earlier),
        words=tuple(
            WordChange(word=word.term, reference=word.reference, week=word.recent)
            for word in result.words
        ),
    )


def _first_stored(project: Project, now: datetime) -> date:
    """The Monday of the first week all of whose texts are still kept."""
    oldest = (now.astimezone(UTC) - text_time(settings_of(project))).date()
    monday = monday_of(oldest)
    return monday if monday == oldest else monday + WEEK


def _texts(questions: Sequence[UserQuestion]) -> list[UserTexts]:
    return [UserTexts(question.user, [words_of(question.text)]) for question in questions]
