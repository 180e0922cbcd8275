"""Erase the items that were made from requests, wherever they are stored."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta

from django.db import transaction
from django.utils import timezone

from evalhub.accounts.leaving_nothing import leaving_nothing
from evalhub.accounts.models import Project
from evalhub.features.traffic.models import TrafficSettings
from evalhub.registry.models import Item, SampledRequest

AT_ONCE = 50
"""Items that one pass of the tidying redacts: each reads all items and answers of its version."""

type ItemRedaction = Callable[[Project, str, str], object]
"""Takes the text of an item out of a project, with all answers to it, by its test set and id."""


def erase_items(
    project: Project, day: date, keys: Sequence[str], *, redact_item: ItemRedaction
) -> Mapping[str, int]:
    """Redacts the items that were made from these requests; an `evalhub.features.traffic.erase`
    eraser. Scores, digests and decisions stay, and so does the text's fingerprint.

    An item that others asked too goes all the same.

    Raises what `redact_item` raises: a run on an item goes on, or a review shows it now.
    """
    sampled = SampledRequest.objects.filter(project=project, day=day, key__in=keys)
    items = Item.objects.filter(sampled_requests__in=sampled, redacted=None).distinct()
    rows = list(items.order_by("pk").values_list("version__test_set__slug", "key"))
    for test_set, key in rows:
        redact_item(project, test_set, key)
    sampled.delete()
    return {"items": len(rows)}


def redact_old_items(*, redact_item: ItemRedaction) -> int:
    """Redacts items whose requests' texts aren't kept any more: a sample keeps no text for longer.

    What can't be redacted yet, as a run or a review goes on, `redact_item` leaves to the next time.
    Returns how many were tried.
    """
    old = [each for settings in TrafficSettings.objects.all() for each in _old_items(settings)]
    if old:
        with leaving_nothing():  # once for all, as that may take a while
            for project, test_set, key in old[:AT_ONCE]:
                with transaction.atomic():
                    redact_item(project, test_set, key)
    return len(old[:AT_ONCE])


def _old_items(settings: TrafficSettings) -> list[tuple[Project, str, str]]:
    """Some items of requests that are older than the project keeps texts."""
    days = timedelta(days=min(settings.text_days, settings.days))
    old = SampledRequest.objects.filter(
        project=settings.project_id, day__lt=timezone.now().date() - days
    )
    items = Item.objects.filter(sampled_requests__in=old, redacted=None).distinct().order_by("pk")
    names = items.values_list("version__test_set__slug", "key")[:AT_ONCE]
    return [(settings.project, test_set, key) for test_set, key in names]
