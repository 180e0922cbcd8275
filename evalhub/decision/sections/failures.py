"""Answers that failed and score the worst, and what came out without their items. Pure."""

from collections.abc import Callable, Iterator, Sequence
from typing import ClassVar

from evalhub.decision.align import Aligned
from evalhub.decision.rule import Ruling
from evalhub.decision.sections.base import CleanRow, Section
from evalhub.decision.wording import with_sign
from evalhub.declare.decision import Arms
from evalhub.declare.declaration import Declaration
from evalhub.declare.verdicts import Verdict
from evalhub.stats.errors import StatisticsError


class FailedRow(Declaration):
    """Items of which an answer failed for good, by arm, and what such an answer scores."""

    name: str
    test_set: str
    items: int
    baseline: int
    candidate: int
    worst: float


class FailuresSection(Section):
    """Answers that failed and score the worst, and the result without their items, which decides
    nothing."""

    title: ClassVar[str] = "Answers that failed"
    method: ClassVar[str] = "failures"
    order: ClassVar[int] = 60

    test_sets: tuple[FailedRow, ...]
    verdict_without: Verdict | None
    without: tuple[CleanRow, ...]

    def write_sentences(self, arms: Arms) -> Iterator[str]:
        arm = arms.baseline.name, arms.candidate.name
        for row in self.test_sets:
            counts = [
                f"{count:,} of {name}"
                for name, count in zip(arm, (row.baseline, row.candidate), strict=True)
                if count
            ]
            yield (
                f"An answer that failed scores {row.worst:g}, the worst, on {row.name}: "
                f"{' and '.join(counts)}, {row.items:,} items."
            )
        for criterion in self.without:
            yield (
                f"Without what failed, {criterion.name} is {with_sign(criterion.difference)} "
                f"[{with_sign(criterion.lower)}, {with_sign(criterion.upper)}] on {criterion.n:,} "
                f"items: {criterion.status.label}."
            )
        if self.verdict_without is None:
            yield "Without what failed nothing is left to judge."
        else:
            yield f"Without what failed the verdict would be {self.verdict_without.label.lower()}."


def failures_section(
    evidence: Sequence[Aligned], judge: Callable[[Sequence[Aligned]], Ruling]
) -> FailuresSection | None:
    """The record's `failures`: how many answers got the worst score, and the result without them.

    Args:
        evidence: what the verdict rests on.
        judge: measures and rules on evidence at the levels of the verdict.

    Returns:
        None where no answer failed.
    """
    touched = [
        FailedRow(
            name=aligned.requirement.name,
            test_set=aligned.requirement.test_set,
            items=len(aligned.items),
            baseline=int(aligned.failed[0].sum()),
            candidate=int(aligned.failed[1].sum()),
            worst=worst,
        )
        for aligned in evidence
        if aligned.failed is not None and (worst := aligned.requirement.worst) is not None
    ]
    if not touched:
        return None
    try:
        ruling = judge([each.without_failures() for each in evidence])
    except StatisticsError:  # no item is left, or none of a tag of the mix
        ruling = None
    names = {each.name for each in touched}
    return FailuresSection(
        test_sets=tuple(touched),
        verdict_without=None if ruling is None else ruling.verdict,
        without=tuple(
            CleanRow.of(criterion)
            for criterion in (() if ruling is None else ruling.criteria)
            if criterion.name in names
        ),
    )
