"""A live experiment's part of a decision: criteria, what is waited for, flaws. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from evalhub.decision.criterion import Criterion
from evalhub.decision.live_criteria import primary_level, waiting_criteria
from evalhub.decision.sections.allocation import AllocationSection
from evalhub.decision.sections.base import Section
from evalhub.decision.sections.exposure import ExposureSection
from evalhub.decision.sections.live_sums import LiveSumsSection
from evalhub.decision.sections.stages import StagesSection
from evalhub.declare.experiment import ExperimentPlan


@dataclass(frozen=True, slots=True)
class LiveEvidence:
    """A live experiment's part of a decision.

    Attributes:
        criteria: those that could be measured.
        pending: what a ship waits for, one sentence each.
        flaws: why no verdict can rest on it, one sentence each.
        levels: by criterion, the level that it has instead of the plan's alpha.
        sections: of the record.
    """

    criteria: Sequence[Criterion] = ()
    pending: Sequence[str] = ()
    flaws: Sequence[str] = ()
    levels: Mapping[str, float] = field(default_factory=dict)
    sections: Sequence[Section] = ()


def live_evidence(
    plan: ExperimentPlan,
    sums: LiveSumsSection,
    *,
    allocation: AllocationSection,
    exposure: ExposureSection,
    stages: StagesSection,
) -> LiveEvidence:
    """The criteria that follow from users' sums, and why they may mean nothing."""
    criteria = sums.criteria(plan)
    later = sums.metric_number > 1
    return LiveEvidence(
        criteria=criteria,
        pending=waiting_criteria(criteria, plan),
        flaws=[section.flaw for section in (allocation, exposure) if section.flaw],
        levels={plan.primary.metric: primary_level(plan, sums.metric_number)} if later else {},
        sections=[allocation, exposure, stages, sums],
    )
