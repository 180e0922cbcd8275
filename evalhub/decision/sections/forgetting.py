"""Where a fine-tune is held since it lost what a guard guards: what is usually done about it. Pure.

It is written into the record with its sources, and decides nothing.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from evalhub.decision.criteria.guard import GuardKind
from evalhub.decision.criterion import Criterion
from evalhub.decision.inconsistent import FOLLOWS, Discrepancy
from evalhub.decision.sections.base import Section
from evalhub.decision.wording import SAME_RUN
from evalhub.declare.decision import ArmName, Arms
from evalhub.declare.remedies import ForgettingRemedy, remedies_for
from evalhub.declare.verdicts import Verdict

if TYPE_CHECKING:
    from evalhub.decision.document import DecisionRecord

UNSTATED = (None, "unknown")
"""Kinds of arms that may be fine-tuned, for all that anybody said."""


class ForgettingSection(Section):
    """Guards by which a fine-tuned arm is held, and what is usually done about forgetting."""

    title: ClassVar[str] = "Forgetting"
    method: ClassVar[str] = "forgetting"
    order: ClassVar[int] = 5

    guards: tuple[str, ...] = Field(
        min_length=1, description="the guards that failed, by their criteria's names"
    )
    remedies: tuple[ForgettingRemedy, ...] = Field(
        description="what is usually done about it, and what others found of it"
    )

    def write_sentences(self, arms: Arms) -> Iterator[str]:
        baseline, candidate = arms.baseline.name, arms.candidate.name
        guards = ", ".join(self.guards)
        if arms.candidate.kind in UNSTATED:
            yield (
                f"{candidate} fails {guards}: if it was fine-tuned, it may have forgotten what "
                f"{baseline} could. Usually one of these is tried, and measured anew."
            )
        else:
            yield (
                f"{candidate} fails {guards}: by its tuning it may have forgotten what {baseline} "
                "could. Usually one of these is tried, and measured anew."
            )
        yield from (remedy.sentence for remedy in self.remedies)

    @classmethod
    def check(cls, record: "DecisionRecord", at: str) -> Iterator[Discrepancy]:
        """The guards are those by which it is held. A record from before the section has none."""
        section = record.forgetting
        if section is None:
            return
        due = _failed_guards(record.criteria, record.arms.candidate)
        if section.guards != due:
            yield Discrepancy(f"{at}forgetting.guards", section.guards, due, FOLLOWS)


def forgetting_section(
    verdict: Verdict, criteria: Sequence[Criterion], arms: Arms
) -> ForgettingSection | None:
    """The record's `forgetting`; None where the candidate isn't held by a guard, or isn't
    fine-tuned."""
    guards = _failed_guards(criteria, arms.candidate) if verdict is Verdict.HOLD else ()
    if not guards:
        return None
    return ForgettingSection(guards=guards, remedies=remedies_for(arms.candidate.kind))


def _failed_guards(criteria: Sequence[Criterion], arm: ArmName) -> tuple[str, ...]:
    """The guards that hold a fine-tune back, by their intervals. Those on how answers look don't
    count: they say nothing of what it can do."""
    if not remedies_for(arm.kind):
        return ()
    return tuple(
        criterion.name
        for criterion in criteria
        if criterion.role == GuardKind.role
        and not criterion.form
        and criterion.tier != "advisory"
        and criterion.fails
        and criterion.method != SAME_RUN
    )
