"""Verify the ledger: follow its chain link by link, and compare the heads that records carry.

Triggers keep accidents and a casual hand off. Who drops them and changes a row leaves a link that
doesn't lead from it; who writes the links anew leaves other heads than the records carry, and those
records are in files that left the database.
"""

from collections.abc import Iterator, Mapping
from itertools import batched
from typing import Any

from django.db.models import Exists, F, Model, OuterRef
from django.db.models.fields.json import KT

from evalhub.io.canonical import digest_of
from evalhub.ledger.chain.append import MODELS
from evalhub.ledger.chain.homes import first_head, ids_of
from evalhub.ledger.chain.links import COLUMNS, head_after
from evalhub.ledger.models import (
    DataSignOff,
    Decision,
    Ledger,
    LedgerLink,
    LedgerRestore,
    LinkKind,
    SignOff,
)
from evalhub.registry.models import StoredDataReport

AT_ONCE = 2000
NAMED = 20
"""Faults that are said one by one; more are counted."""


def chain_faults() -> list[str]:
    """A sentence for each fault in the chain; empty where it is intact.

    Reads every look, decision and sign-off, in bounded memory, and writes nothing. What is added
    meanwhile isn't looked at.
    """
    faults: list[str] = []
    more = 0
    for fault in _faults():
        if len(faults) < NAMED:
            faults.append(fault)
        else:
            more += 1
    return [*faults, f"There are {more} more like these."] if more else faults


def head_at(links: int) -> str | None:
    """The head after so many links, computed from their rows; None where links or rows are
    missing."""
    ledger = Ledger.objects.first()
    if ledger is None:
        return None
    head = first_head(ledger)
    if links == 0:
        return head
    count = 0
    for number, kind, _, _, values in _links(up_to=links):
        count += 1
        if number != count or values is None:
            return None
        head = head_after(head, kind, values)
    return head if count == links else None


def _faults() -> Iterator[str]:
    # One statement: what is added between two would look like a fault.
    ledgers = Ledger.objects.annotate(
        last=LedgerLink.objects.order_by("-place").values("place")[:1]
    )
    ledger = ledgers.first()
    if ledger is None:
        tables: list[type[Model]] = [*MODELS.values(), LedgerLink]
        if any(table._default_manager.exists() for table in tables):
            yield "The ledger's own row is gone."
        return
    if (ledger.last or 0) != ledger.links:
        yield (
            f"The chain has {ledger.last or 0} links where {ledger.links} were recorded: some were "
            "removed or added."
        )
    restored = LedgerRestore.objects.values_list("name", flat=True).last()
    if restored not in (None, str(ledger)):
        yield "The ledger's id isn't the one that it was given when it was restored."
    carried = _heads_in_records(ids_of(ledger))
    head = first_head(ledger)
    yield from _head_faults(carried.pop(0, {}), head)
    last = 0
    for number, kind, row, recorded, values in _links(up_to=ledger.links):
        if number != last + 1:
            yield f"Between links {last} and {number} of the chain some were removed."
        last, name = number, f"{LinkKind(kind).label} {row}"
        if values is None:
            yield f"{name.capitalize()} is gone."
        elif head_after(head, kind, values) != recorded:
            yield f"{name.capitalize()} isn't as it was recorded, or what came before it isn't."
        head = recorded
        yield from _head_faults(carried.pop(last, {}), head)
    if ledger.links and head != ledger.head:
        yield "The chain doesn't lead to the head that was recorded last."
    for claims in carried.values():
        yield from (f"Decision {pk} was recorded after links that are gone." for pk in claims)
    yield from _rows_without_link()
    yield from _record_faults()


def _links(up_to: int) -> Iterator[tuple[int, str, int, str, tuple[Any, ...] | None]]:
    """(number, kind, row, head, the row's values or None) of each link, in order."""
    links = LedgerLink.objects.filter(place__lte=up_to).order_by("place")
    rows = links.values_list("place", "kind", "row", "head").iterator(chunk_size=AT_ONCE)
    for some in batched(rows, AT_ONCE):
        values = {
            kind: _values(kind, [row for _, of, row, _ in some if of == kind])
            for kind in {kind for _, kind, _, _ in some}
        }
        for number, kind, row, head in some:
            yield number, kind, row, head, values[kind].get(row)


def _values(kind: str, keys: list[int]) -> Mapping[int, tuple[Any, ...]]:
    if kind not in MODELS:
        return {}
    rows = MODELS[kind]._default_manager.filter(pk__in=keys).order_by()
    return {values[0]: values for values in rows.values_list(*COLUMNS[kind])}


def _heads_in_records(homes: set[str]) -> dict[int, dict[int, str]]:
    """{links: {decision: head}} from the records of this home, under any of its ids."""
    rows = Decision.objects.exclude(record__ledger_head=None).annotate(
        at_home=KT("record__ledger_head__home"),
        at_links=KT("record__ledger_head__links"),
        at_head=KT("record__ledger_head__head"),
    )
    carried: dict[int, dict[int, str]] = {}
    fields = "pk", "at_home", "at_links", "at_head"
    for pk, of, many, head in rows.order_by().values_list(*fields).iterator(chunk_size=AT_ONCE):
        if of in homes and many is not None:
            carried.setdefault(int(many), {})[pk] = head
    return carried


def _head_faults(carried: Mapping[int, str], head: str) -> Iterator[str]:
    for pk, recorded_head in carried.items():
        if recorded_head != head:
            yield f"The ledger before decision {pk} isn't the one that its record carries."


def _rows_without_link() -> Iterator[str]:
    """Faults of rows that have no link: nothing of ours writes such rows."""
    for model in dict.fromkeys(MODELS.values()):
        kinds = [kind for kind, of in MODELS.items() if of is model]
        links = LedgerLink.objects.filter(kind__in=kinds, row=OuterRef("pk"))
        rows = model._default_manager.filter(~Exists(links)).order_by("pk")
        for pk in rows.values_list("pk", flat=True).iterator(chunk_size=AT_ONCE):
            name = f"{LinkKind(kinds[0]).label} {pk}".capitalize()
            yield f"{name} isn't in the chain: it was added past Evalhub."


def _record_faults() -> Iterator[str]:
    recorded: list[tuple[str, type[Model], str]] = [
        (LinkKind.DECISION.label, Decision, "record"),
        (LinkKind.SIGN_OFF.label, SignOff, "record"),
        (LinkKind.DATA_SIGN_OFF.label, DataSignOff, "record"),
        ("data report", StoredDataReport, "report"),
    ]
    for label, model, column in recorded:
        rows = model._default_manager.order_by("pk").values_list("pk", column, "digest")
        for pk, record, digest in rows.iterator(chunk_size=100):
            if digest_of(record) != digest:
                name = f"{label} {pk}".capitalize()
                yield f"{name} says other than what was recorded: its SHA-256 is another."
    signed = DataSignOff.objects.annotate(signed=KT("record__report__digest"))
    others = signed.exclude(signed=F("report__digest"))
    for pk in others.order_by("pk").values_list("pk", flat=True).iterator(chunk_size=AT_ONCE):
        yield f"Data sign-off {pk} is of another report than the one it stands beside."
