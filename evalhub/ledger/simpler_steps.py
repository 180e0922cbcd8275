"""The benefit of each step before a fine-tune, read from a study's evidence.

Only arms whose scores on the test set this record shows anyway, and pays for, are among them: the
baseline, the candidate and its alternatives.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from evalhub.decision.align import Aligned
from evalhub.decision.sections.steps import ORDER, StepRow, StepsSection, step_index
from evalhub.declare.decision import Alternative
from evalhub.ledger.costs import answer_costs
from evalhub.ledger.measured_costs import RunCosts, run_costs
from evalhub.ledger.study_evidence import StudyEvidence
from evalhub.registry.models import ModelVersion, Run, StudyArm, StudyTestSet
from evalhub.stats.paired import PairedComparison, compare


def steps_section(
    evidence: StudyEvidence, baseline: StudyArm, arm: StudyArm, alternatives: Sequence[Alternative]
) -> StepsSection | None:
    """The record's `steps`; None of a candidate that isn't fine-tuned."""
    if not arm.version.fine_tuned:
        return None
    untuned = [each for each in evidence.arms if not each.version.fine_tuned]
    if all(_bare(each.version) for each in untuned):
        return StepsSection(alone=True)
    untuned.sort(key=lambda step: (step_index(step.version.kind), step.position))
    pairs = {(each.arm, each.test_set) for each in alternatives}
    runs = {evidence.run(each, one).pk for each in (*untuned, arm) for one in evidence.primaries}
    costs = run_costs(sorted(runs), afresh=True)
    rows = [
        row
        for test_set in evidence.primaries
        for ladder in [
            [each for each in untuned if each == baseline or (each.name, test_set.name) in pairs]
        ]
        for row in _Steps(evidence, test_set, costs, last=arm).rows([*ladder, arm])
    ]
    return StepsSection(alone=False, rows=tuple(rows))


def _bare(version: ModelVersion) -> bool:
    """Whether it is a base model without prompt, examples or documents."""
    prompt = version.prompt
    instructed = prompt.system or prompt.examples or prompt.retriever
    return version.kind == ORDER[0] and not instructed


@dataclass(frozen=True, slots=True)
class _Steps:
    """The steps on one test set; the candidate in question is the last."""

    evidence: StudyEvidence
    test_set: StudyTestSet
    taken: Mapping[int, RunCosts]
    last: StudyArm

    def rows(self, ladder: Sequence[StudyArm]) -> Iterator[StepRow]:
        """Each arm beside the last before it that bought something; an arm that is that one here,
        with the same run, is no step."""
        current, *others = ladder
        if current == self.last:
            return
        rows = self._align(current, self.last)
        if not rows.items or rows.flaws:
            return
        yield self._row(current, len(rows.items), self._compare(rows, turned=False).baseline)
        for arm in others:
            if self._run(current) != self._run(arm):
                row = self._beside(current, arm)
                current = arm if row.buys else current
                yield row

    def _beside(self, previous: StudyArm, arm: StudyArm) -> StepRow:
        rows = self._align(previous, arm)
        rising = rows.requirement.higher_is_better
        comparison = self._compare(rows, turned=not rising)
        min_gain = rows.requirement.min_gain if arm == self.last else 0.0
        row = self._row(
            arm, len(rows.items), comparison.candidate if rising else comparison.baseline
        )
        return row.model_copy(
            update={
                "over": previous.name,
                "difference": comparison.difference,
                "lower": comparison.lower,
                "upper": comparison.upper,
                "asked": min_gain,
                "buys": comparison.lower > min_gain,
            }
        )

    def _align(self, previous: StudyArm, arm: StudyArm) -> Aligned:
        return self.evidence.pair(previous, arm, self.test_set).aligned

    def _compare(self, rows: Aligned, *, turned: bool) -> PairedComparison:
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
        costs = self.taken.get(run.pk)
        return StepRow(
            test_set=self.test_set.name,
            metric=self.test_set.metric.name,
            arm=arm.name,
            kind=arm.version.kind,
            n=n,
            value=value,
            tokens=costs.tokens.mean if costs and costs.tokens else None,
            latency_ms=costs.latency.mean if costs and costs.latency else None,
            money=self._money(arm, run),
        )

    def _money(self, arm: StudyArm, run: Run) -> float | None:
        """Mean cost of an answer at the study's stated price; None without one."""
        price = self.evidence.study.policy.prices.get(arm.name)
        if price is None:
            return None
        amounts = [cost for costs in answer_costs(run, price).values() for cost in costs]
        return sum(amounts) / len(amounts) if amounts else None

    def _run(self, arm: StudyArm) -> Run:
        return self.evidence.run(arm, self.test_set)
