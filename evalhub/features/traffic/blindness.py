"""Which requests may not be shown to whom, as they are items of a review or a study that goes on.

Who compares two answers must not find out in the traffic which of them production gave.
"""

from django.db.models import Exists, OuterRef, Q, QuerySet

from evalhub.accounts.models import User
from evalhub.registry.models import RunMetric, SampledRequest
from reviews.models import Pair
from reviews.models.campaigns import OVER


def is_under_review_by(user: User, *, key: str, day: str = "") -> Exists:
    """Whether the request is an item of a review of theirs that hasn't ended.

    Args:
        day, key: the columns that name the request; without a day it may be of any.
    """
    going = ~Q(campaign__state__in=OVER) & Q(campaign__seal="", campaign__unblinded=None)
    pairs = Pair.objects.filter(going, campaign__reviewers__user=user)
    return Exists(_sampled(day, key).filter(item__in=pairs.order_by().values("item")))


def is_in_sealed_study(*, day: str, key: str) -> Exists:
    """Whether the request is an item of a study whose scores no decision has read.

    Args:
        day, key: the columns that name the request.
    """
    sealed = RunMetric.objects.filter(opened=None, run__studies__isnull=False).order_by()
    versions = sealed.values("run__test_set_version")
    return Exists(_sampled(day, key).filter(item__version__in=versions))


def _sampled(day: str, key: str) -> "QuerySet[SampledRequest]":
    rows: QuerySet[SampledRequest] = SampledRequest.objects.filter(
        project=OuterRef("project"), key=OuterRef(key), **({"day": OuterRef(day)} if day else {})
    )
    return rows.order_by()
