"""What is written in many short transactions and seen all at once, or never.

SQLite has one writer: whoever writes a large file in one transaction keeps everybody's judgments
waiting. So a version of a test set, or a run of recorded answers, begins as a draft, which no
query finds; its rows are written batch by batch; and one short transaction makes it what it is.
A draft whose writer isn't heard of any more is taken away by the next one who writes.
"""

import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from evalhub.registry.models import Item, Output, Run, TestSet, TestSetVersion

LEASE = datetime.timedelta(minutes=10)
ROWS = 2_000
"""Rows that one transaction writes or takes away, at most."""
BYTES = 4 * 1024 * 1024
"""Of text that one transaction writes, or one row's."""


class DraftLostError(Exception):
    """A draft was taken away while it was written: nothing of it is there."""


def leased() -> datetime.datetime:
    """Until when a draft is its writer's from now on."""
    return timezone.now() + LEASE


def renew(draft: TestSetVersion | Run) -> None:
    """Says that the draft's writer lives; for the transaction of a batch. Raises DraftLostError."""
    kept = type(draft).with_drafts.filter(pk=draft.pk, draft_until__isnull=False)
    if not kept.update(draft_until=leased()):
        raise DraftLostError(
            "what was written so far was taken away, as it took too long; nothing is there of it"
        )


def drop(draft: TestSetVersion | Run) -> None:
    """Takes a draft away with all that was written of it. Harmless where it is none any more."""
    found = type(draft).with_drafts.filter(pk=draft.pk, draft_until__isnull=False)
    if found.update(draft_until=timezone.now()):
        _take_away(draft)


def drop_left_over() -> int:
    """Takes the drafts away whose writers have ended without a word; how many there were."""
    left = Q(draft_until__lt=timezone.now())
    drafts = [*Run.with_drafts.filter(left), *TestSetVersion.with_drafts.filter(left)]
    for draft in drafts:
        _take_away(draft)
    return len(drafts)


def _take_away(draft: TestSetVersion | Run) -> None:
    if isinstance(draft, TestSetVersion):
        for run in Run.with_drafts.filter(test_set_version=draft, draft_until__isnull=False):
            _take_away(run)
        rows: QuerySet[Any] = Item.objects.filter(version=draft).order_by()
    else:
        rows = Output.objects.filter(run=draft).order_by()
    while some := list(rows.values_list("pk", flat=True)[:ROWS]):
        with transaction.atomic():
            rows.filter(pk__gte=min(some), pk__lte=max(some))._raw_delete(rows.db)
    with transaction.atomic():
        type(draft).with_drafts.filter(pk=draft.pk, draft_until__isnull=False).delete()
        if isinstance(draft, TestSetVersion):
            empty = ~Q(pk__in=TestSetVersion.with_drafts.values("test_set"))
            TestSet.objects.filter(empty, pk=draft.test_set_id).delete()
