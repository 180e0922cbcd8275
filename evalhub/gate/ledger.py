"""This home's ledger: which claims were read from which items, and what the next one costs.

A claim is that one arm's answers do better than another's on some items by one metric. It is known
by the content of all that: who says it again, in another study, under other names or in another
project, says the same and pays nothing; whose answers, items, metric or weights differ in anything
says something else. Its number is 1 and the readings before it of items that it shares, in any
role: what one decision reads of the same answers is one reading, with one number
(evalhub.gate.numbering). A verdict is what reads a claim: evidence that is invalid shows none.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

from django.db.models import F

from evalhub.files.canonical import digest_of
from evalhub.gate.models import GuardLook, Ledger, Look
from evalhub.gate.numbering import Numbering, Tally
from evalhub.gate.same_items import SameItems
from evalhub.gate.stages import first_stages
from evalhub.registry.models import Run, TestSetVersion
from evalhub.schemas.policy import LedgerScope, Primaries
from evalhub.verdict.levels import Together, staged_level
from evalhub.verdict.rule import PRIMARIES


class Looks(NamedTuple):
    """The looks that judge a claim.

    Attributes:
        numbers: oldest first; several where items were added.
        arms: of items that were drawn for one look, the arms that share the whole of alpha.
        together: by look, the arms of one study that share it; empty: nobody shares any.
    """

    numbers: tuple[int, ...]
    arms: int | None = None
    together: tuple[Together | None, ...] = ()

    def level(self, alpha: float) -> float:
        return staged_level(self.numbers, alpha=alpha, arms=self.arms, together=self.together)

    @property
    def first(self) -> "Looks":
        return self._replace(numbers=self.numbers[:1], together=self.together[:1])

    def beside(self, numbers: tuple[int, ...]) -> "Looks":
        """Those of a guard, shared by as many arms."""
        return self._replace(numbers=numbers, together=self.together[-1:] * len(numbers))


@dataclass(frozen=True)
class Claim:
    """What a decision says of one test set: whose run against whose, by what.

    Attributes:
        primary: the candidate must gain here.
        critical: a ship needs it shown.
        asked: whatever else the comparison rests on (metric, weights, items held back for choosing
            an arm), as JSON. Margins and gains don't belong to it: one interval answers for all.
        scores: SHA-256 of the baseline's and of the candidate's scores.
        drawn_for: where its items were drawn from a pool, how many arms are judged on them.
        planned: what stands for the baseline's and the candidate's answers as long as they aren't
            there, so that a study can be looked at before it is run.
    """

    name: str
    primary: bool
    critical: bool
    baseline: Run
    candidate: Run
    asked: dict[str, Any]
    scores: tuple[str, str]
    drawn_for: int | None = None
    planned: tuple[str, str] | None = None

    @property
    def version(self) -> TestSetVersion:
        return self.candidate.test_set_version

    @cached_property
    def asked_digest(self) -> str:
        return digest_of(self.asked)

    @cached_property
    def digest(self) -> str:
        return digest_of({**self.content, "asked": self.asked, "scores": self.scores})

    @property
    def answers(self) -> tuple[str, str]:
        """SHA-256 of the baseline's and of the candidate's answers."""
        return self.planned or (self.baseline.answers_digest, self.candidate.answers_digest)

    @property
    def content(self) -> dict[str, str]:
        """SHA-256 of the items and of both arms' answers to them, by Look's fields."""
        baseline, candidate = self.answers
        return {
            "items_digest": self.version.digest,
            "candidate_answers": candidate,
            "baseline_answers": baseline,
        }


@dataclass(frozen=True, slots=True)
class Beside:
    """What judges a guard beside one counted claim.

    Attributes:
        primary: the counted claim's digest.
        looks: of the counted claim's.
        taken: they judged it there before.
        charged: the last of them was, or would be, taken for the guard.
    """

    primary: str
    looks: Looks
    taken: bool
    charged: bool = False


@dataclass(frozen=True, slots=True)
class LedgerPosition:
    """Where a claim stands in the ledger.

    Attributes:
        number: its own look, whether that was taken already or would be the next.
        taken: whether it was.
        stages: ids of the looks that it extends, oldest first.
        looks: what judges it where it is counted; None where it isn't.
        shares: digest of the claim of the same decision whose number it has; "" where the number
            is its own.
        alone: it was read before beside another claim, and takes this number now for itself.
        refused: its items were drawn for another look, which has spent all of alpha.
        beside: where it isn't counted, what judges it beside each counted claim, in their order.
    """

    number: int
    taken: bool
    stages: tuple[int, ...]
    looks: Looks | None
    shares: str = ""
    alone: bool = False
    refused: bool = False
    beside: tuple[Beside, ...] = ()

    @property
    def counted(self) -> bool:
        return self.looks is not None

    @property
    def charged(self) -> bool:
        """Whether a look was, or would be, taken for it."""
        own = self.counted and not self.shares
        return own or any(each.charged for each in self.beside)

    @property
    def free(self) -> bool:
        """Whether nothing is left to be taken for it."""
        return self.taken and not self.alone and all(each.taken for each in self.beside)

    def judged_by(self, alpha: float) -> Looks:
        """The looks that judge it: the strictest of those that might."""
        ways = [self.looks] if self.looks else [each.looks for each in self.beside]
        return min(ways, key=lambda looks: looks.level(alpha), default=Looks((1,)))


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a decision's claims stand in the ledger `home` as long as it has `entries` entries."""

    claims: Sequence[Claim]
    positions: Sequence[LedgerPosition]
    home: str
    entries: int

    @property
    def is_news(self) -> bool:
        """Whether a look is still to be taken."""
        return not all(at.free for at in self.positions)

    @property
    def pairs(self) -> list[tuple[Claim, LedgerPosition]]:
        return list(zip(self.claims, self.positions, strict=True))


