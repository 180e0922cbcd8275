"""Draw a blind sample of answers: equally many of both arms, at most one of a user."""

import random
from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import batched
from typing import Any
from uuid import uuid4

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from evalhub.accounts.audit_log import note
from evalhub.accounts.models import Action, Project, User
from evalhub.accounts.permissions import check_evaluates
from evalhub.declare.experiment import JUDGED
from evalhub.features.experiments.judged.declared import MOST
from evalhub.features.experiments.models import Experiment, JudgedAnswer, UserDay
from evalhub.features.experiments.rule import Variant
from evalhub.features.experiments.steps import ExperimentError
from evalhub.features.traffic.blindness import ALIKE, in_sealed_study
from evalhub.features.traffic.models import Request, RequestText
from evalhub.features.traffic.shadow.answers import is_whole, requests_at, texts_at
from evalhub.io.tools import calls_of
from evalhub.stats.sampling import allocate

READ_AT_ONCE = 50
OF_INSTRUCTIONS = ("system", "developer")
"""Roles of messages that a version brings along: they would tell the arm."""
SHOWN = ("role", "content", "name")
"""Of a message, beside the tools that it calls: ids, and whatever else a server writes beside them,
would tell which server it was."""
IDS = ("id", "tool_use_id", "signature")
"""Of a part of a message's content, likewise."""
MOST_CHARACTERS = 20_000_000
"""Of all texts of a draw: they are in memory at once."""


@dataclass(frozen=True, slots=True)
class BlindAnswer:
    """An answer as a judge sees it: its texts, masked, and nothing of who gave it or when."""

    id: str
    messages: Sequence[Mapping[str, Any]]
    output: str
    tool_calls: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class BlindSample:
    """Answers of both arms in random order.

    Attributes:
        until: when the first of their windows for feedback closes, after which its score counts
            nowhere; None: the experiment measures no judged signal.
    """

    answers: Sequence[BlindAnswer]
    until: datetime | None


@dataclass(frozen=True, slots=True)
class _DrawnRequest:
    """A request that may be judged, with its texts."""

    request: Request
    texts: RequestText

    @property
    def characters(self) -> int:
        """Of all its texts, about."""
        texts = self.texts
        return len(f"{texts.messages}{texts.output}{texts.tool_calls}")


type Strata = Mapping[date, Mapping[Variant, Sequence[tuple[str, datetime]]]]
"""By day and arm, users in random order, each with their first request of that day."""


