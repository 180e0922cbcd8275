"""Readings of this home's items from files alone, as the ledger counts them.

A peek counts like a look until a decision reads its claim: then that decision's look, which has the
same number, counts in its place.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from django.db.models import Exists, OuterRef

from evalhub.ledger.models import GuardLook, Look, Peek


class CountedPeek(NamedTuple):
    """What a peek adds to the count of readings.

    Attributes:
        versions: ids of those that together hold its items.
        reading: it took a number; else it has another claim's.
        question: digest of what was asked, where the number was taken for that; else "".
    """

    id: int
    versions: frozenset[int]
    reading: bool
    number: int
    question: str


@dataclass(frozen=True, slots=True)
class PeekedClaim:
    """A claim that was read from files, in the form in which evalhub.ledger.numbering reads a look.

    Attributes:
        number: its own, or that of the claim that it `shares` it with.
        earlier: the claims that were read before it with its number.
    """

    claim: str
    number: int
    shares: "PeekedClaim | None" = None
    earlier: frozenset[str] = frozenset()
    is_rival: ClassVar[bool] = False

    @property
    def shares_id(self) -> str:
        """Digest of the claim whose number it shares; "" for a number of its own."""
        return "" if self.shares is None else self.shares.claim

    def own_number(self) -> bool:
        return self.shares is None


@dataclass(frozen=True, slots=True)
class PeekedGuard:
    """The number by which a guard's claim was judged from files beside another claim."""

    number: int
    charged: bool


def peeks_that_count() -> Iterator[CountedPeek]:
    """Peeks that no decision has read since. One query."""
    decided = Look.objects.filter(claim=OuterRef("claim"))
    same_number = decided.filter(number=OuterRef("number"))
    beside = GuardLook.objects.filter(
        primary__claim=OuterRef("beside"), guard__claim=OuterRef("claim")
    )
    rows = list(
        Peek.objects.annotate(
            decided=Exists(decided), numbered=Exists(same_number), judged=Exists(beside)
        ).order_by("pk")
    )
    charged = set[tuple[str, int]]()
    for row in rows:
        if not row.beside and not row.decided:
            question = "" if row.shares else row.asked
            yield CountedPeek(row.pk, row.versions, not row.shares, row.number, question)
        at = (row.beside, row.number)
        is_left = row.charged and not row.judged and not (row.decided and row.numbered)
        if is_left and at not in charged:  # one number for all that one reading tried anew there
            charged.add(at)
            yield CountedPeek(row.pk, row.versions, True, row.number, "")


def claims_from_files(claims: Collection[str]) -> dict[str, PeekedClaim]:
    """By digest, those of the claims that were read from files."""
    rows = list(Peek.objects.filter(claim__in=claims, beside="").order_by("pk"))
    owners = {row.shares for row in rows} - {""}
    together: dict[str, list[tuple[int, str]]] = {}
    if owners:
        of = Peek.objects.filter(shares__in=owners, beside="").order_by("pk")
        for pk, claim, owner in of.values_list("pk", "claim", "shares"):
            together.setdefault(owner, []).append((pk, claim))
    return {
        row.claim: PeekedClaim(
            row.claim,
            row.number,
            PeekedClaim(row.shares, row.number) if row.shares else None,
            frozenset(
                [row.shares, *(claim for pk, claim in together[row.shares] if pk < row.pk)]
                if row.shares
                else []
            ),
        )
        for row in rows
    }


def alone_numbers(claims: Iterable[str]) -> dict[str, int]:
    """Own numbers of claims that were first read beside another claim."""
    rows = Peek.objects.filter(claim__in=list(claims)).values_list("claim", "beside", "number")
    return {claim: number for claim, beside, number in rows if beside == claim}


def guards_beside(claim: str) -> dict[str, PeekedGuard]:
    """By digest, the guards that were judged from files beside this claim."""
    rows = Peek.objects.filter(beside=claim).exclude(claim=claim).order_by("pk")
    columns = rows.values_list("claim", "number", "charged")
    return {guard: PeekedGuard(number, charged) for guard, number, charged in columns}
