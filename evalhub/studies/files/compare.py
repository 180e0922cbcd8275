"""Compare two files of answers: no server, no queue, and no database of its own."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evalhub.decision.align import align
from evalhub.decision.arm_scores import ItemLabel
from evalhub.decision.charge import Charge
from evalhub.decision.contributions import PairedParts, pair_parts, unchanged_items
from evalhub.decision.document import DecisionRecord
from evalhub.decision.evidence import Evidence
from evalhub.decision.extraction import ExtractionMisses
from evalhub.decision.failures import at_worst
from evalhub.decision.outcomes import outcome
from evalhub.decision.policy import Policy
from evalhub.decision.requirements import Requirement, requirement_of
from evalhub.decision.sections.answers import (
    AnsweredTestSet,
)
from evalhub.decision.sections.repeated import with_repeats_joined
from evalhub.declare.decision import ArmName, Arms, EvidenceRow
from evalhub.declare.measured_on import NO_WORST, beyond
from evalhub.declare.policy import LONGEST_NAME, LONGEST_UNIT
from evalhub.declare.verdicts import Verdict
from evalhub.io.row_paths import RowMapping
from evalhub.ledger.file_claims import FileClaim, FileLedger
from evalhub.studies.files.compared_arms import (
    AnsweredFile,
    arm_scores,
    items_without_match,
    parts_of,
    read_arm,
    tally_of,
)
from evalhub.studies.files.compared_items import ComparedItem, read_compared_items
from evalhub.studies.files.judge_files import judge_files
from evalhub.studies.files.terms import Terms
from runners.metrics import MetricDeclaration, MetricError, Scorer, scorer
from runners.metrics.sandboxed import check_sandbox


@dataclass(frozen=True, slots=True)
class CompareRequest:
    """The options of `evalhub compare` for two files of answers.

    Attributes:
        id_field, output_field, reference, cluster, tag, weight: names of fields; a dotted name
            reaches into an object. The answer files have id_field and output_field, the test set
            id_field and the others.
        terms: what must hold.
    """

    metric: str
    extract: str | None = None
    options: tuple[tuple[str, Any], ...] = ()
    id_field: str = "id"
    output_field: str = "output"
    reference: str = "reference"
    cluster: str | None = None
    tag: str | None = None
    weight: str | None = None
    terms: Terms = field(default_factory=Terms)


@dataclass(frozen=True, slots=True)
class FileComparison:
    """The decision record, and every item that both arms answered, for reading.

    `parts` are what answers add to a score of all together, by the `metric`; else None.
    """

    record: DecisionRecord
    items: list[dict[str, Any]]
    metric: MetricDeclaration | None = None
    parts: PairedParts | None = None


def compare_files(
    base: Path,
    candidate: Path,
    test_set: Path,
    question: CompareRequest,
    ledger: FileLedger | None = None,
) -> FileComparison:
    """Compares the answers in `candidate` with those in `base`.

    Args:
        ledger: by which they are judged, where it knows the items; None: there is none.

    Raises:
        DataError: what is wrong with a file, with its name, line and field.
        runners.metrics.MetricError: an unknown metric or option, a bad pattern.
    """
    extract = {} if question.extract is None else {"extract": question.extract}
    score = scorer(question.metric, **extract, **dict(question.options))
    check_sandbox(score.metric)
    policy = _policy(test_set.stem[:LONGEST_NAME], question, score)
    cases = read_compared_items(
        test_set,
        id_field=question.id_field,
        reference=question.reference if score.metric.compares else None,
        cluster=question.cluster,
        tag=question.tag,
        weight=question.weight,
        metric=question.metric,
    )
    fields = RowMapping(id=question.id_field, output=question.output_field)
    arms = [read_arm(path, cases, fields, score) for path in (base, candidate)]
    compared = _Comparison(policy, test_set, cases, arms, score)
    record = judge_files(
        policy,
        compared.evidence,
        compared.claims,
        ledger,
        files=[base.name, candidate.name, test_set.name],
    )
    if record.verdict is Verdict.INVALID:
        return FileComparison(record, [])
    return FileComparison(record, compared.items(), score.metric, compared.parts())


def _policy(name: str, question: CompareRequest, score: Scorer) -> Policy:
    """The policy with the one criterion. Raises MetricError if the metric doesn't allow the
    question."""
    metric, terms = score.metric, question.terms
    bound = terms.margin if terms.role == "guard" else terms.min_gain
    if metric.reach is not None and (why := beyond(metric.reach, bound)):
        raise MetricError(f"{question.metric}: {why}")
    if metric.reach is None and terms.failures == "worst":
        raise MetricError(NO_WORST.format(question.metric))
    criterion = {
        **terms.demand(terms.role),
        "metric": question.metric,
        "higher_is_better": metric.rises,
        "unit": metric.unit_of_value[:LONGEST_UNIT],
        **({} if metric.reach is None else {"bounds": metric.reach}),
    }
    return terms.policy({name: criterion})


class _Comparison:
    """The two files' answers to the items of a test set, side by side."""

    def __init__(
        self,
        policy: Policy,
        test_set: Path,
        cases: Mapping[str, ComparedItem],
        arms: Sequence[AnsweredFile],
        score: Scorer,
    ) -> None:
        [(name, criterion)] = policy.criteria.items()
        self.policy, self.test_set, self.cases, self.arms = policy, test_set, cases, arms
        self.metric = score.metric
        self.requirement = requirement_of(name, criterion, form=score.metric.of_form)
        self.labels = with_repeats_joined(
            [
                ItemLabel(
                    case.key, case.cluster, case.tags, case.weight, question=case.question_digest
                )
                for case in cases.values()
            ]
        )
        self.scores = [
            arm_scores(arm, list(cases), name, scored_together=score.metric.scored_together)
            for arm in arms
        ]
        self.digests = [arm.answers_digest() for arm in arms]
        self.aligned = align(self.requirement, self.labels, *self.scores, failures=policy.failures)

    def evidence(self, charge: Charge, registered: bool) -> Evidence:
        before, after = self.scores
        name = self.requirement.name
        return Evidence(
            arms=Arms(baseline=_file(self.arms[0].path), candidate=_file(self.arms[1].path)),
            rows=[self._row()],
            scores=[self.aligned],
            charge=charge,
            registered=registered,
            flaws=self._same_answers(),
            answered=[
                AnsweredTestSet(
                    self.requirement.test_set,
                    len(self.cases),
                    tally_of(self.arms[0], self.cases),
                    tally_of(self.arms[1], self.cases),
                    {key: each.cluster for key, each in self.cases.items() if each.cluster},
                )
            ],
            misses=[
                ExtractionMisses(
                    name,
                    before.extraction_misses,
                    after.extraction_misses,
                    items_without_match(self.arms[0]) | items_without_match(self.arms[1]),
                )
            ],
        )

    def claims(self) -> list[FileClaim]:
        before, after = self.scores
        prints = [each.prints for each in self.cases.values()]
        whole = [each for each in prints if each is not None]
        claim = FileClaim(
            self.requirement,
            self.labels,
            whole if len(whole) == len(prints) else None,
            before,
            after,
            self.metric.name,
            self.metric.options,
        )
        return [claim]

    def items(self) -> list[dict[str, Any]]:
        """Each item that both arms answered, with its answers; worst losses first."""
        means = [
            at_worst(self.requirement, arm, self.policy.failures).means(len(self.cases))
            for arm in self.scores
        ]
        cases = list(self.cases.values())
        before, after = self.scores
        unchanged = unchanged_items(before, after, np.ones(len(cases), dtype=bool))
        return _items(cases, self.arms, means, self.requirement, unchanged, right=self.metric.right)

    def parts(self) -> PairedParts | None:
        """What the answers add to a score of all together; None for any other metric."""
        if not self.metric.scored_together:
            return None
        sources = {label.key: label.cluster for label in self.labels}
        return pair_parts(*(parts_of(arm, sources) for arm in self.arms))

    def _same_answers(self) -> list[str]:
        if self.digests[0] != self.digests[1]:
            return []
        base, candidate = (arm.path.name for arm in self.arms)
        return [
            f"{base} and {candidate} hold the same answers to every item: was the adapter applied?"
        ]

    def _row(self) -> EvidenceRow:
        before, after = self.scores
        return EvidenceRow(
            test_set=self.requirement.test_set,
            version=self.test_set.name,
            digest=_sha256(self.test_set),
            items=len(self.cases),
            metric=self.requirement.metric,
            metric_options=self.metric.options,
            baseline_answers=self.digests[0],
            candidate_answers=self.digests[1],
            baseline_scores=self.arms[0].scores_digest(),
            candidate_scores=self.arms[1].scores_digest(),
            failed_baseline=before.failures_counted,
            failed_candidate=after.failures_counted,
            unscored_baseline=before.unscored,
            unscored_candidate=after.unscored,
            extraction_misses_baseline=before.extraction_misses,
            extraction_misses_candidate=after.extraction_misses,
        )


