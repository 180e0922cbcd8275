"""Whether users came to the arms of a live experiment in the ratio of its weights. Pure."""

from collections.abc import Iterator, Sequence
from math import isclose
from typing import TYPE_CHECKING, ClassVar, Self

from pydantic import Field

from evalhub.decision.inconsistent import FOLLOWS, Discrepancy
from evalhub.decision.sections.base import Section
from evalhub.decision.wording import count_text, join
from evalhub.declare.amounts import Count, Probability, Size
from evalhub.declare.decision import Arms
from evalhub.declare.declaration import Declaration
from evalhub.declare.live_sums import Day, Weight
from evalhub.declare.verdicts import Status
from evalhub.stats.sample_ratio import MISMATCH, sample_ratio_p_values

if TYPE_CHECKING:
    from evalhub.decision.document import DecisionRecord


class AllocatedDay(Declaration):
    """Users whose first request came on this day, by arm."""

    epoch: Size
    day: Day
    weight: Weight
    champion: Count
    challenger: Count


class Deviation(Declaration):
    """Of the days, clients or slices of one kind the one whose users deviate most.

    Attributes:
        expected: the challenger's share that its weight asks for.
    """

    kind: str = Field(description="day; a client's source or route; or another slice's kind")
    value: str
    champion: Count
    challenger: Count
    expected: Probability


class AllocationSection(Section):
    """The sequential sample-ratio check: Dirichlet-multinomial, over all days of all epochs.

    Attributes:
        p: of the users by day, in order; it holds however often it is looked at.
        deviations: where they deviate most; empty unless they do.
    """

    title: ClassVar[str] = "Allocation"
    method: ClassVar[str] = "sample-ratio"
    order: ClassVar[int] = 31

    days: tuple[AllocatedDay, ...]
    p: Probability
    level: Probability = MISMATCH
    deviations: tuple[Deviation, ...] = ()

    @property
    def users(self) -> tuple[int, int]:
        """The champion's and the challenger's."""
        return sum(day.champion for day in self.days), sum(day.challenger for day in self.days)

    @property
    def expected(self) -> float:
        """The challenger's share by the weights of the days' epochs."""
        return expected_share(self.days)

    @property
    def flaw(self) -> str:
        """Why the allocation allows no verdict; "" where it does."""
        if self.p > self.level:
            return ""
        champion, challenger = self.users
        where = [_deviation_text(row) for row in self.deviations]
        most = f"; furthest off: {join(where)}" if where else ""
        return (
            f"{challenger:,} of {count_text(champion + challenger, 'user')} came to the "
            f"challenger, and {self.expected:.1%} were expected (p = {self.p:.2g}{most}): what "
            "sent users to the arms, or lost them, may explain any difference"
        )

    def derive_status(self, arms: Arms) -> Status:
        return Status.FAIL if self.flaw else Status.PASS

    def write_sentences(self, arms: Arms) -> Iterator[str]:
        champion, challenger = self.users
        users = champion + challenger
        if not users:
            yield "No user has come yet."
            return
        yield (
            f"{challenger / users:.2%} of {count_text(users, 'user')} came to "
            f"{arms.candidate.name}, where {self.expected:.2%} were expected: p = {self.p:.2g}, "
            f"{'a mismatch' if self.flaw else 'no mismatch'} at {self.level:g}. This check holds "
            "however often it is looked at."
        )
        for row in self.deviations:
            yield f"Furthest off is {_deviation_text(row)}."

    def without_results(self) -> Self:
        """All of it: where users came says nothing of any answer."""
        return self

    @classmethod
    def check(cls, record: "DecisionRecord", at: str) -> Iterator[Discrepancy]:
        """p follows from the counts, which are those of the exposure; a mismatch is a flaw."""
        section = record.allocation
        if section is None:
            return
        inner = f"{at}allocation."
        if section.level != MISMATCH:
            yield Discrepancy(f"{inner}level", section.level, MISMATCH, "it is the check's")
        due = mismatch_p(section.days)
        if not isclose(section.p, due, rel_tol=1e-6, abs_tol=1e-300):
            yield Discrepancy(f"{inner}p", section.p, due, FOLLOWS)
        exposure = record.exposure
        if exposure is not None:
            users = exposure.champion.users, exposure.challenger.users
            if users != section.users:
                rule = "each user of an arm came on one day"
                yield Discrepancy(f"{inner}days", section.users, users, rule)
        if section.flaw and section.flaw not in record.invalid:
            yield Discrepancy(f"{at}invalid", None, section.flaw, "it allows no verdict")


def mismatch_p(days: Sequence[AllocatedDay]) -> float:
    """The sequential p-value of these days, each epoch against its own weight."""
    if not days:
        return 1.0
    p_values = sample_ratio_p_values(
        [(day.champion, day.challenger) for day in days],
        [(1 - day.weight, day.weight) for day in days],
        strata=[day.epoch for day in days],
    )
    return float(p_values[-1])


def expected_share(days: Sequence[AllocatedDay]) -> float:
    """The challenger's share of these days' users by their weights; 0 without users."""
    users = sum(day.champion + day.challenger for day in days)
    due = sum(day.weight * (day.champion + day.challenger) for day in days)
    return due / users if users else 0.0


def _deviation_text(row: Deviation) -> str:
    users = row.champion + row.challenger
    due = f"where {row.expected:.1%} were expected"
    return f"{row.kind} {row.value or 'none'} ({row.challenger:,} of {users:,}, {due})"
