"""Which versions of test sets share items with which."""

import datetime
from dataclasses import dataclass, field
from functools import lru_cache

from django.db.models import Count, Max

from evalhub.registry.models import TestSetVersion
from evalhub.registry.same_items import apart_by_context, sharing_items


@dataclass(slots=True)
class SameItems:
    """Versions that share items, queried once while several arms are decided."""

    found: dict[int, frozenset[int]] = field(default_factory=dict)

    def of(self, version: TestSetVersion) -> frozenset[int]:
        """Ids of the versions that share an item with this one, this one included.

        A few queries, of which one goes through all its items: what that found is kept in memory
        until there is another version, or an arm shows another's contexts.
        """
        if version.pk not in self.found:
            state = TestSetVersion.objects.aggregate(count=Count("pk"), newest=Max("created"))
            self.found[version.pk] = _sharing(
                version.pk, version.created, apart_by_context(version), **state
            )
        return self.found[version.pk]


@lru_cache(maxsize=256)
def _sharing(
    version: int,
    created: datetime.datetime,
    by_context: frozenset[int],
    *,
    count: int,
    newest: datetime.datetime,
) -> frozenset[int]:
    """Cached by count and newest: versions never change once they exist."""
    return sharing_items(TestSetVersion(pk=version), by_context)
