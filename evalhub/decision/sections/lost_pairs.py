"""Pairs that a mirror lost, and the verdict with them filled the worst way. Pure.

A mirrored answer may be lost because the candidate is slow or fails on just such requests: then
what came is a choice of the easy ones. The verdict is on whole pairs; where a ship would not stand
with every lost answer at its metric's worst (Manski's bound, 1990), and with every lost pair as one
that people and judge give to the baseline, the evidence is invalid. What answers take and cost has
no worst: a lost one gets the largest amount that came.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar, Self

from evalhub.decision.align import Aligned
from evalhub.decision.inconsistent import Discrepancy
from evalhub.decision.rule import Ruling
from evalhub.decision.sections.base import CleanRow, Section
from evalhub.decision.wording import count_text, with_sign
from evalhub.declare.amounts import Count, Size
from evalhub.declare.decision import Arms
from evalhub.declare.declaration import Declaration
from evalhub.declare.verdicts import Status, Verdict
from evalhub.stats.errors import StatisticsError

if TYPE_CHECKING:
    from evalhub.decision.document import DecisionRecord


class LostRow(Declaration):
    """Of a criterion's pairs, how many were lost."""

    name: str
    test_set: str
    pairs: Size
    lost: Count


class LostPairsSection(Section):
    """Lost pairs by criterion, and what the verdict is with them filled the worst way.

    Attributes:
        verdict_filled: null where nothing could be measured so.
        filled: the criteria as they come out so; of invalid evidence none.
    """

    title: ClassVar[str] = "Lost pairs"
    method: ClassVar[str] = "lost-pairs"
    order: ClassVar[int] = 55

    criteria: tuple[LostRow, ...]
    verdict_filled: Verdict | None
    filled: tuple[CleanRow, ...] = ()

    def derive_status(self, arms: Arms) -> Status:
        return Status.PASS if self.verdict_filled is Verdict.SHIP else Status.OPEN

    def write_sentences(self, arms: Arms) -> Iterator[str]:
        for row in self.criteria:
            yield (
                f"Of {count_text(row.pairs, 'pair')} of {row.name}, {row.lost:,} "
                f"({row.lost / row.pairs:.1%}) had an answer that never came: they are left out, "
                "and no people or judge compared them."
            )
        if self.filled:
            yield (
                f"In the place of a lost answer, {arms.candidate.name} gets the worst score, the "
                "largest amount that came where a budget is kept, and no choice of people or judge."
            )
        for criterion in self.filled:
            yield (
                f"So filled, {criterion.name} is {with_sign(criterion.difference)} "
                f"[{with_sign(criterion.lower)}, {with_sign(criterion.upper)}]: "
                f"{criterion.status.label}."
            )
        if self.verdict_filled is not None:
            yield f"So filled, the verdict would be {self.verdict_filled.label.lower()}."

    def without_results(self) -> Self:
        """How many were lost, without any result."""
        return self.model_copy(update={"filled": (), "verdict_filled": None})

    @classmethod
    def check(cls, record: "DecisionRecord", at: str) -> Iterator[Discrepancy]:
        """A ship must stand with the lost pairs filled the worst way."""
        section = record.lost_pairs
        if section is None or record.verdict is not Verdict.SHIP:
            return
        if section.verdict_filled is not Verdict.SHIP:
            why = "a ship stands with its lost pairs filled the worst way"
            yield Discrepancy(
                f"{at}lost_pairs.verdict_filled", section.verdict_filled, Verdict.SHIP, why
            )


def lost_pairs_section(
    evidence: Sequence[Aligned],
    rule_on: Callable[[Sequence[Aligned]], Ruling],
    preferences: Sequence[LostRow] = (),
) -> LostPairsSection | None:
    """The record's `lost_pairs`; None where none was lost.

    Args:
        evidence: all pairs, with the worst score for each answer that was lost.
        rule_on: measures and rules on evidence at the levels of the verdict, with each preference
            as if the candidate had lost every lost pair.
        preferences: what people's and a judge's preference lost.
    """
    rows = [
        LostRow(
            name=aligned.requirement.name,
            test_set=aligned.requirement.test_set,
            pairs=len(aligned.items),
            lost=int(aligned.lost.sum()),
        )
        for aligned in evidence
        if aligned.lost is not None and aligned.lost.any()
    ]
    rows += preferences
    if not rows:
        return None
    try:
        ruling = rule_on(evidence)
    except StatisticsError:
        return LostPairsSection(criteria=tuple(rows), verdict_filled=None)
    names = {row.name for row in rows}
    return LostPairsSection(
        criteria=tuple(rows),
        verdict_filled=ruling.verdict,
        filled=tuple(CleanRow.of(each) for each in ruling.criteria if each.name in names),
    )


def turned_by_losses(section: LostPairsSection | None, ruling: Ruling) -> str:
    """Why lost pairs make the evidence invalid; "" where they turn no ship."""
    if section is None or ruling.verdict is not Verdict.SHIP:
        return ""
    if section.verdict_filled is Verdict.SHIP:
        return ""
    most = max(section.criteria, key=lambda row: row.lost / row.pairs)
    return (
        f"{most.lost:,} of {count_text(most.pairs, 'pair')} of {most.name} were lost, and with the "
        "worst score in their place it would not ship: find out why they were lost"
    )
