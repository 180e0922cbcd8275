"""Near-copies of items in a decision: of items looked at before, and of each other."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence

from django.db.models import Exists, OuterRef, Q

from evalhub.decision.sections.copies import (
    CopiesRow,
    CopiesSection,
    caveat_on_copies,
    caveats_on_repeats,
    of_looked_at,
)
from evalhub.declare.caveats import Caveat
from evalhub.declare.policy import LedgerScope
from evalhub.io.canonical import digest_of
from evalhub.io.items import question_of
from evalhub.ledger.leakage.copies import ItemWords, copies_between, copies_within
from evalhub.ledger.ledger import Claim, paying_claims
from evalhub.ledger.models import Look, NearCopies
from evalhub.ledger.same_items import SameItems
from evalhub.registry.models import Item, TestSetVersion
from evalhub.registry.same_items import shows_context

MOST_ITEMS = 100_000
"""In larger versions nobody looks for near-copies: their words are held in memory."""
AT_ONCE = 2_000


def look_for_repeats(versions: Collection[TestSetVersion]) -> None:
    """Search each version for near-copies among its own items, unless that was done before."""
    near_copies = NearCopies.objects.filter(version__in=versions)
    looked_in = {
        of for of, earlier in near_copies.values_list("version", "earlier") if of == earlier
    }
    for version in dict.fromkeys(versions):
        if version.pk not in looked_in and version.item_count <= MOST_ITEMS:
            _keep(version, version, copies_within(_item_words(version)))


def copies_of(
    claims: Sequence[Claim],
    *,
    counts: LedgerScope,
    shared: SameItems,
    accepted: Callable[[str], str],
) -> tuple[CopiesSection | None, list[Caveat]]:
    """The record's section on near-copies, and its caveats.

    Of what counts, where any ledger does, those of items looked at before are looked for, and hold
    a ship from half of the items on until somebody has accepted them.

    Args:
        accepted: by a caveat's subject, the reason of who accepted it; "" where nobody has.
    """
    paying = [] if counts == "off" else paying_claims(claims, counts)
    by_name = {claim.name: claim.version for claim in claims}
    repeated, before = _count_copies(by_name.values(), {each.version.pk for each in paying}, shared)
    rows, caveats = list[CopiesRow](), list[Caveat]()
    for name, version in by_name.items():
        copies = before.get(version.pk, {})
        row = CopiesRow(
            test_set=name,
            items=version.item_count,
            looked_at=len({position for positions in copies.values() for position in positions}),
            repeated=repeated.get(version.pk, 0),
        )
        if row.looked_at or row.repeated:
            rows.append(row)
        if of_looked_at(row):
            subject = _subject(version, copies)
            caveats.append(caveat_on_copies(row, subject=subject, accepted=accepted(subject)))
    if not rows:
        return None, []
    section = CopiesSection(test_sets=tuple(rows))
    return section, [*caveats, *caveats_on_repeats(section)]


def _count_copies(
    versions: Collection[TestSetVersion], paid: Collection[int], shared: SameItems
) -> tuple[dict[int, int], dict[int, dict[int, list[int]]]]:
    """By version, how many items are near-copies of its others; and for versions that pay, by
    earlier version the items that are near-copies of that one's."""
    small = {each.pk: each for each in versions if each.item_count <= MOST_ITEMS}
    rows = _rows(small)
    looked_in, seen = {of for of, *_ in rows}, {of for of, *_, looked in rows if looked}
    new, unseen = small.keys() - looked_in, small.keys() & {*paid} - seen
    if new or unseen:
        look_for_repeats([small[each] for each in sorted(new)])
        for pk in sorted(unseen):
            _look_in_looked_at(small[pk], shared)
        rows = _rows(small)
    repeated = {of: len(items) for of, earlier, items, _ in rows if of == earlier}
    before = defaultdict[int, dict[int, list[int]]](dict)
    for of, earlier, items, _ in rows:
        if of != earlier and of in paid and items:
            before[of][earlier] = items
    return repeated, before


def _rows(versions: Collection[int]) -> list[tuple[int, int, list[int], bool]]:
    """(version, version it copies, positions, whether the version was looked at) of all stored
    results."""
    seen = Look.objects.filter(test_set_version=OuterRef("version"))
    near_copies = NearCopies.objects.filter(version__in=versions).annotate(seen=Exists(seen))
    columns = "version", "earlier", "positions", "seen"
    return list(near_copies.order_by("id").values_list(*columns))


def _look_in_looked_at(version: TestSetVersion, shared: SameItems) -> None:
    """Search for near-copies of items that were looked at before this version's items, or are free
    to read, unless that was done before.

    What shares an item with the version is charged already.
    """
    looks = Look.objects.order_by()
    first = looks.filter(test_set_version=version).order_by("pk").first()
    if first is not None:
        looks = looks.filter(pk__lt=first.pk).exclude(study=first.study_id)
    looked = Q(pk__in=looks.values("test_set_version")) | Q(peeks__isnull=False)
    looked |= Q(read_freely=True)
    looked_in = NearCopies.objects.filter(version=version).values_list("earlier", flat=True)
    others = TestSetVersion.objects.filter(looked, item_count__lte=MOST_ITEMS)
    item_words = None
    for other in others.exclude(pk__in=[*shared.of(version), *looked_in]).order_by("pk").distinct():
        item_words = item_words or _item_words(version)
        _keep(version, other, copies_between(item_words, _item_words(other)))


def _keep(version: TestSetVersion, earlier: TestSetVersion, positions: list[int]) -> None:
    NearCopies.objects.get_or_create(
        version=version, earlier=earlier, defaults={"positions": positions}
    )


def _subject(version: TestSetVersion, earlier: Collection[int]) -> str:
    """Subject of the acceptance: that these items are new compared with those."""
    others = TestSetVersion.objects.filter(pk__in=earlier).order_by("digest")
    return digest_of(
        {"new": version.digest, "beside": list(others.values_list("digest", flat=True))}
    )


def _item_words(version: TestSetVersion) -> ItemWords:
    return ItemWords.of(_texts(version))


def _texts(version: TestSetVersion) -> Iterator[str]:
    """Text of each item in order, with the context where only that distinguishes items and a prompt
    shows it; "" for a redacted item."""
    whole = not version.told_apart_by_input and version.pk in shows_context([version.pk])
    rows = Item.objects.filter(version=version).order_by("position")
    columns = "input", "context", "redacted"
    for input_, context, redacted in rows.values_list(*columns).iterator(chunk_size=AT_ONCE):
        text = question_of(input_)
        yield "" if redacted else f"{text}\n{context}" if whole else text
