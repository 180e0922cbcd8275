"""How often a candidate was tried on any items: the number of its next try, and of a guard's.

The numbers of looks at items bound what all candidates may err there. That is no bound for one
candidate which is tried on ever other items: on parts of a set, on what a pool still has, or by a
guard that is answered anew beside fresh primaries. So its tries have numbers, too, and a claim is
judged by the higher of both.

Claims that a decision asks together are needed together. Of those that are false, take the one that
was read first: of all false ones that were read before it none is asked here, so that with a number
of 1 and the decisions before, which this one doesn't ask again, the levels of all that may be
shipped wrongly add up to alpha. What was read beside another claim and is asked without it may have
been chosen by what was read, and counts all of that `CHOSEN` times (evalhub.ledger.numbering).
"""

from collections.abc import Collection, Sequence
from functools import cached_property
from typing import NamedTuple, Protocol

from django.db.models import F

from evalhub.decision.levels import AFTER_ALL, CHOSEN
from evalhub.ledger.models import GuardLook, Look
from evalhub.ledger.same_items import SameItems
from evalhub.registry.models import Run, TestSetVersion
from evalhub.registry.models.versions import VersionStage


class TriedClaim(Protocol):
    """The part of evalhub.ledger.positions.Claim that tries read."""

    @property
    def digest(self) -> str: ...
    @property
    def candidate_key(self) -> str: ...
    @property
    def baseline_key(self) -> str: ...
    @property
    def metric_key(self) -> str: ...
    @property
    def version(self) -> TestSetVersion: ...
    @property
    def candidate(self) -> Run: ...


class _Read(NamedTuple):
    """A look at one of the candidates.

    Attributes:
        arm: id of the version whose claim it is.
        drawn: how many arms shared the whole of alpha, where its items were drawn from a pool.
        reading: the same for all that one decision read, of an arm or of arms that share a look,
            rising; below 0 it was judged before tries were counted.
        tries: of what was counted, which try it was; 0 of a rival, which wasn't tried; else None.
        beside: the claim that its decision counted first; None: itself.
        worth: of arms that share a look, as how many readings it counts at most.
    """

    pk: int
    claim: str
    arm: int
    candidate: str
    baseline: str
    metric: str
    version: int
    test_set: int
    drawn: int | None
    reading: int
    tries: int | None
    beside: str | None
    worth: int | None


class Tries:
    """All looks at the candidates of a decision, in any decision.

    Args:
        needed: digests of the claims that all are needed for a ship by this decision.
        extended: of those to which some of these claims add items.
    """

    def __init__(
        self,
        claims: Sequence[TriedClaim],
        shared: SameItems,
        *,
        needed: Collection[str],
        extended: Collection[str] = (),
    ) -> None:
        self.shared, self.needed = shared, needed
        self.goes_on = {*needed, *extended}
        looks = Look.objects.filter(candidate_key__in={each.candidate_key for each in claims})
        rows = (
            looks.exclude(reading=None)
            .order_by("pk")
            .values_list(
                "pk",
                "claim",
                "candidate",
                "candidate_key",
                "baseline_key",
                "metric_key",
                "test_set_version",
                "test_set_version__test_set",
                "drawn_for",
                "reading",
                "tries",
                "read_with__claim",
                "arms__readings",
            )
        )
        self.read = [_Read._make(columns) for columns in rows]
        self.by_claim = {each.claim: each for each in self.read}

    @cached_property
    def wholly(self) -> set[int]:
        """Ids of guards' looks beside items that were drawn from a pool."""
        beside = GuardLook.objects.filter(guard__in=[each.pk for each in self.read])
        rows = beside.filter(primary__drawn_for__isnull=False).exclude(primary=F("guard"))
        return set(rows.values_list("guard", flat=True))

    def of_counted(self, claim: TriedClaim, drawn: int | None) -> int:
        """The number of a counted claim among its candidate's tries against this baseline by this
        metric.

        A champion isn't tried any more: it is evaluated again, and there is nothing to be gained.

        Args:
            drawn: how many arms share its items' whole alpha, where they were drawn from a pool.
        """
        mine = self.by_claim.get(claim.digest)
        least = 1 if mine is None else mine.tries or 1
        if (mine and mine.reading < 0) or claim.candidate.version.stage == VersionStage.CHAMPION:
            return least
        pair = [
            entry
            for entry in self.read
            if (entry.candidate, entry.baseline) == (claim.candidate_key, claim.baseline_key)
        ]
        if mine is not None and mine.beside is not None and mine.beside not in self.goes_on:
            return 1 + CHOSEN * sum(each.reading <= mine.reading for each in pair)
        before = [
            entry
            for entry in pair
            if entry.tries is not None
            and entry.beside is None
            and entry.metric == claim.metric_key
            and self._earlier(entry, mine)
        ]
        return max(least, _number(before, any(each.drawn for each in before), drawn))

    def of_guard(self, claim: TriedClaim, *, digest: str = "", drawn: int | None) -> int:
        """The number of a guard's claim among its tries, beside any primaries: other scores of the
        same candidate on items of the same guard are another try.

        Args:
            digest: of a claim that it adds items to, in place of itself.
            drawn: of the counted claim that it stands beside, as for `of_counted`.
        """
        mine = self.by_claim.get(digest or claim.digest)
        sharing = self.shared.of(claim.version) if self.read else frozenset()
        tried = [
            entry
            for entry in self.read
            if (entry.candidate, entry.metric) == (claim.candidate_key, claim.metric_key)
            and (entry.version in sharing or entry.test_set == claim.version.test_set_id)
        ]
        if mine is not None and mine.reading >= 0:
            with_it = (
                entry
                for entry in tried
                if (entry.reading, entry.arm) == (mine.reading, mine.arm) and entry != mine
            )
            if any(each.claim not in self.goes_on for each in with_it):
                return 1 + CHOSEN * sum(each.reading <= mine.reading for each in tried)
        before = [each for each in tried if self._earlier(each, mine)]
        wholly = any(each.drawn or each.pk in self.wholly for each in before)
        return _number(before, wholly, drawn)

    def _earlier(self, entry: _Read, mine: _Read | None) -> bool:
        """Whether it was read in an earlier decision, and isn't asked again in this one."""
        return entry.claim not in self.needed and (mine is None or entry.reading < mine.reading)


def _number(before: Sequence[_Read], wholly: bool, drawn: int | None) -> int:
    """The number after these looks; `wholly`: one of them was judged at the whole of alpha."""
    arms: dict[int, set[int]] = {}
    for entry in before:
        arms.setdefault(entry.reading, set()).add(entry.arm)
    worth = {each.reading: each.worth or 1 for each in before}
    number = 1 + sum(min(len(arms[reading]), worth[reading]) for reading in arms)
    return number + AFTER_ALL if wholly and drawn is None else number
