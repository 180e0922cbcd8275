"""This home's ledger: which claims were read from which items, and what the next one costs.

A claim is that one arm's answers do better than another's on some items by one metric. It is known
by the content of all that: who says it again, in another study, under other names or in another
project, says the same and pays nothing; whose answers, items, metric or weights differ in anything
says something else. Its number is 1 and the claims that were read before from items that it
shares, in any role. A verdict is what reads a claim: evidence that is invalid shows none.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from django.db.models import Count

from evalhub.files.canonical import digest_of
from evalhub.gate.chain.append import append
from evalhub.gate.models import GuardLook, Ledger, Look
from evalhub.gate.same_items import SameItems
from evalhub.gate.stages import first_stages
from evalhub.registry.models import Run, Study, TestSetVersion
from evalhub.schemas.policy import LedgerScope
from evalhub.verdict.levels import staged_level


class Looks(NamedTuple):
    """The looks that judge a claim.

    Attributes:
        numbers: oldest first; several where items were added.
        arms: of items that were drawn for one look, the arms that share the whole of alpha.
    """

    numbers: tuple[int, ...]
    arms: int | None = None

    def level(self, alpha: float) -> float:
        return staged_level(self.numbers, alpha=alpha, arms=self.arms)

    @property
    def first(self) -> "Looks":
        return self._replace(numbers=self.numbers[:1])


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
    """

    name: str
    primary: bool
    critical: bool
    baseline: Run
    candidate: Run
    asked: dict[str, Any]
    scores: tuple[str, str]
    drawn_for: int | None = None

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
    def content(self) -> dict[str, str]:
        """SHA-256 of the items and of both arms' answers to them, by Look's fields."""
        return {
            "items_digest": self.version.digest,
            "candidate_answers": self.candidate.answers_digest,
            "baseline_answers": self.baseline.answers_digest,
        }


