"""Shares of a week's requests by slice, and next to those of a test set's items."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from django.db.models import Q

from evalhub.accounts.models import Project
from evalhub.declare.amounts import Probability, Size
from evalhub.declare.declaration import Declaration
from evalhub.declare.slice_shares import BY_NAME, SharedKind, SliceShare, SliceShares
from evalhub.features.monitoring.inputs.item_slices import ItemSlices, slices_of_item
from evalhub.features.monitoring.inputs.user_counts import UserCounts
from evalhub.features.traffic.keeping import settings_of
from evalhub.features.traffic.questions import UserQuestion
from evalhub.features.traffic.shadow.items import characters_label
from evalhub.registry.models import ProductionShares, TestSetVersion
from evalhub.stats.user_shares import UserShare, user_share

MOST_VALUES = 100
"""Slices of one kind that are stored, the largest."""
MOST_SHOWN = 10
"""Slices of a test set that are shown, with the largest differences."""


class ValueShare(Declaration):
    """Share of the requests, with its 95% limits."""

    value: str
    share: Probability
    lower: Probability
    upper: Probability


class ProductionWeek(Declaration):
    """A week of production: the shares of its slices by kind, that with most requests first.

    The length of a request is here that of the question, in characters: tokens of an item are not
    known. It is of stored texts, and lacks where none are stored.
    """

    week: str
    requests: Size
    users: Size
    kinds: dict[SharedKind, tuple[ValueShare, ...]]


def production_week(
    week: str, counts: Mapping[SharedKind, UserCounts], questions: Sequence[UserQuestion]
) -> ProductionWeek:
    """Shares of a week's requests. Kinds of which nothing is known are left out."""
    lengths = [characters_label(len(question.text)) for question in questions]
    weights = [float(question.stands_for) for question in questions]
    kinds = {kind: tuple(_shares(of_kind)) for kind, of_kind in counts.items()}
    kinds[SharedKind.LENGTH] = tuple(
        _value_share(
            label,
            user_share(
                [w * (each == label) for each, w in zip(lengths, weights, strict=True)], weights
            ),
        )
        for label in sorted(set(lengths))
    )
    requests = next(iter(counts.values())).requests
    return ProductionWeek(
        week=week,
        requests=int(requests.sum()),
        users=len(requests),
        kinds={kind: rows for kind, rows in kinds.items() if any(row.value for row in rows)},
    )


def compare_test_sets(project: Project, week: ProductionWeek, now: datetime) -> None:
    """Store how each test set's items differ from this week, where it isn't stored yet.

    Of each test set the newest version, and those that studies wait for. A query for each that is
    new.
    """
    stale = Q(production_shares=None) | ~Q(production_shares__shares__week=week.week)
    awaited = Q(studies__isnull=False, studies__study__decisions=None)
    newest = TestSetVersion.objects.newest().filter(test_set__project=project).order_by()
    versions = TestSetVersion.objects.filter(stale, test_set__project=project, item_count__gt=0)
    languages = settings_of(project).languages
    for version in versions.filter(awaited | Q(pk__in=newest.values("pk"))).distinct():
        rows = version.items.order_by().values_list("tags", "input").iterator()
        slices = (slices_of_item(tags, asked, languages) for tags, asked in rows)
        shares = shares_beside(week, slices, size=version.item_count)
        ProductionShares.objects.update_or_create(
            version=version, defaults={"shares": shares, "counted": now}
        )


def shares_beside(week: ProductionWeek, items: Iterable[ItemSlices], *, size: int) -> SliceShares:
    """A week next to items, of which there are `size`."""
    tallies: dict[SharedKind, Counter[str]] = {kind: Counter() for kind in SharedKind}
    for slices in items:
        for kind, values in slices.items():
            tallies[kind].update(values or {""})
    unmatched = tuple(kind for kind in SharedKind if not _has_match(week, kind, tallies[kind]))
    rows = [
        row
        for kind in SharedKind
        if kind not in unmatched
        for row in _rows(week, kind, tallies[kind])
    ]
    rows.sort(key=lambda row: (-abs(row.production - row.items / size), row.kind, row.value))
    return SliceShares(
        week=week.week,
        requests=week.requests,
        users=week.users,
        size=size,
        slices=tuple(rows[:MOST_SHOWN]),
        unmatched=unmatched,
    )


def _has_match(week: ProductionWeek, kind: SharedKind, items: Counter[str]) -> bool:
    """Whether the kind can be compared: of routes and tags only where some item has one of those
    that production has."""
    values = {row.value for row in week.kinds.get(kind, ())} - {""}
    return bool(values & items.keys()) if kind in BY_NAME else bool(values)


def _rows(week: ProductionWeek, kind: SharedKind, items: Counter[str]) -> Iterator[SliceShare]:
    """Of all values; those that no request has are of the items alone, but where the week's list
    was cut."""
    shares = {row.value: row for row in week.kinds[kind]}
    if len(shares) < MOST_VALUES:
        nobody = user_share([0.0] * week.users, [1.0] * week.users)
        for value in items.keys() - shares.keys():
            shares[value] = _value_share(value, nobody)
    for value, row in shares.items():
        yield SliceShare(
            kind=kind,
            value=value[:100],
            production=row.share,
            lower=row.lower,
            upper=row.upper,
            items=items[value],
        )


def _shares(counts: UserCounts) -> Iterator[ValueShare]:
    for column, value in enumerate(counts.values[:MOST_VALUES]):
        yield _value_share(value, user_share(counts.of_value(column), counts.requests))


def _value_share(value: str, share: UserShare) -> ValueShare:
    return ValueShare(value=value, share=share.share, lower=share.lower, upper=share.upper)