def counted(claims: Sequence[Claim], counts: LedgerScope) -> list[Claim]:
    """The claims that pay by their own looks.

    Primaries, or where there are none the critical guards: something must be what is shipped for.
    """
    if counts == "all":
        return list(claims)
    primaries = [each for each in claims if each.primary]
    return primaries or [each for each in claims if each.critical] or list(claims)


def standing_of(
    claims: Sequence[Claim],
    *,
    counts: LedgerScope,
    shared: SameItems,
    primaries: Primaries = PRIMARIES,
    together: Together | None = None,
    planned: bool = False,
) -> Standing:
    """Where each claim stands now; of the ledger nothing is written but that there is one.

    What a study would be charged and what a decision is charged are both this.

    Args:
        primaries: with "any-of" each primary takes a number of its own.
        together: the arms that share the look which is to be taken.
        planned: nothing is decided by it, and nothing at all is written.
    """
    ledger = Ledger() if planned else Ledger.of_home()
    once: dict[str, Claim] = {}
    for claim in sorted(claims, key=order_of):
        once.setdefault(claim.digest, claim)
    distinct = list(once.values())
    taken = {
        look.claim: look
        for look in Look.objects.filter(claim__in=once).select_related("shares", "arms")
    }
    stages = {
        each.digest: taken[each.digest].stages[:-1]
        if each.digest in taken
        else first_stages(each.asked_digest, each.baseline, each.candidate)
        for each in distinct
    }
    paying = counted(distinct, counts)
    riding = [each for each in distinct if each not in paying]
    stages |= _together(paying, stages)
    tally = Tally(shared)
    drawn = {
        each.digest: taken[each.digest].drawn_for
        if each.digest in taken
        else each.drawn_for
        if tally.seen(each.version, drawn=False) == 0
        else None
        for each in distinct
    }
    refused = {
        each.digest
        for each in distinct
        if each.digest not in taken
        and drawn[each.digest] is None
        and tally.seen(each.version, drawn=True)
    }
    numbering = Numbering(distinct, taken, tally, apart=primaries == "any-of")
    numbering.pay(paying)
    numbers = numbering.numbers
    looks = {
        each.digest: Looks(
            (*(look.number for look in stages[each.digest]), numbers[each.digest].number),
            drawn[each.digest],
            _shared_by(
                [*stages[each.digest], taken.get(each.digest)],
                None if numbers[each.digest].alone else together,
                criteria=sum(claim.critical for claim in distinct),
            ),
        )
        for each in paying
    }
    companies = [
        _Company(
            each,
            looks[each.digest],
            None if numbers[each.digest].alone else taken.get(each.digest),
            stages,
            riding,
            tally,
        )
        for each in paying
    ]
    beside = {each.digest: tuple(company.beside(each) for company in companies) for each in riding}
    charged = {key: [one.primary for one in each if one.charged] for key, each in beside.items()}
    numbering.ride(riding, beside=paying, charged=charged)
    positions: dict[str, LedgerPosition] = {}
    for claim in distinct:
        key, number = claim.digest, numbers[claim.digest]
        judged = {each.primary: each.looks.numbers[-1] for each in beside.get(key, ())}
        positions[key] = LedgerPosition(
            number=number.number if key in taken else judged.get(number.shares, number.number),
            taken=key in taken,
            stages=tuple(look.pk for look in stages[key]),
            looks=looks.get(key),
            shares=number.shares,
            alone=number.alone,
            refused=key in refused,
            beside=beside.get(key, ()),
        )
    ordered = [
        at if each is once[each.digest] else replace(at, shares=each.digest)
        for each in claims
        for at in (positions[each.digest],)
    ]
    return Standing(claims, ordered, str(ledger), ledger.entries)


