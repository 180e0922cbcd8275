"""What each step before a fine-tune buys, read from a study's evidence.

Only arms whose scores on the test set this record shows anyway, and pays for, are among them: the
baseline, the candidate and its alternatives.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from evalhub.decision.align import Aligned
from evalhub.decision.sections.steps import ORDER, StepRow, StepsSection, place_of
from evalhub.declare.decision import Alternative
from evalhub.ledger.costs import answer_costs
from evalhub.ledger.measured_costs import RunCosts, run_costs
from evalhub.ledger.study_evidence import StudyEvidence
from evalhub.registry.models import ModelVersion, Run, StudyArm, StudyTestSet
from evalhub.stats.paired import PairedComparison, compare


def steps_section(
    evidence: StudyEvidence, baseline: StudyArm, arm: StudyArm, shown: Sequence[Alternative]
) -> StepsSection | None:
    """The record's `steps`; None of a candidate that isn't fine-tuned."""
    if not arm.version.fine_tuned:
        return None
    untuned = [each for each in evidence.arms if not each.version.fine_tuned]
    if all(_bare(each.version) for each in untuned):
        return StepsSection(alone=True)
    untuned.sort(key=lambda each: (place_of(each.version.kind), each.position))
    told = {(each.arm, each.test_set) for each in shown}
    runs = {evidence.run(each, one).pk for each in (*untuned, arm) for one in evidence.primaries}
    taken = run_costs(sorted(runs), afresh=True)
    rows = [
        row
        for test_set in evidence.primaries
        for ladder in [
            [each for each in untuned if each == baseline or (each.name, test_set.name) in told]
        ]
        for row in _Steps(evidence, test_set, taken, last=arm).rows([*ladder, arm])
    ]
    return StepsSection(alone=False, rows=tuple(rows))


def _bare(version: ModelVersion) -> bool:
    """Whether it is a base that is told nothing: neither a prompt nor examples nor documents."""
    prompt = version.prompt
    told = prompt.system or prompt.examples or prompt.retriever
    return version.kind == ORDER[0] and not told


@dataclass(frozen=True, slots=True)
class _Steps:
    """The steps on one test set, the last of which is the candidate in question."""

    evidence: StudyEvidence
    test_set: StudyTestSet
    taken: Mapping[int, RunCosts]
    last: StudyArm

    def rows(self, ladder: Sequence[StudyArm]) -> Iterator[StepRow]:
        """Each arm beside the last before it that bought something; an arm that is that one here,
        with the same run, is no step."""
        kept, *others = ladder
        if kept == self.last:
            return
        rows = self._aligned(kept, self.last)
        if not rows.items or rows.flaws:
            return
        yield self._row(kept, len(rows.items), self._compared(rows, turned=False).baseline)
        for arm in others:
            if self._run(kept) != self._run(arm):
                row = self._beside(kept, arm)
                kept = arm if row.buys else kept
                yield row

    def _beside(self, kept: StudyArm, arm: StudyArm) -> StepRow:
        rows = self._aligned(kept, arm)
        rising = rows.requirement.higher_is_better
        found = self._compared(rows, turned=not rising)
        asked = rows.requirement.min_gain if arm == self.last else 0.0
        row = self._row(arm, len(rows.items), found.candidate if rising else found.baseline)
        return row.model_copy(
            update={
                "over": kept.name,
                "difference": found.difference,
                "lower": found.lower,
                "upper": found.upper,
                "asked": asked,
                "buys": found.lower > asked,
            }
        )

    def _aligned(self, kept: StudyArm, arm: StudyArm) -> Aligned:
        return self.evidence.pair(kept, arm, self.test_set).aligned

    def _compared(self, rows: Aligned, *, turned: bool) -> PairedComparison:
        before, after = rows.baseline, rows.candidate
        if turned:
            before, after = after, before
        return compare(
            before,
            after,
            clusters=rows.clusters,
            weights=rows.weights,
            bounds=rows.requirement.bounds,
        )

    def _row(self, arm: StudyArm, n: int, value: float) -> StepRow:
        run = self._run(arm)
        taken = self.taken.get(run.pk)
        return StepRow(
            test_set=self.test_set.name,
            metric=self.test_set.metric.name,
            arm=arm.name,
            kind=arm.version.kind,
            n=n,
            value=value,
            tokens=taken.tokens.mean if taken and taken.tokens else None,
            latency_ms=taken.latency.mean if taken and taken.latency else None,
            money=self._money(arm, run),
        )

    def _money(self, arm: StudyArm, run: Run) -> float | None:
        """What an answer cost on average, by the price that the study says; None without one."""
        price = self.evidence.study.policy.prices.get(arm.name)
        if price is None:
            return None
        each = [cost for costs in answer_costs(run, price).values() for cost in costs]
        return sum(each) / len(each) if each else None

    def _run(self, arm: StudyArm) -> Run:
        return self.evidence.run(arm, self.test_set)