def draw_answers(*, experiment: Experiment, count: int, by: User | None) -> BlindSample:
    """Draws answers of exposed users at random, in each arm as many, of each day its part.

    A user is of the arm that is analysed. No answer is drawn twice, and of a user one at most a
    draw. What an open review or a sealed study shows isn't drawn. Where the plan measures the
    judged signal, answers are drawn whose window for feedback is open.

    Args:
        count: of both arms together; fewer are drawn where there are fewer with texts.

    Raises:
        evalhub.accounts.permissions.NotAllowedError: `by` doesn't evaluate in the project.
        ExperimentError: another number than 2 to 2,000; no answer of both arms on one day; texts of
            more than 20 million characters; somebody else drew one of them meanwhile.
    """
    check_evaluates(by, experiment.project)
    if not 2 <= count <= MOST:
        raise ExperimentError(f"draw 2 to {MOST:,} answers, not {count:,}", "n")
    now, chance = timezone.now(), random.SystemRandom()
    since = _since(experiment, now)
    strata = _strata(experiment, since, chance)
    drawn: list[_DrawnRequest] = []
    room = MOST_CHARACTERS
    for day, of_arm in _quotas(strata, count // 2).items():
        arms: list[list[_DrawnRequest]] = [[] for _ in strata[day]]
        for answers, users in zip(arms, strata[day].values(), strict=True):
            for found in _answers(experiment, day, users, since, of_arm, by, chance):
                room -= found.characters
                if room < 0:
                    raise ExperimentError(
                        f"the texts of so many answers have more than {MOST_CHARACTERS:,} "
                        "characters: draw fewer",
                        "n",
                    )
                answers.append(found)
        least = min(map(len, arms))
        drawn += [found for answers in arms for found in answers[:least]]
    if not drawn:
        raise ExperimentError(
            "no day has an answer of both arms that may be judged: are texts kept "
            "(evalhub traffic settings --text-share), is feedback_hours long enough, and is there "
            "one that wasn't drawn before?"
        )
    chance.shuffle(drawn)
    until = None
    if _measures_judged(experiment):
        window = timedelta(hours=experiment.plan.feedback_hours)
        until = min(found.request.time for found in drawn) + window
    try:
        return BlindSample(_stored(experiment, drawn, by), until)
    except IntegrityError:
        raise ExperimentError("somebody else draws at the same time: draw again") from None


def _measures_judged(experiment: Experiment) -> bool:
    return any(measure.signal == JUDGED for measure in experiment.plan.measures)


def _since(experiment: Experiment, now: datetime) -> datetime:
    first = experiment.sequence[0].started
    if not _measures_judged(experiment):
        return first
    return max(first, now - timedelta(hours=experiment.plan.feedback_hours))


def _strata(experiment: Experiment, since: datetime, chance: random.SystemRandom) -> Strata:
    """Each exposed user on one of the days on which they came, drawn at random."""
    rows = UserDay.objects.of_sequence(experiment).order_by("first")
    arms: dict[str, tuple[int, str]] = {}
    days: dict[str, list[tuple[date, datetime]]] = defaultdict(list)
    first_day = since.astimezone(UTC).date()
    columns = rows.values_list("unit", "epoch", "variant", "day", "first")
    for unit, epoch, variant, day, first in columns.iterator():
        if arms.setdefault(unit, (epoch, variant)) == (epoch, variant) and day >= first_day:
            days[unit].append((day, first))
    strata: dict[date, dict[Variant, list[tuple[str, datetime]]]] = {}
    for unit, of_user in days.items():
        day, first = chance.choice(of_user)
        of_day = strata.setdefault(day, {variant: [] for variant in Variant})
        of_day[Variant(arms[unit][1])].append((unit, first))
    for of_day in strata.values():
        for users in of_day.values():
            chance.shuffle(users)
    return strata


def _quotas(strata: Strata, an_arm: int) -> dict[date, int]:
    """How many answers of each arm to draw of each day."""
    sizes = {day: min(map(len, arms.values())) for day, arms in strata.items()}
    count = min(an_arm, sum(sizes.values()))
    days = sorted((day for day, size in sizes.items() if size), reverse=True)[:count]
    if not days:
        return {}
    of_days: dict[Hashable, int] = {day: sizes[day] for day in days}
    count = min(count, sum(of_days.values()))
    counts = allocate(of_days, count, allocation="proportional", least=1)
    return {day: counts[day] for day in days}


def _answers(
    experiment: Experiment,
    day: date,
    users: Sequence[tuple[str, datetime]],
    since: datetime,
    count: int,
    by: User | None,
    chance: random.SystemRandom,
) -> Iterator[_DrawnRequest]:
    """One answer of each of the first users who have one, at most so many. Texts are read of one
    request of each user at a time: some have thousands."""
    for some in batched(users, READ_AT_ONCE):
        firsts = dict(some)
        of_user: dict[str, list[Request]] = {unit: [] for unit in firsts}
        for row in _requests(experiment, day, list(firsts), since, by):
            if row.time >= firsts[row.user_hash]:
                of_user[row.user_hash].append(row)
        for rows in of_user.values():
            chance.shuffle(rows)
        while count and (chosen := [rows.pop() for rows in of_user.values() if rows]):
            texts = texts_at(experiment.project, [(row.day, row.key) for row in chosen])
            for row in chosen:
                text = texts.get((row.day, row.key))
                if count and text is not None and is_whole(row, text):
                    count -= 1
                    of_user[row.user_hash].clear()
                    yield _DrawnRequest(row, text)
        if not count:
            return


def _requests(
    experiment: Experiment, day: date, users: Sequence[str], since: datetime, by: User | None
) -> Any:
    rows = Request.objects.filter(
        project=experiment.project,
        user_hash__in=users,
        day=day,
        time__gte=since,
        has_text=True,
        mirror_of="",
        error_type="",
    )
    if experiment.plan.route:
        rows = rows.filter(route=experiment.plan.route)
    if experiment.ended is not None:
        rows = rows.filter(time__lt=experiment.ended)
    drawn = JudgedAnswer.objects.filter(
        experiment=experiment, day=OuterRef("day"), key=OuterRef("key")
    )
    rows = rows.exclude(in_sealed_study(*ALIKE)).exclude(Exists(drawn))
    return (rows if by is None else rows.visible_to(by)).order_by("time", "key")


@transaction.atomic
def _stored(
    experiment: Experiment, drawn: Sequence[_DrawnRequest], by: User | None
) -> list[BlindAnswer]:
    """The answers under random ids, by which their scores find them; without those that were
    erased meanwhile: draws and erasures take turns."""
    Project.objects.select_for_update().get(pk=experiment.project_id)
    ids = [(row.request.day, row.request.key) for row in drawn]
    stored = requests_at(experiment.project, ids)
    drawn = [row for row in drawn if (row.request.day, row.request.key) in stored]
    rows = [
        JudgedAnswer(
            experiment=experiment, token=uuid4().hex, day=found.request.day, key=found.request.key
        )
        for found in drawn
    ]
    JudgedAnswer.objects.bulk_create(rows)
    what = f"{experiment}: {len(rows)} answers, to be judged"
    note(Action.EXPORTED, by=by, project=experiment.project, what=what)
    return [
        BlindAnswer(row.token, _messages(found), found.texts.output or "", _calls(found))
        for row, found in zip(rows, drawn, strict=True)
    ]


def _messages(found: _DrawnRequest) -> list[Mapping[str, Any]]:
    messages = found.texts.messages or []
    return [_message(row) for row in messages if row.get("role") not in OF_INSTRUCTIONS]


def _message(row: Mapping[str, Any]) -> Mapping[str, Any]:
    message = {name: row[name] for name in SHOWN if row.get(name) is not None}
    if isinstance(parts := message.get("content"), list):
        message["content"] = [
            {name: part[name] for name in part if name not in IDS}
            if isinstance(part, dict)
            else part
            for part in parts
        ]
    with suppress(ValueError):
        if calls := calls_of(row.get("tool_calls")):
            message["tool_calls"] = calls
    return message


def _calls(found: _DrawnRequest) -> Sequence[Mapping[str, Any]]:
    return found.texts.tool_calls or []
