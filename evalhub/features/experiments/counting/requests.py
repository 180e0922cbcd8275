"""What users' requests of a segment add up to: one grouped query."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, Max, Min, OuterRef, Q, QuerySet, Sum, TextField
from django.db.models.functions import Cast, Substr

from evalhub.features.experiments.counting.segments import Segment
from evalhub.features.experiments.models import Experiment, UserDay
from evalhub.features.experiments.rule import Variant
from evalhub.features.traffic.models import Request
from evalhub.features.traffic.outcomes import ENDED_AS_REFUSED, ERROR

READ_AT_ONCE = 10_000
SUMS = (
    "requests", "as_assigned", "by_default", "crossed", "errors", "timed", "slow", "priced", "cost",
    "refusals", "closed",
)  # fmt: skip
"""Columns of `UserDay` that a request alone decides, in the order of `UserRequests.sums`."""


@dataclass(frozen=True, slots=True)
class UserRequests:
    """A user's requests of a segment.

    Attributes:
        unit: the user's keyed hash; "": requests without a user.
        variant: the arm that the rule assigns; None: the user isn't in the experiment.
        first: the first request's time.
        exposed: the last one's that the challenger answered, None where it answered none.
        sums: by the columns of SUMS.
    """

    unit: str
    variant: Variant | None
    first: datetime
    exposed: datetime | None
    sums: tuple[float, ...]


def requests_of(experiment: Experiment, segment: Segment) -> QuerySet[Request]:
    """Requests of the segment's time that the plan is about: mirrored copies never are."""
    rows = Request.objects.filter(
        project=experiment.project_id,
        day=segment.start.date(),
        time__gte=segment.start,
        time__lt=segment.end,
        mirror_of="",
    ).order_by()
    return rows.filter(route=experiment.plan.route) if experiment.plan.route else rows


def sum_requests(
    experiment: Experiment, segment: Segment, closed_by: datetime
) -> Iterator[UserRequests]:
    """A row for each user who sent a request in the segment.

    Args:
        closed_by: a request no later than this has had its time for feedback.
    """
    for unit, first, exposed, *counts in (
        requests_of(experiment, segment)
        .values("user_hash")
        .annotate(**_counts(experiment, closed_by))
        .values_list("user_hash", "first", "exposed", *_COUNTED)
        .iterator(chunk_size=READ_AT_ONCE)
    ):
        variant = segment.rule.variant(unit) if unit else None
        sums = (counts[0], *_answered(variant, *counts[1:5]), *counts[5:])
        yield UserRequests(unit, variant, first, exposed, sums)


def last_exposure(experiment: Experiment, segment: Segment) -> datetime | None:
    """The time of the newest request of the segment that the challenger answered."""
    answered = requests_of(experiment, segment).filter(_by_challenger(experiment))
    last: datetime | None = answered.aggregate(last=Max("time"))["last"]
    return last


def requests_by_minute(experiment: Experiment, segment: Segment) -> Iterator[tuple[int, int]]:
    """Minutes of the day of which the segment has requests, and how many."""
    clock = Substr(Cast("time", TextField()), 12, 5)  # in UTC, by either database
    rows = requests_of(experiment, segment).values(clock=clock).annotate(requests=Count("key"))
    for text, requests in rows.values_list("clock", "requests"):
        yield 60 * int(text[:2]) + int(text[3:]), requests


def first_requests(
    experiment: Experiment, segment: Segment
) -> Iterator[tuple[str, dict[str, list[str]]]]:
    """The first requests of each user's day that this segment has: the user, and values by kind of
    slice. A user with two at the same moment comes twice.

    Of slices that a request has before anybody answers: the served name is what is tried, and no
    slice.
    """
    of_user = UserDay.objects.filter(
        experiment=experiment,
        day=segment.start.date(),
        epoch=segment.epoch,
        unit=OuterRef("user_hash"),
        first=OuterRef("time"),
    )
    rows = requests_of(experiment, segment).filter(Exists(of_user))
    values = rows.values_list("user_hash", "source", "route", "language", "tags")
    for unit, source, route, language, tags in values.iterator(chunk_size=READ_AT_ONCE):
        slices = {"source": [source], "route": [route], "language": [language], "tag": tags}
        yield unit, {"all": [""], **slices}


_COUNTED = (
    "requests", "labelled_champion", "labelled_challenger", "named_champion", "named_challenger",
    "errors", "timed", "slow", "priced", "cost", "refusals", "closed",
)  # fmt: skip
_UNLABELLED = ~Q(arm__in=list(Variant))
"""Whoever names no arm of an experiment says none, whatever else is said."""


def _by_challenger(experiment: Experiment) -> Q:
    named = _UNLABELLED & Q(model_name=experiment.challenger_name)
    return Q(arm=Variant.CHALLENGER) | named


def _counts(experiment: Experiment, closed_by: datetime) -> dict[str, Any]:
    slow_ms = experiment.plan.slow_ms
    conditions = {
        "labelled_champion": Q(arm=Variant.CHAMPION),
        "labelled_challenger": Q(arm=Variant.CHALLENGER),
        "named_champion": _UNLABELLED & Q(model_name=experiment.champion_name),
        "named_challenger": _UNLABELLED & Q(model_name=experiment.challenger_name),
        "errors": ERROR,
        "slow": Q(pk__in=[]) if slow_ms is None else Q(latency_ms__gt=slow_ms),
        "refusals": ENDED_AS_REFUSED,
        "closed": Q(time__lte=closed_by),
    }
    return {
        "first": Min("time"),
        "exposed": Max("time", filter=_by_challenger(experiment)),
        "requests": Count("key"),
        "timed": Count("latency_ms"),
        "priced": Count("cost_usd"),
        "cost": Sum("cost_usd", default=0.0),
        **{name: Count("key", filter=condition) for name, condition in conditions.items()},
    }


def _answered(
    variant: Variant | None,
    labelled_champion: int,
    labelled_challenger: int,
    named_champion: int,
    named_challenger: int,
) -> tuple[int, int, int]:
    """How many requests the assigned arm answered, the champion where nobody said an arm and the
    challenger was assigned, and the other arm."""
    champion, challenger = (
        labelled_champion + named_champion,
        labelled_challenger + named_challenger,
    )
    if variant is Variant.CHALLENGER:
        return challenger, named_champion, labelled_champion
    return champion, 0, challenger