def _file(path: Path) -> ArmName:
    return ArmName(name=path.stem, file=path.name, digest=_sha256(path))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _items(
    cases: Sequence[ComparedItem],
    arms: Sequence[AnsweredFile],
    means: Sequence[NDArray[np.float64]],
    requirement: Requirement,
    unchanged: NDArray[np.bool_] | None,
    *,
    right: float | None,
) -> list[dict[str, Any]]:
    """Each item that both arms answered, with their first answers and mean scores, worst losses
    first."""
    rows = []
    tied = np.zeros(len(cases), dtype=bool) if unchanged is None else unchanged
    for case, same, *values in zip(cases, tied, *means, strict=True):
        if not all(case.key in arm.answers for arm in arms):
            continue
        base, tuned = (None if np.isnan(value) else float(value) for value in values)
        sign = 1.0 if requirement.higher_is_better else -1.0
        gain = None if base is None or tuned is None else 0.0 if same else sign * (tuned - base)
        rows.append(
            {
                "test_set": requirement.test_set,
                "key": case.key,
                "input": case.values,
                "reference": case.references,
                "baseline_text": arms[0].answers[case.key][0].text,
                "candidate_text": arms[1].answers[case.key][0].text,
                "baseline": base,
                "candidate": tuned,
                "difference": gain,
                "outcome": outcome(base, tuned, gain, right),
                "right": right,
            }
        )
    return sorted(rows, key=lambda row: (row["difference"] is None, row["difference"] or 0.0))
