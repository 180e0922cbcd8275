"""Levels of guards: by the looks of the counted claims beside them, and by their own tries."""

from collections.abc import Mapping, Sequence

from django.db.models import F

from evalhub.decision.levels import Together
from evalhub.ledger.models import GuardLook, Look
from evalhub.ledger.numbering import Tally
from evalhub.ledger.peeks import guards_beside
from evalhub.ledger.positions import Beside, Claim, Looks
from evalhub.ledger.tries import Tries


class Company:
    """The guards beside one counted claim: those judged there before, and those of this decision.

    The guards of its first look are judged by that look. From then on a guard that was judged
    stays at what judged it; more guards come for nothing as long as all that were judged are still
    asked, as they were or with items added; any other form of a guard is another try, and takes
    the next number. Whichever claim it stands beside, a guard's k-th try is judged as look k or a
    later one.
    """

    def __init__(
        self,
        primary: Claim,
        looks: Looks,
        own_look: Look | None,
        extended: Mapping[str, Sequence[Look]],
        guards: Sequence[Claim],
        tally: Tally,
        tries: Tries,
        *,
        peeked: bool,
    ) -> None:
        """`peeked`: the claim was read from files, where no number was taken (`own_look`
        is None)."""
        self.primary, self.looks, self.extended, self.tries = primary.digest, looks, extended, tries
        chain = [*extended[primary.digest], *([own_look] if own_look else [])]
        rows = GuardLook.objects.filter(primary__in=chain).exclude(primary=F("guard"))
        rows = rows.select_related("guard")
        self.judged = {row.guard.claim: row for row in rows} if chain else {}
        critical = [each for each in guards if each.critical]
        guard_claims = {each.digest for each in critical}
        guard_claims |= {look.claim for each in critical for look in extended[each.digest]}
        self.is_new = own_look is None and not peeked
        self.read = guards_beside(primary.digest) if guards and not self.is_new else {}
        self.covered = self.judged.keys() | self.read.keys() <= guard_claims
        # One number pays for all that this decision tries anew beside the claim.
        self.following = looks.numbers[-1] if self.is_new else tally.next(primary.version)

    def beside(self, guard: Claim) -> Beside:
        row = self.judged.get(guard.digest)
        entry = row or self.read.get(guard.digest)
        if entry is None and not guard.critical:
            return Beside(self.primary, self.looks.first, taken=True)
        extended = self.extended[guard.digest]
        judged = any(look.claim in self.judged for look in extended)
        again = judged or not self.covered
        first = self.looks.numbers[0]
        number = entry.number if entry is not None else self.following if again else first
        tries = [
            self.tries.of_guard(guard, digest=digest, drawn=self.looks.arms)
            for digest in (*(look.claim for look in extended), guard.digest)
        ]
        earlier = [
            self.judged[look.claim].number if look.claim in self.judged else first
            for look in extended
        ]
        looks = self._judging([*earlier, number], tries)
        if row is not None:
            return Beside(self.primary, looks, taken=True, charged=row.charged)
        if entry is not None:
            return Beside(self.primary, looks, taken=False, charged=entry.charged)
        return Beside(self.primary, looks, taken=False, charged=again and not self.is_new)

    def _judging(self, numbers: Sequence[int], tries: Sequence[int]) -> Looks:
        """Looks by the numbers beside this claim or the guard's tries, whichever is larger."""
        if self.looks.arms is None:
            return Looks(tuple(map(max, numbers, tries)), together=self._sharing(numbers))
        least = self.looks.tries[0]
        return Looks(tuple(numbers), self.looks.arms, tuple(max(least, each) for each in tries))

    def _sharing(self, numbers: Sequence[int]) -> tuple[Together | None, ...]:
        """Arms that share the guards' looks: those that share the counted claim's."""
        if not (sharing := self.looks.together):
            return ()
        first = self.looks.numbers[0]
        return tuple(sharing[0] if number == first else sharing[-1] for number in numbers)
