"""Erase the items that were made from requests, wherever they are stored."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date

from django.db import transaction
from django.utils import timezone

from evalhub.accounts.leaving_nothing import leaving_nothing
from evalhub.accounts.models import Project
from evalhub.features.traffic.keeping import text_time
from evalhub.features.traffic.models import TrafficSettings
from evalhub.registry.models import Item, SampledRequest

AT_ONCE = 50
"""Items that one pass of the tidying redacts, at most: each reads all items and answers of its
version."""

type ItemRedaction = Callable[[Project, str, str], object]
"""Takes the text of an item out of a project, with all answers to it, by its test set and id."""
type TriedRedaction = Callable[[Project, str, str], bool]
"""The same, if nothing holds it: says whether it did."""


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


def redact_old_items(*, redact_item: TriedRedaction) -> int:
    """Redacts items whose requests' texts aren't kept any more: a sample keeps no text for longer.

    What can't be redacted yet, as a run or a review goes on, is left to the next time, and holds up
    no other item. Returns how many were redacted.
    """
    redacted = 0
    for project, test_set, key in _old_items():
        with transaction.atomic():
            redacted += redact_item(project, test_set, key)
        if redacted == AT_ONCE:
            break
    if redacted:
        with leaving_nothing():  # once for all, as that may take a while
            pass
    return redacted


def _old_items() -> Iterator[tuple[Project, str, str]]:
    """Items of requests that are older than their project keeps texts."""
    today = timezone.now().date()
    for settings in TrafficSettings.objects.select_related("project"):
        old = SampledRequest.objects.filter(
            project=settings.project_id, day__lt=today - text_time(settings)
        )
        items = Item.objects.filter(sampled_requests__in=old, redacted=None).distinct()
        names = list(items.order_by("pk").values_list("version__test_set__slug", "key"))
        yield from ((settings.project, test_set, key) for test_set, key in names)