@dataclass(frozen=True, slots=True)
class Beside:
    """What judges a guard beside one counted claim.

    Attributes:
        looks: of the counted claim's.
        taken: they judged it there before.
        charged: the last of them was, or would be, taken for the guard.
    """

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
        refused: its items were drawn for another look, which has spent all of alpha.
        beside: where it isn't counted, what judges it beside each counted claim, in their order.
    """

    number: int
    taken: bool
    stages: tuple[int, ...]
    looks: Looks | None
    refused: bool = False
    beside: tuple[Beside, ...] = ()

    @property
    def counted(self) -> bool:
        return self.looks is not None

    @property
    def charged(self) -> bool:
        """Whether a look was, or would be, taken for it."""
        return self.counted or any(each.charged for each in self.beside)

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
        return not all(at.taken and all(each.taken for each in at.beside) for at in self.positions)

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


def standing_of(claims: Sequence[Claim], *, counts: LedgerScope, shared: SameItems) -> Standing:
    """Where each claim stands now; of the ledger nothing is written but that there is one."""
    ledger = Ledger.of_home()
    taken = {
        look.claim: look for look in Look.objects.filter(claim__in=[each.digest for each in claims])
    }
    stages = {
        each.digest: taken[each.digest].stages[:-1]
        if each.digest in taken
        else first_stages(each.asked_digest, each.baseline, each.candidate)
        for each in claims
    }
    paying = counted(claims, counts)
    riding = [each for each in claims if each not in paying]
    tally = _Tally(shared)
    drawn = {
        each.digest: taken[each.digest].drawn_for
        if each.digest in taken
        else each.drawn_for
        if tally.seen(each.version, drawn=False) == 0
        else None
        for each in claims
    }
    refused = {
        each.digest
        for each in claims
        if each.digest not in taken
        and drawn[each.digest] is None
        and tally.seen(each.version, drawn=True)
    }
    numbers = {
        each.digest: taken[each.digest].number if each.digest in taken else tally.take(each.version)
        for each in (*paying, *riding)
    }
    looks = {
        each.digest: Looks(
            (*(look.number for look in stages[each.digest]), numbers[each.digest]),
            drawn[each.digest],
        )
        for each in paying
    }
    companies = [
        _Company(each, looks[each.digest], taken.get(each.digest), stages, riding, tally)
        for each in paying
    ]
    positions = [
        LedgerPosition(
            number=numbers[each.digest],
            taken=each.digest in taken,
            stages=tuple(look.pk for look in stages[each.digest]),
            looks=looks.get(each.digest),
            refused=each.digest in refused,
            beside=() if each in paying else tuple(company.beside(each) for company in companies),
        )
        for each in claims
    ]
    return Standing(claims, positions, str(ledger), ledger.entries)


def next_looks(
    version: TestSetVersion, *, drawn_for: int | None, shared: SameItems
) -> tuple[Looks, bool]:
    """What would judge the next claim that is read from these items, whatever it says, and
    whether it would be refused: they were drawn for another look."""
    tally = _Tally(shared)
    arms = None if tally.seen(version, drawn=False) else drawn_for
    refused = arms is None and tally.seen(version, drawn=True) > 0
    return Looks((tally.next(version),), arms), refused


class _Tally:
    """How many looks there are at items, with those that the claims at hand would take."""

    def __init__(self, shared: SameItems) -> None:
        self.shared = shared
        rows = Look.objects.order_by().values_list("test_set_version")
        self.looks: dict[int, int] = dict(rows.annotate(Count("pk")))
        self.drawn = {version for (version,) in rows.exclude(drawn_for=None).distinct()}
        for version, *_ in GuardLook.objects.charged_once():
            self.looks[version] = self.looks.get(version, 0) + 1

    def seen(self, version: TestSetVersion, *, drawn: bool) -> int:
        """The looks at its items: at versions that were drawn, or at others."""
        if not self.looks:
            return 0
        return sum(
            self.looks.get(each, 0)
            for each in self.shared.of(version)
            if (each in self.drawn) == drawn
        )

    def next(self, version: TestSetVersion) -> int:
        if not self.looks:
            return 1
        return 1 + sum(self.looks.get(each, 0) for each in self.shared.of(version))

    def take(self, version: TestSetVersion) -> int:
        number = self.next(version)
        self.looks[version.pk] = self.looks.get(version.pk, 0) + 1
        return number


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
        tally: _Tally,
    ) -> None:
        self.looks, self.stages = looks, stages
        chain = [*stages[primary.digest], *([taken] if taken else [])]
        rows = GuardLook.objects.filter(primary__in=chain).select_related("guard")
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
            looks = self.looks._replace(numbers=(*earlier, row.number))
            return Beside(looks, taken=True, charged=row.charged)
        if not guard.critical:
            return Beside(self.looks.first, taken=True)
        if earlier or not self.covered:
            looks = self.looks._replace(numbers=(*earlier, self.following))
            charged = self.following not in self.looks.numbers
            return Beside(looks, taken=False, charged=charged)
        return Beside(self.looks.first, taken=False)


def take(
    standing: Standing,
    *,
    study: Study,
    shared: SameItems,
    also: Iterable[Sequence[Claim]] = (),
) -> bool:
    """Writes the looks that are still to be taken; for one transaction.

    False, and nothing is written, where another decision came between: the claims may stand
    elsewhere now and must be judged anew.

    Args:
        also: claims that are shown beside the decision and not judged by it, which are read too.
    """
    ledger = Ledger.objects.select_for_update().get(pk=Ledger.HOME)
    if ledger.entries != standing.entries and standing.is_news:
        return False
    written = _write(standing, study)
    for claims in also:
        written += _write(standing_of(claims, counts="all", shared=shared), study)
    if written:
        ledger.entries += written
        ledger.save(update_fields=["entries"])
    return True


def _write(standing: Standing, study: Study) -> int:
    """How many entries were written."""
    new = [_look(claim, at, study) for claim, at in standing.pairs if not at.taken]
    Look.objects.bulk_create(new)
    digests = [claim.digest for claim in standing.claims]
    looks = {look.claim: look for look in Look.objects.filter(claim__in=digests)}
    counted = [looks[claim.digest] for claim, at in standing.pairs if at.counted]
    beside = [
        GuardLook(
            primary=primary,
            guard=looks[claim.digest],
            number=each.looks.numbers[-1],
            charged=each.charged,
        )
        for claim, at in standing.pairs
        if not at.counted
        for primary, each in zip(counted, at.beside, strict=True)
        if not each.taken
    ]
    GuardLook.objects.bulk_create(beside)
    append(*new, *beside)
    return len(new) + len(beside)


def _look(claim: Claim, position: LedgerPosition, study: Study) -> Look:
    return Look(
        claim=claim.digest,
        number=position.number,
        test_set_version=claim.version,
        candidate=claim.candidate.version,
        baseline=claim.baseline.version,
        candidate_run=claim.candidate,
        baseline_run=claim.baseline,
        asked=claim.asked_digest,
        drawn_for=position.looks.arms if position.looks else None,
        extends_id=position.stages[-1] if position.stages else None,
        study=study,
        **claim.content,
    )
