"""Rows that weren't taken, counted by day and reason."""

from collections import defaultdict
from collections.abc import Iterable

from django.db.models import F
from django.utils import timezone

from evalhub.accounts.models import Project
from evalhub.features.traffic.flaws import Flaw
from evalhub.features.traffic.models import RefusedRows
from evalhub.features.traffic.rows import TrafficSource

LONGEST_EXAMPLE = 300


def count_refused(project: Project, source: TrafficSource, flaws: Iterable[Flaw]) -> None:
    """Adds to the counts of today, with the last message of a reason. Needs the project's lock."""
    by_reason: dict[str, list[Flaw]] = defaultdict(list)
    for flaw in flaws:
        by_reason[flaw.reason].append(flaw)
    for reason, same in by_reason.items():
        refused, _ = RefusedRows.objects.get_or_create(
            project=project, day=timezone.now().date(), source=source.value, reason=reason
        )
        example = str(same[-1])[:LONGEST_EXAMPLE]
        RefusedRows.objects.filter(pk=refused.pk).update(
            rows=F("rows") + len(same), example=example
        )
