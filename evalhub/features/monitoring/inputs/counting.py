"""Requests of whole weeks by slice, user by user. Mirrored copies are no requests of their own."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from django.db.models import Count

from evalhub.accounts.models import Project
from evalhub.declare.slice_shares import SharedKind
from evalhub.features.monitoring.inputs.user_counts import SliceRow, UserCounts, add_up
from evalhub.features.traffic.questions import READ_AT_ONCE, requests_between
from evalhub.features.traffic.storage.roll_ups import length_label

_COLUMNS = {
    SharedKind.LANGUAGE: "language",
    SharedKind.ROUTE: "route",
    SharedKind.TAG: "tags",
    SharedKind.LENGTH: "prompt_tokens",
}


def count_week(project: Project, first: date, end: date, kind: SharedKind) -> UserCounts:
    """The requests from one day to before another, by a kind of slice. A query."""
    return add_up(_rows(project, first, end, kind))


def users_between(project: Project, first: date, end: date) -> int:
    """Users of these days; a request without a user counts as one. Two queries."""
    rows = requests_between(project, first, end)
    named: int = rows.exclude(user_hash="").aggregate(n=Count("user_hash", distinct=True))["n"]
    return named + rows.filter(user_hash="").count()


def _rows(project: Project, first: date, end: date, kind: SharedKind) -> Iterator[SliceRow]:
    grouped = requests_between(project, first, end).values_list("user_hash", _COLUMNS[kind])
    for user, value, count in grouped.annotate(n=Count("key")).iterator(chunk_size=READ_AT_ONCE):
        yield user, _values(kind, value), count


def _values(kind: SharedKind, value: Any) -> tuple[str, ...]:
    """The slices that a request is in. One without tags is in that of no tag."""
    if kind is SharedKind.TAG:
        return tuple(dict.fromkeys(value)) or ("",)
    return (length_label(value),) if kind is SharedKind.LENGTH else (value,)