def _together(claims: Sequence[Claim], stages: dict[str, list[Look]]) -> dict[str, list[Look]]:
    """The stages of claims that had numbers of their own; of those that shared one, as long as
    the claim whose it was is extended, too."""
    extended = {looks[-1].pk for looks in stages.values() if looks}
    return {
        each.digest: []
        if (looks := stages[each.digest])
        and looks[-1].shares_id not in extended
        and not looks[-1].own_number()
        else looks
        for each in claims
    }


def _shared_by(
    looks: Sequence[Look | None], together: Together | None, *, criteria: int
) -> tuple[Together | None, ...]:
    """By look, the oldest first, the arms that share it; None stands for the one to be taken.

    Args:
        criteria: critical ones that are asked; those that weren't when a look was taken add to what
            it may err.
    """
    sharing = tuple(
        together
        if look is None
        else Together(
            look.arms.count, tuple(look.arms.correlations), look.arms.readings
        ).with_criteria(criteria)
        if hasattr(look, "arms")
        else None
        for look in looks
    )
    return sharing if any(sharing) else ()


def order_of(claim: Claim) -> tuple[bool, bool]:
    """Primaries first, then what else a ship needs: whose number it is, and who shares it."""
    return not claim.primary, not claim.critical


class _Company:
    """The guards beside one counted claim: those that were judged there, and those that are asked.

    The guards of its first look are judged by that look. From then on a guard that was judged
    stays at what judged it; more guards come for nothing as long as all that were judged are still
    asked, as they were or with items added; any other form of a guard is another try, and takes
    the next number.
    """

    def __init__(
        self,
        primary: Claim,
        looks: Looks,
        taken: Look | None,
        stages: dict[str, list[Look]],
        guards: Sequence[Claim],
        tally: Tally,
    ) -> None:
        self.primary, self.looks, self.stages = primary.digest, looks, stages
        chain = [*stages[primary.digest], *([taken] if taken else [])]
        rows = GuardLook.objects.filter(primary__in=chain).exclude(primary=F("guard"))
        rows = rows.select_related("guard")
        self.judged = {row.guard.claim: row for row in rows} if chain else {}
        critical = [each for each in guards if each.critical]
        asked = {each.digest for each in critical}
        asked |= {look.claim for each in critical for look in stages[each.digest]}
        self.covered = self.judged.keys() <= asked
        # One number pays for all that this decision tries anew beside the claim.
        self.following = looks.numbers[-1] if taken is None else tally.next(primary.version)

    def beside(self, guard: Claim) -> Beside:
        earlier = tuple(
            self.judged[look.claim].number
            for look in self.stages[guard.digest]
            if look.claim in self.judged
        )
        if row := self.judged.get(guard.digest):
            looks = self.looks.beside((*earlier, row.number))
            return Beside(self.primary, looks, taken=True, charged=row.charged)
        if not guard.critical:
            return Beside(self.primary, self.looks.first, taken=True)
        if earlier or not self.covered:
            looks = self.looks.beside((*earlier, self.following))
            charged = self.following not in self.looks.numbers
            return Beside(self.primary, looks, taken=False, charged=charged)
        return Beside(self.primary, self.looks.first, taken=False)
