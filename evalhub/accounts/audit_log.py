"""The audit log: who did what, noted in the same transaction as the act, and never changed."""

from collections.abc import Iterable
from typing import Any

from django.db import connection, transaction

from evalhub.accounts.models import Action, LogEntry, Project, User

LONGEST = 300


def note(
    action: Action,
    *,
    by: User | None,
    project: Project | None = None,
    about: User | None = None,
    what: str = "",
    **detail: Any,
) -> LogEntry:
    """Adds an entry, in the transaction of the act that it tells of: both are kept, or neither.

    `by` is None for the operator at the command line and for the site's own timer. `about` is to
    whom it was done. Neither `what` nor `detail` holds a secret, a person's name or address, which
    model an answer is of, or a vote: an entry can't be taken back.

    Raises:
        TransactionManagementError: outside of a transaction.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError(f"{action} is noted outside of its act")
    return LogEntry.objects.create(
        action=action, by=by, about=about, project=project, what=what[:LONGEST], detail=detail
    )


def note_once(action: Action, *, by: User | None, project: Project, what: str) -> None:
    """Notes what a page did by being opened; the same again by the same person isn't news."""
    note_each_once(action, by=by, whats=[(project.pk, what)])


def note_each_once(action: Action, *, by: User | None, whats: Iterable[tuple[int, str]]) -> None:
    """Like `note_once`, for several rows with their projects' ids. One query, or two if any row is
    new."""
    wanted = {(project, what[:LONGEST]) for project, what in whats}
    same = LogEntry.objects.filter(action=action, by=by, project__in={of for of, _ in wanted})
    existing = same.filter(what__in={what for _, what in wanted}).values_list("project", "what")
    if new := sorted(wanted - set(existing)):
        with transaction.atomic():
            LogEntry.objects.bulk_create(
                LogEntry(action=action, by=by, project_id=project, what=what)
                for project, what in new
            )
