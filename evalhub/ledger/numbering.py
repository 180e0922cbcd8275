"""The number of each claim of a decision.

What one decision reads of the same items is one reading, and its claims share one number: a ship
needs all that is critical, so that a false one passes a single claim wrongly, at that number's
level. The number is the first claim's own; the others have it beside that claim alone, in the order
in which they were read, so that nobody can pick the luckiest of them afterwards.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple, Protocol

from django.db.models import Count, F, Max, Q

from evalhub.decision.levels import CHOSEN
from evalhub.ledger.candidates import model_digest
from evalhub.ledger.models import GuardLook, Look, SharedLook
from evalhub.ledger.peeks import PeekedClaim, alone_numbers, peeks_that_count
from evalhub.ledger.same_items import SameItems
from evalhub.registry.models import ModelVersion, Run, TestSetVersion


class NumberedClaim(Protocol):
    """The part of evalhub.ledger.positions.Claim that numbering reads."""

    @property
    def digest(self) -> str: ...
    @property
    def question_digest(self) -> str: ...
    @property
    def version(self) -> TestSetVersion: ...
    @property
    def primary(self) -> bool: ...
    @property
    def critical(self) -> bool: ...
    @property
    def candidate(self) -> Run: ...


class ClaimNumber(NamedTuple):
    """A claim's number.

    Attributes:
        shares: digest of the claim whose number it is; "" of its own.
        alone: the claim was read before beside another one, which isn't asked now; it takes this
            number for itself.
    """

    number: int
    shares: str = ""
    alone: bool = False


class Tally:
    """How often items were read, plus what the claims at hand add."""

    def __init__(self, shared: SameItems) -> None:
        self.shared = shared
        self.readings: dict[int, int] = {}
        self.claims: dict[int, int] = {}
        self.highest: dict[int, int] = {}
        self.questions: dict[int, set[str]] = {}
        self.rivals: dict[int, int] = {}
        rows = Look.objects.order_by().values_list("test_set_version", "asked", "drawn_for")
        self.drawn: set[int] = set()
        rival = Q(tries=0)
        for version, question, drawn, claims, sharing, highest, rivals, free in rows.annotate(
            claims=Count("pk"),
            riding=Count("shares"),
            highest=Max("number"),
            of_rivals=Count("pk", filter=rival),
            free=Count("shares", filter=rival),
        ):
            self._add(version, claims - sharing, claims - free, highest)
            if rivals:
                self.rivals[version] = self.rivals.get(version, 0) + free
            if claims - sharing > rivals - free:
                self.questions.setdefault(version, set()).add(question)
            if drawn is not None:
                self.drawn.add(version)
        shared_looks = SharedLook.objects.filter(look__shares=None, readings__gt=1)
        for version, readings in shared_looks.values_list("look__test_set_version", "readings"):
            self._add(version, readings - 1, 0, 0)
        charged = {(version, number) for version, _, number in GuardLook.objects.numbers_charged()}
        if charged:  # a guard's other answers to the primary's items are one reading of those
            own = Look.objects.filter(shares=None, test_set_version__in=[at for at, _ in charged])
            charged -= set(own.order_by().values_list("test_set_version", "number"))
        for version, number in charged:
            self._add(version, 1, 1, number)
        self.at_several: dict[int, frozenset[int]] = {}
        for peek in peeks_that_count():
            at = next(iter(peek.versions))
            if len(peek.versions) > 1:  # one reading, at whichever of them
                at = -peek.id
                self.at_several[at] = peek.versions
            self._add(at, int(peek.reading), 1, peek.number)
            if peek.question:
                self.questions.setdefault(at, set()).add(peek.question)

    def count_readings(self, version: TestSetVersion, *, drawn: bool) -> int:
        """Number of readings of the version's items: at versions drawn from a pool, or at all
        others."""
        sharing = self._sharing(version)
        return sum(self.readings.get(each, 0) for each in sharing if (each in self.drawn) == drawn)

    def next(self, version: TestSetVersion) -> int:
        """The number of the next reading by a question that was asked before."""
        return self._after(version, self._count(version, self.readings))

    def _of_choice(self, version: TestSetVersion, *, of_rivals: bool = False) -> int:
        claims = self._count(version, self.claims)
        if of_rivals:
            claims += self._count(version, self.rivals)
        beside = claims > self._count(version, self.readings)
        return self._after(version, CHOSEN * claims if beside else claims)

    def _count(self, version: TestSetVersion, counts: dict[int, int]) -> int:
        return sum(counts.get(each, 0) for each in self._sharing(version))

    def next_for(self, claim: NumberedClaim) -> int:
        """The number that a claim would take.

        A question that no reading of these items was for may have been chosen by what was read
        beside those: it is judged as if each claim that was had been read `CHOSEN` times. So is a
        candidate that may have been made from a rival which was shown beside another one.
        """
        sharing = self._sharing(claim.version)
        same_question = any(
            claim.question_digest in self.questions.get(each, ()) for each in sharing
        )
        if self._may_be_a_rival(claim.candidate.version, sharing):
            return self._of_choice(claim.version, of_rivals=True)
        return self.next(claim.version) if same_question else self._of_choice(claim.version)

    def _may_be_a_rival(self, candidate: ModelVersion, sharing: frozenset[int]) -> bool:
        """Whether rivals were read of these items, and the candidate isn't fine-tuned, as they
        aren't, or is the model that answers for one of them."""
        if sharing.isdisjoint(self.rivals):
            return False
        if not candidate.fine_tuned:
            return True
        rivals = ModelVersion.objects.filter(
            looks__in=Look.objects.rivals().filter(test_set_version__in=sharing)
        )
        return model_digest(candidate) in {
            model_digest(version) for version in rivals.select_related("model").distinct()
        }

    def take(self, claim: NumberedClaim, *, chosen: bool = False, rival: bool = False) -> int:
        """Take a number for the claim; `chosen`: it was read beside another claim before, of whose
        candidate it may be a `rival`."""
        version = claim.version
        number = self._of_choice(version, of_rivals=rival) if chosen else self.next_for(claim)
        self._add(version.pk, 1, 1, number)
        self.questions.setdefault(version.pk, set()).add(claim.question_digest)
        return number

    def show(self, version: TestSetVersion) -> int:
        """Take a number for a rival beyond the first few: the next reading's, since the rival isn't
        tried by it."""
        number = self.next(version)
        self._add(version.pk, 1, 1, number)
        return number

    def _after(self, version: TestSetVersion, count: int) -> int:
        highest = max((self.highest.get(each, 0) for each in self._sharing(version)), default=0)
        return 1 + max(count, highest)

    def _sharing(self, version: TestSetVersion) -> frozenset[int]:
        if not self.readings:
            return frozenset()
        sharing = self.shared.of(version)
        several = self.at_several.items()
        return sharing | {at for at, versions in several if not versions.isdisjoint(sharing)}

    def _add(self, version: int, readings: int, claims: int, highest: int) -> None:
        self.readings[version] = self.readings.get(version, 0) + readings
        self.claims[version] = self.claims.get(version, 0) + claims
        self.highest[version] = max(highest, self.highest.get(version, 0))


