"""What a decision's page adds to its record: pictures, totals, links to methods. Pure.

The same for a decision kept in the database and for one that `evalhub compare` has just made.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from evalhub.report.ends import ends
from evalhub.report.forest import Plot, Tick, common_scale, plot
from evalhub.schemas.criteria import Criterion
from evalhub.schemas.decision import BreakdownRow, DecisionRecord
from evalhub.schemas.sections import Section
from evalhub.schemas.verdicts import Status, marked

# By a record's section: its title, and its method's anchor on the methods page.
SECTIONS = {
    "jumps": ("Gain beyond belief", "jumps"),
    "policy_since": ("Changed policy", "policy-since"),
    "judge": ("Judge", "judge"),
    "failures": ("Answers that failed", "failures"),
    "leakage": ("Leakage", "leakage"),
    "ledger": ("Test-set ledger", "ledger"),
    "applied": ("Adapter check", "no-op"),
    "noise_floor": ("Noise floor", "noise-floor"),
    "consistency": ("Several answers to an item", "consistency"),
    "baseline_choice": ("Fair baseline", "best-untuned"),
    "extension": ("Extension", "extension"),
    "imported": ("Read from another tool", "imported"),
}


@dataclass(frozen=True, slots=True)
class PlottedRow[R]:
    """One row of a table with its picture."""

    values: R
    plot: Plot | None


@dataclass(frozen=True, slots=True)
class EvidenceNote:
    """A section of the record with its title and the anchor of its method."""

    title: str
    method: str
    section: Section


@dataclass(frozen=True, slots=True)
class DecisionPage:
    """All that the templates of a decision need; `breakdown` and the numbers of items, `sizes`,
    are by test set: several criteria may be measured on one."""

    record: DecisionRecord
    reasons: Sequence[tuple[Status | None, str]]
    criteria: Sequence[PlottedRow[Criterion]]
    ticks: Sequence[Tick]
    breakdown: Mapping[str, Sequence[PlottedRow[BreakdownRow]]]
    breakdown_ticks: Sequence[Tick]
    notes: Sequence[EvidenceNote]
    sizes: Mapping[str, int]
    unscored: int
    extraction_misses: int
    ends: str

    @property
    def items(self) -> int:
        return sum(self.sizes.values())

    @property
    def costs(self) -> Sequence[Criterion]:
        """The criteria that are budgets."""
        return [each for each in self.record.criteria if each.role == "budget"]


def decision_page(record: DecisionRecord) -> DecisionPage:
    scale, small = common_scale(record.criteria), common_scale(record.breakdown)
    return DecisionPage(
        record=record,
        reasons=[marked(each) for each in record.reasons],
        criteria=[
            PlottedRow(each, plot(each, scale, label=each.name, noise=record.noise_of(each)))
            for each in record.criteria
        ],
        ticks=scale.ticks(),
        breakdown={
            name: [
                PlottedRow(each, plot(each, small, label=f"{name}, {each.tag}")) for each in rows
            ]
            for name, rows in groupby(record.breakdown, key=lambda each: each.test_set)
        },
        breakdown_ticks=small.ticks(),
        notes=[EvidenceNote(*SECTIONS[name], each) for name, each in record.sections.items()],
        sizes={each.test_set: each.items for each in record.evidence},
        unscored=sum(each.unscored for each in record.evidence),
        extraction_misses=sum(each.extraction_misses for each in record.evidence),
        ends=ends(record),
    )
