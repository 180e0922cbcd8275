"""Draw items for a question from a pool, unseen by anybody, to be judged on them.

The order in which a pool's items are drawn is fixed by its content. Items of a cluster are drawn
together, and none of a cluster of which an item was seen. How many are drawn is no part of the
question: who asks for more has those that were drawn for it, and new ones.
"""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Max, Q

from evalhub.registry.contents import content_digest
from evalhub.registry.models import Draw, Item, Study, StudyTestSet, TestSet, TestSetVersion
from evalhub.registry.same_items import items_elsewhere

NEW = 2000


class PoolError(Exception):
    """The pool has fewer unseen items than requested."""


@dataclass(frozen=True, slots=True)
class Unit:
    """Items that are drawn together: a cluster, or one item; `tag` is its tag of `mix`."""

    name: str
    items: Sequence[int]
    tag: str = ""


@transaction.atomic
def draw(
    *,
    pool: TestSetVersion,
    count: int,
    question: str,
    study: Study,
    mix: Mapping[str, float] | None = None,
) -> TestSetVersion:
    """Draw a version of `count` unseen items of the pool, or a few more to keep clusters whole.

    The same `question`, a digest of all that is judged on them, has the same items again: as many
    as it had where it asks for no more than that, else those and new ones. Seen is what a decision
    has read, what is read freely, and what another study waits to be judged on. With a `mix` the
    items keep its shares as long as there are some of each tag.

    Raises PoolError where fewer are left.
    """
    TestSet.objects.select_for_update().get(pk=pool.test_set_id)
    draws = Draw.objects.filter(pool=pool, question=question)
    drawn = sorted(
        (each.version for each in draws.select_related("version__test_set")),
        key=lambda version: version.item_count,
    )
    if enough := next((each for each in drawn if each.item_count >= count), None):
        return enough
    keys = set(drawn[-1].items.values_list("key", flat=True)) if drawn else set()
    had, units = _units(pool, study, mix, having=keys)
    left = sum(len(unit.items) for unit in units)
    more = count - len(keys)
    if left < more:
        raise PoolError(
            f"asks for {more:,} items that nobody has seen, and {left:,} of the "
            f"{pool.item_count:,} of {pool} are left: add new items to its file, or leave `draw` "
            "out and be judged on all of them as its ledger says"
        )
    chosen = [item for unit in had for item in unit.items]
    for unit in in_order(units, mix, pool.digest, drawn=had):
        chosen += unit.items
        if len(chosen) >= count:
            break
    version = _version_of(pool, chosen)
    # Who drew these items before and was never judged on them draws anew.
    Draw.objects.filter(version=version).delete()
    Draw.objects.create(pool=pool, version=version, question=question)
    return version


def count_unseen(pool: TestSetVersion) -> int:
    """How many of the pool's items a new question can still draw."""
    _, units = _units(pool, None, None)
    return sum(len(unit.items) for unit in units)


def in_order(
    units: Sequence[Unit],
    mix: Mapping[str, float] | None,
    seed: str,
    *,
    drawn: Sequence[Unit] = (),
) -> Iterator[Unit]:
    """The units in drawing order: by a hash, and so that each tag of the mix keeps its share over
    these and the `drawn` ones."""

    def rank(unit: Unit) -> bytes:
        return hashlib.sha256(f"{seed}\0{unit.name}".encode()).digest()

    waiting: dict[str, list[Unit]] = defaultdict(list)
    for unit in sorted(units, key=rank, reverse=True):
        waiting[unit.tag].append(unit)
    counts = dict.fromkeys(waiting, 0)
    for unit in drawn:
        counts[unit.tag] = counts.get(unit.tag, 0) + len(unit.items)
    while waiting:
        behind = min(waiting, key=lambda tag: (counts[tag] / (mix or {}).get(tag, 1.0), tag))
        unit = waiting[behind].pop()
        counts[behind] += len(unit.items)
        if not waiting[behind]:
            del waiting[behind]
        yield unit


def _units(
    pool: TestSetVersion,
    study: Study | None,
    mix: Mapping[str, float] | None,
    *,
    having: Collection[str] = (),
) -> tuple[list[Unit], list[Unit]]:
    """Units that hold items of these ids, and units that can be drawn beside them, in the pool's
    order."""
    seen = _items_seen(pool, study)
    members: dict[str, list[tuple[int, list[str], bool, bool]]] = defaultdict(list)
    rows = pool.items.order_by("position").values_list("pk", "key", "cluster", "tags")
    for item, key, cluster, tags in rows:
        name = f"cluster {cluster}" if cluster else f"item {key}"
        members[name].append((item, tags, item in seen, key in having))
    had, fresh = list[Unit](), list[Unit]()
    for name, together in members.items():
        tags = together[0][1]
        tag = next((each for each in tags if each in mix), "") if mix else ""
        unit = Unit(name, [item for item, *_ in together], tag)
        if any(is_known for *_, is_known in together):
            had.append(unit)
        elif not any(read for *_, read, _ in together):
            fresh.append(unit)
    return had, fresh


def _items_seen(pool: TestSetVersion, study: Study | None) -> set[int]:
    """Primary keys of the pool's items that somebody has seen, or that another study waits for."""
    waited_for = StudyTestSet.objects.filter(test_set_version__pool__isnull=False)
    if study is not None:
        waited_for = waited_for.exclude(study=study)
    read = TestSetVersion.objects.filter(
        Q(read_freely=True)
        | Q(runs__metrics__opened__isnull=False)
        | Q(looks__isnull=False)
        | Q(studies__in=waited_for)
    )
    versions = set(read.order_by().values_list("pk", flat=True))
    return {each.id for each in items_elsewhere(pool, versions)}


def _version_of(pool: TestSetVersion, items: Sequence[int]) -> TestSetVersion:
    """The version with exactly these items of the pool, in its order."""
    rows = list(Item.objects.filter(pk__in=items).order_by("position"))
    digest = content_digest(rows)
    test_set = pool.test_set
    if same := test_set.versions.filter(digest=digest).first():
        return same
    newest = test_set.versions.aggregate(newest=Max("number"))["newest"]
    version: TestSetVersion = TestSetVersion.objects.create(
        test_set=test_set,
        number=newest + 1,
        digest=digest,
        item_count=len(rows),
        distinct_inputs=len({row.fingerprint for row in rows}),
        source=f"drawn from {pool}",
        pool=pool,
    )
    for position, row in enumerate(rows):
        row.pk, row.version, row.position = None, version, position
    Item.objects.bulk_create(rows, batch_size=NEW)
    return version
