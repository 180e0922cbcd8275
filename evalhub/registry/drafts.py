"""What is written in many short transactions and seen all at once, or never.

SQLite has one writer: whoever writes a large file in one transaction keeps everybody's judgments
waiting. So a version of a test set, a run of recorded answers, or the version of a model that an
upload makes for them, begins as a draft, which no query finds; its rows are written batch by batch;
and one short transaction makes it what it is. A draft whose writer isn't heard of any more is taken
away by the site itself (`evalhub.studies.run.tidying`), or by the next one who writes.
"""

import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from evalhub.registry.models import (
    Item,
    Model,
    ModelVersion,
    Output,
    Run,
    TestSet,
    TestSetVersion,
)

type Draft = TestSetVersion | ModelVersion | Run

LEASE = datetime.timedelta(minutes=10)
ROWS = 500
"""Rows that one transaction writes or takes away, at most: about 50 ms on SQLite, for which
everybody else who writes waits."""
BYTES = 1024 * 1024
"""Of text that one transaction writes, or one row's."""


class DraftLostError(Exception):
    """A draft was taken away while it was written: nothing of it is there."""


def lease_end(lease: datetime.timedelta = LEASE) -> datetime.datetime:
    """Until when a draft is its writer's from now on."""
    return timezone.now() + lease


def renew(draft: Draft, lease: datetime.timedelta = LEASE) -> None:
    """Says that the draft's writer lives; for the transaction of a batch. Raises DraftLostError.

    With a run goes what was made for it: its answers may take longer to write than a lease lasts.
    """
    for row in [draft, *_made_for(draft)]:
        kept = type(row).with_drafts.filter(pk=row.pk, draft_until__isnull=False)
        if not kept.update(draft_until=lease_end(lease)):
            raise DraftLostError(
                "what was written so far was taken away, as it took too long; nothing is there of "
                "it"
            )


def _made_for(draft: Draft) -> list[Draft]:
    of: list[Draft] = [draft.test_set_version, draft.version] if isinstance(draft, Run) else []
    return [row for row in of if row.draft_until is not None]


def drop(draft: Draft) -> None:
    """Deletes a draft with all its rows. Harmless if it is no draft any more."""
    found = type(draft).with_drafts.filter(pk=draft.pk, draft_until__isnull=False)
    if found.update(draft_until=timezone.now()):
        _take_away(draft)


def drop_left_over() -> int:
    """Takes the drafts away whose writers have ended without a word; how many there were."""
    left = Q(draft_until__lt=timezone.now())
    drafts: list[Draft] = [
        *Run.with_drafts.filter(left),
        *TestSetVersion.with_drafts.filter(left),
        *ModelVersion.with_drafts.filter(left),
    ]
    for draft in drafts:
        _take_away(draft)
    return len(drafts)


def _take_away(draft: Draft) -> None:
    if isinstance(draft, Run):
        _delete(Output.objects.filter(run=draft))
        _delete_itself(draft)
        return
    of = "version" if isinstance(draft, ModelVersion) else "test_set_version"
    for run in Run.with_drafts.filter(**{of: draft}, draft_until__isnull=False):
        _take_away(run)
    if isinstance(draft, TestSetVersion):
        _delete(Item.objects.filter(version=draft))
    _delete_itself(draft)


def _delete(rows: QuerySet[Any]) -> None:
    rows = rows.order_by()
    while some := list(rows.values_list("pk", flat=True)[:ROWS]):
        with transaction.atomic():
            rows.filter(pk__gte=min(some), pk__lte=max(some))._raw_delete(rows.db)


@transaction.atomic
def _delete_itself(draft: Draft) -> None:
    """The draft's own row, and what it was the only version of.

    That is locked before it is looked at: somebody could just begin another version of it.
    """
    if isinstance(draft, TestSetVersion):
        TestSet.objects.select_for_update().filter(pk=draft.test_set_id).first()
    elif isinstance(draft, ModelVersion):
        Model.objects.select_for_update().filter(pk=draft.model_id).first()
    type(draft).with_drafts.filter(pk=draft.pk, draft_until__isnull=False).delete()
    if isinstance(draft, TestSetVersion):
        empty = ~Q(pk__in=TestSetVersion.with_drafts.values("test_set"))
        TestSet.objects.filter(empty, pk=draft.test_set_id).delete()
    elif isinstance(draft, ModelVersion):
        empty = ~Q(pk__in=ModelVersion.with_drafts.values("model"))
        Model.objects.filter(empty, pk=draft.model_id).delete()
