"""Which requests may not be shown to whom, as they are items of a review or a study that goes on.

Who compares two answers must not find out in the traffic which of them production gave. So not only
a sampled request is hidden: a copy that a mirror answered shows the other answer, whatever joins
the two; who asked the same was answered by the same model; a later turn repeats the answer.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from evalhub.accounts.models import Project, User
from evalhub.registry.models import RunMetric, SampledRequest, TrafficSample
from reviews.models import Pair
from reviews.models.campaigns import OVER

type Columns = Mapping[str, str]
"""By a column of a sampled request, that of a row of traffic which must equal it."""

SAME: Columns = {"day": "day", "key": "key"}
ABOUT: Columns = {"day": "request_day", "key": "request_key"}
"""Of a signal."""
COPIES_AND_TURNS: Sequence[Columns] = (
    {"key": "mirror_of"},
    {"trace_id": "mirror_of"},
    {"trace_id": "trace_id"},
    {"conversation": "conversation"},
)
ALIKE: Sequence[Columns] = (SAME, *COPIES_AND_TURNS, {"content": "digest"})
"""How a request tells of a sampled one: it is the one, or a copy of it by name, by trace or by
content, or a turn of its conversation."""
MAY_BE_EMPTY = {"trace_id", "conversation"}

_GOES_ON = ~Q(campaign__state__in=OVER) & Q(campaign__seal="", campaign__unblinded=None)
"""Pairs of reviews that haven't ended."""


def before_reviewer(user: User, *joins: Columns) -> Exists:
    """Rows that tell of an item which is before this person: in a review that hasn't ended, or in
    a sealed study whose reviewer they are or were."""
    sealed = _sealed_versions(run__studies__arm__study__campaigns__reviewers__user=user)
    return _tell_of(_in_review(user) | Q(item__version__in=sealed), joins)


def before_reviewer_or_sealed(user: User, *joins: Columns) -> Exists:
    """Rows that tell of an item which is before this person, or which is in any sealed study."""
    return _tell_of(_in_review(user) | Q(item__version__in=_sealed_versions()), joins)


def in_sealed_study(*joins: Columns) -> Exists:
    """Rows that tell of an item of a study whose scores no decision has read."""
    return _tell_of(Q(item__version__in=_sealed_versions()), joins)


def in_review_or_sealed(*joins: Columns) -> Exists:
    """Rows that tell of an item of anybody's review that goes on, or of any sealed study."""
    pairs = Pair.objects.filter(_GOES_ON).order_by()
    hidden = Q(item__in=pairs.values("item")) | Q(item__version__in=_sealed_versions())
    return _tell_of(hidden, joins)


def sealed_samples(project: Project) -> "QuerySet[TrafficSample]":
    """The project's samples in a study whose scores no decision has read."""
    samples = TrafficSample.objects.filter(version__test_set__project=project)
    return samples.filter(version__in=_sealed_versions()).order_by()


def _sealed_versions(**of: object) -> "QuerySet[RunMetric, Any]":
    sealed = RunMetric.objects.filter(opened=None, run__studies__isnull=False, **of)
    return sealed.order_by().values("run__test_set_version")


def _in_review(user: User) -> Q:
    pairs = Pair.objects.filter(_GOES_ON, campaign__reviewers__user=user).order_by()
    return Q(item__in=pairs.values("item"))


def _tell_of(hidden: Q, joins: Sequence[Columns]) -> Exists:
    """Rows that one of the joins leads to such a sampled request. An empty text joins nothing.

    It is one condition, as six would take PostgreSQL longer to plan than to answer.
    """
    same = Q()
    for columns in joins:
        equal = Q(**{sampled: OuterRef(column) for sampled, column in columns.items()})
        for sampled in MAY_BE_EMPTY & columns.keys():
            equal &= ~Q(**{sampled: ""})
        same |= equal
    rows = SampledRequest.objects.filter(hidden, same, project=OuterRef("project"))
    return Exists(rows.order_by())
