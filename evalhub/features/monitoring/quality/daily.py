"""A day's sample of the champion's answers, scored and added up.

Only the sums are stored: whose answers they were, and what each was worth, is nowhere.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import batched

from django.db.models import Q

from evalhub.accounts.models import Project
from evalhub.features.monitoring.models import Stream, StreamDay
from evalhub.features.monitoring.quality.sampling import draw_of_day
from evalhub.features.traffic.blindness import ALIKE, in_sealed_study
from evalhub.features.traffic.models import Request, RequestQuerySet, RequestText
from evalhub.features.traffic.served import ServedVersions
from evalhub.features.traffic.shadow.answers import is_whole, texts_at
from evalhub.features.traffic.shadow.items import text_of_parts
from evalhub.registry.models import ModelVersion
from runners.metrics import Answer, MetricDeclaration, Scorer
from runners.prompting import question_of

READ_AT_ONCE = 50
"""Requests whose texts are in memory."""

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class DayScores:
    """What a day's sample is worth.

    Attributes:
        values: by metric and user, the values of the user's answers. An answer that can't be scored
            has none.
        failed: by metric, why it broke down; then it has no values.
    """

    values: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


def answered_by(project: Project, version: ModelVersion, day: date) -> RequestQuerySet:
    """The version's answered requests of a day; copies of a mirror are none."""
    served: Q = ServedVersions.of(project).condition(version.pk, "time")
    rows = Request.objects.filter(project=project, day=day, mirror_of="", error_type="")
    return rows.filter(served, aborted=False)


def score_day(
    *,
    project: Project,
    version: ModelVersion,
    day: date,
    metrics: Mapping[str, MetricDeclaration],
    size: int,
    seed: int,
) -> DayScores:
    """Scores a random sample of the version's answers of a day. The same is drawn again, and what a
    sealed study shows isn't scored. Nothing is written, and nothing locked."""
    scores = DayScores({name: defaultdict(list) for name in metrics})
    with_text = answered_by(project, version, day).filter(has_text=True).order_by()
    rows = with_text.values_list("key", "user_hash").iterator()
    drawn = draw_of_day(rows, size=size, seed=f"{seed} {day.isoformat()}")
    users = {key: user for user, keys in drawn.items() for key in keys}
    for keys in batched(users, READ_AT_ONCE):
        answers = _answers(project, day, keys)
        for name, metric in metrics.items():
            if name not in scores.failed:
                _score(scores, name, metric, answers, users)
    return scores


def store_day(stream: Stream, day: date, users: Iterable[Sequence[float]], now: datetime) -> None:
    """Stores what users' values add up to: one user's y is the mean of theirs, and x is 1."""
    means = [sum(values) / len(values) for values in users if values]
    total, count = sum(means), len(means)
    StreamDay.objects.update_or_create(
        stream=stream,
        day=day,
        defaults={
            "users": count,
            "y": total,
            "x": count,
            "yy": sum(mean * mean for mean in means),
            "xy": total,
            "xx": count,
            "counted": now,
        },
    )


def _answers(project: Project, day: date, keys: Sequence[str]) -> Mapping[str, Answer]:
    rows = Request.objects.at(project.pk, day, keys).exclude(in_sealed_study(*ALIKE))
    requests = {row.key: row for row in rows}
    texts = texts_at(project, [(day, key) for key in requests])
    return {
        key: _answer(request, texts[day, key])
        for key, request in requests.items()
        if (day, key) in texts and is_whole(request, texts[day, key])
    }


def _answer(request: Request, texts: RequestText) -> Answer:
    messages = [
        {**row, "content": text_of_parts(row.get("content"))} for row in texts.messages or []
    ]
    return Answer(
        texts.output or "",
        finish_reason=request.finish_reason,
        asked=question_of(messages),
        tool_calls=texts.tool_calls,
    )


def _score(
    scores: DayScores,
    name: str,
    metric: MetricDeclaration,
    answers: Mapping[str, Answer],
    users: Mapping[str, str],
) -> None:
    try:
        results = Scorer(metric).batch([(answer, ()) for answer in answers.values()])
    except Exception as error:  # whatever a metric's library raises is no alarm
        logger.exception("could not score by %s", name)
        scores.failed[name] = f"{type(error).__name__}: {error}"
        scores.values[name].clear()
        return
    for key, score in zip(answers, results, strict=True):
        if score.value is not None:
            scores.values[name][users[key]].append(score.value)
