"""Which versions of test sets share items with which."""

import datetime
from dataclasses import dataclass, field
from functools import lru_cache

from django.db.models import Count, Max

from evalhub.registry.models import TestSetVersion


@dataclass(slots=True)
class SameItems:
    """Which versions share an item with which: asked once while several arms are decided."""

    found: dict[int, frozenset[int]] = field(default_factory=dict)

    def of(self, version: TestSetVersion) -> frozenset[int]:
        """Ids of the versions that share an item with this one, itself included.

        Two queries, of which one goes through all its items: what that found is kept in memory
        until there is another version.
        """
        if version.pk not in self.found:
            there = TestSetVersion.objects.aggregate(count=Count("pk"), newest=Max("created"))
            self.found[version.pk] = _sharing(version.pk, version.created, **there)
        return self.found[version.pk]


@lru_cache(maxsize=256)
def _sharing(
    version: int, created: datetime.datetime, *, count: int, newest: datetime.datetime
) -> frozenset[int]:
    """Versions stay as they are once they are seen, so that the same number are the same."""
    sharing = TestSetVersion.objects.sharing_items_with([TestSetVersion(pk=version)])
    return frozenset(sharing.order_by().values_list("pk", flat=True))
