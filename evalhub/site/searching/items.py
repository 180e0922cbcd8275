"""Search items by id and by text, however many there are.

An id is found among all items, by an index. A text is looked for by reading, and so in a bounded
number of items: those of the newest version of each test set, the newest test sets first.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Q

from evalhub.accounts.models import User
from evalhub.registry.models import Item, TestSetVersion
from evalhub.report.flips import input_text, references_text
from evalhub.site.items.naming import item_address

READ = 50_000
"""Items whose texts are read."""
LOOKED_AT = 200
"""Of those in which the text was found: the JSON of a message has words of its own."""
SHOWN = 20
AROUND = 80
"""Characters of an item's text that are shown on either side of what was found."""


@dataclass(frozen=True, slots=True)
class FoundItem:
    """An item, and the passage of its text that matches."""

    item: Item
    url: str
    before: str
    found: str
    after: str


@dataclass(frozen=True, slots=True)
class ItemHits:
    """Items with a text. `read` of `of` items were read for it; `more`: not all are shown."""

    items: list[FoundItem]
    read: int
    of: int
    more: bool

    @property
    def cut(self) -> bool:
        return self.read < self.of


def find_items(user: User, text: str) -> ItemHits:
    """Items with this id, then items whose text holds it, ignoring case. Four queries at most."""
    seen = TestSetVersion.objects.visible_to(user)
    newest = list(seen.newest().order_by("-created", "-pk").values_list("pk", "item_count"))
    parts, read = _readable(newest)
    items = Item.objects.select_related("version__test_set__project")
    by_key = items.filter(version__in=seen.filter(pool=None).order_by().values("pk"), key=text)
    results = [_excerpt(each, text) for each in by_key.order_by("-version_id", "position")[:SHOWN]]
    seen_pks = {each.item.pk for each in results}
    hits: list[Item] = []
    for where in parts:
        matching = items.filter(where).with_text(text).order_by("-version_id", "position")
        hits += matching[: LOOKED_AT - len(hits)]
    results += [each for each in _holding(hits, text) if each.item.pk not in seen_pks]
    more = len(results) > SHOWN or len(hits) == LOOKED_AT
    return ItemHits(results[:SHOWN], read, sum(count for _, count in newest), more)


def _readable(versions: list[tuple[int, int]]) -> tuple[list[Q], int]:
    """The items of these versions that are searched, and their number; versions come with their
    sizes.

    Whole versions, and the beginning of one: each by its index, which both in one condition
    wouldn't be.
    """
    whole: list[int] = []
    left = READ
    for version, count in versions:
        if count > left:
            begun = Q(version=version, position__lt=left)
            return [Q(version__in=whole), begun] if whole else [begun], READ
        whole.append(version)
        left -= count
    return [Q(version__in=whole)], READ - left


def _holding(items: list[Item], text: str) -> Iterator[FoundItem]:
    """Items that hold the text as a reader sees it."""
    for item in items:
        result = _excerpt(item, text)
        if result.found or text.casefold() in item.key.casefold():
            yield result


def _excerpt(item: Item, text: str) -> FoundItem:
    whole = " ".join([input_text(item.input), item.context, references_text(item.references)])
    flat = " ".join(whole.split())
    match = re.search(re.escape(text), flat, re.IGNORECASE)
    start, end = match.span() if match else (0, 0)
    begin, stop = max(0, start - AROUND), end + AROUND
    return FoundItem(
        item,
        _address(item),
        before=("…" if begin else "") + flat[begin:start],
        found=flat[start:end],
        after=flat[end:stop] + ("…" if stop < len(flat) else ""),
    )


def _address(item: Item) -> str:
    version = item.version
    return item_address("test_set", version.test_set_id, key=item.key, version=version.number)