class Numbering:
    """The numbers of one decision's claims, by their digests.

    Args:
        claims: each once, primaries first, then what else is critical.
        taken: the looks that there are, or what was read from files, by claim.
        apart: one primary of several is enough to ship, so that each takes a number of its own.
    """

    def __init__(
        self,
        claims: Sequence[NumberedClaim],
        taken_looks: Mapping[str, Look | PeekedClaim],
        tally: Tally,
        *,
        apart: bool,
    ) -> None:
        self.numbers: dict[str, ClaimNumber] = {}
        self.taken, self.tally, self.apart = taken_looks, tally, apart
        self.critical = {each.digest for each in claims if each.critical}
        beside = [claim for claim, look in taken_looks.items() if look.shares_id or look.is_rival]
        alone = GuardLook.objects.filter(primary=F("guard"), primary__claim__in=beside)
        self.alone = alone_numbers(beside) if beside else {}
        self.alone |= dict(alone.values_list("primary__claim", "number")) if beside else {}

    def pay(self, claims: Sequence[NumberedClaim]) -> None:
        """Number the counted claims."""
        new: list[NumberedClaim] = []
        for claim in claims:
            look = self.taken.get(claim.digest)
            if look is None:
                self.numbers[claim.digest] = self._new(claim, new)
            elif look.own_number() and not look.is_rival:
                self.numbers[claim.digest] = ClaimNumber(look.number)
            elif look.shares is not None and self._stays(claim, look):
                self.numbers[claim.digest] = ClaimNumber(look.number, look.shares.claim)
            elif claim.digest in self.alone:
                self.numbers[claim.digest] = ClaimNumber(self.alone[claim.digest])
            else:
                number = self.tally.take(claim, chosen=True, rival=look.is_rival)
                self.numbers[claim.digest] = ClaimNumber(number, alone=True)

    def ride(
        self,
        claims: Sequence[NumberedClaim],
        *,
        beside: Sequence[NumberedClaim],
        charged: Mapping[str, Sequence[str]],
    ) -> None:
        """Number the claims that are read beside the counted ones.

        Args:
            charged: by claim, the counted ones beside which it takes a number.
        """
        new: list[NumberedClaim] = []
        for claim in claims:
            look = self.taken.get(claim.digest)
            if look is not None:
                shares = "" if look.shares is None else look.shares.claim
                self.numbers[claim.digest] = ClaimNumber(look.number, shares)
            elif (
                first := self._on_same_items(claim, beside, charged.get(claim.digest, ()))
                or self._on_same_items(claim, beside)
            ) is not None:
                number = self.numbers[first.digest].number
                self.numbers[claim.digest] = ClaimNumber(number, first.digest)
            else:
                self.numbers[claim.digest] = self._new(claim, new)

    def _new(self, claim: NumberedClaim, new: list[NumberedClaim]) -> ClaimNumber:
        """The number of an unread claim: shared with the first of `new`, the claims that take one
        in this decision, on the same items."""
        several = self.apart and claim.primary
        first = None if several else self._on_same_items(claim, new)
        if first is not None:
            return ClaimNumber(self.numbers[first.digest].number, first.digest)
        new.append(claim)
        return ClaimNumber(self.tally.take(claim))

    def _on_same_items(
        self,
        claim: NumberedClaim,
        others: Sequence[NumberedClaim],
        among: Collection[str] | None = None,
    ) -> NumberedClaim | None:
        """The first of the others, or of those `among` them, that shares an item with the claim."""
        if among is not None:
            others = [each for each in others if each.digest in among]
        sharing = self.tally.shared.of(claim.version) if others else ()
        return next((each for each in others if each.version.pk in sharing), None)

    def _stays(self, claim: NumberedClaim, look: Look | PeekedClaim) -> bool:
        """Whether a claim may have the number that it was read with: only while all that is
        critical and was read before it with that number is asked, too. So the claims that a number
        judges are always one within the other, and the smallest bounds what it may err."""
        if look.is_rival:
            return False
        if not claim.critical:
            return True
        if self.apart and claim.primary:
            return False
        if isinstance(look, PeekedClaim):
            return self.critical.issuperset(look.earlier)
        whose = Q(pk=look.shares_id) | Q(shares=look.shares_id)
        if hasattr(look, "arms"):  # each of these arms has the number for itself
            whose &= Q(candidate=look.candidate_id)
        before = Look.objects.filter(whose, pk__lt=look.pk).exclude(tries=0).order_by()
        return self.critical.issuperset(before.values_list("claim", flat=True))
