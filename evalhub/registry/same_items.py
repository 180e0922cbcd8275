"""Shared items: which items of a test set version other versions of this home ask too.

An item is known by its own text, whatever its spelling, and a context makes none new. Only where
neither version's own texts tell 95% of its items apart (one question about a thousand documents),
and an arm's prompt shows the contexts of both, the context belongs to what is asked.
"""

from collections.abc import Collection
from dataclasses import dataclass

from evalhub.declare.prompt import Prompt
from evalhub.registry.models import Item, StudyArm, TestSetVersion

RECORDED = "recorded"


@dataclass(frozen=True, slots=True)
class ItemElsewhere:
    """An item of one version that another asks, too; `version` is the newest of those."""

    id: int
    key: str
    version: int


def shows_context(versions: Collection[int]) -> frozenset[int]:
    """Of these test set versions those whose contexts the prompt of an arm shows.

    That is by what the arms' specifications say. Of recorded answers whose arm has no template
    nobody knows: where only contexts tell the items apart, they were most likely shown. A
    retriever's contexts are the arm's own, and no item's.
    """
    if not versions:
        return frozenset()
    of = "study__test_sets__test_set_version"
    arms = StudyArm.objects.filter(**{f"{of}__in": versions}).order_by()
    return frozenset(
        version
        for version, prompt, backend in arms.values_list(
            of, "version__prompt", "version__backend"
        ).iterator()
        if prompt.retriever is None
        and (prompt.needs_context or (backend["type"] == RECORDED and prompt == Prompt()))
    )


def apart_by_context(version: TestSetVersion) -> frozenset[int]:
    """The versions from which only a context tells this one's items apart, where it may: itself
    among them, or none."""
    if version.told_apart_by_input:
        return frozenset()
    others = TestSetVersion.objects.not_told_apart_by_input().values_list("pk", flat=True)
    showing = shows_context(set(others.order_by()) | {version.pk})
    return showing if version.pk in showing else frozenset()


def sharing_items(version: TestSetVersion, by_context: frozenset[int]) -> frozenset[int]:
    """The versions that ask something that this one asks too, itself included.

    Neither another name, another order nor another spelling makes items new, nor a context but
    from the versions `by_context` (see apart_by_context).
    """
    mine = Item.objects.filter(version=version).order_by()
    shared = Item.objects.asking_the_same_as(mine).values("version").distinct()
    seen = set(TestSetVersion.objects.filter(pk__in=shared).values_list("pk", flat=True))
    if doubtful := (seen & by_context) - {version.pk}:
        own = set(mine.values_list("fingerprint_in_context", flat=True))
        rows = Item.objects.filter(version__in=doubtful).order_by()
        pairs = rows.values_list("version", "fingerprint_in_context").iterator(chunk_size=5000)
        seen -= doubtful - {other for other, fingerprint in pairs if fingerprint in own}
    return frozenset(seen)


def items_elsewhere(version: TestSetVersion, others: Collection[int]) -> list[ItemElsewhere]:
    """The items of a version, in order, that one of `others` asks, too."""
    by_context = apart_by_context(version)
    mine = Item.objects.filter(version=version)
    rows = Item.objects.asking_the_same_as(mine.order_by())
    columns = "fingerprint", "fingerprint_in_context", "version"
    newest: dict[int, int] = {}
    in_context: dict[int, int] = {}
    for fingerprint, whole, other in rows.values_list(*columns).distinct().iterator():
        if other in others:
            seen, by = (in_context, whole) if other in by_context else (newest, fingerprint)
            seen[by] = max(other, seen.get(by, 0))
    items = mine.order_by("position").values_list("pk", "key", *columns[:2])
    return [
        ItemElsewhere(pk, key, max(newest.get(fingerprint, 0), in_context.get(whole, 0)))
        for pk, key, fingerprint, whole in items
        if fingerprint in newest or whole in in_context
    ]
