"""Two files of answers compared: no server, no queue, and no database of its own."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from evalhub.decision.align import (
    Aligned,
    ItemLabel,
    align,
    breakdown_of,
    criteria_of,
)
from evalhub.decision.criteria import Requirement
from evalhub.decision.document import DecisionRecord
from evalhub.decision.failures import FAILURES, at_worst
from evalhub.decision.needed import with_next_looks
from evalhub.decision.outcomes import outcome
from evalhub.decision.record import decision_record
from evalhub.decision.rule import PRIMARIES, Ruling, decide
from evalhub.decision.sections.answers import (
    MODEL_CHANGES,
    AnsweredTestSet,
    answer_cautions,
    answer_flaws,
    answers_section,
)
from evalhub.decision.sections.failures import failures_section
from evalhub.decision.sections.jumps import jumps_section
from evalhub.decision.sections.repeated import with_repeats_joined
from evalhub.declare.answers_rule import ModelChangeUse
from evalhub.declare.decision import ArmName, Arms, EvidenceRow
from evalhub.declare.declaration import default_of
from evalhub.declare.defaults import MARGIN, MOST_UNANSWERED, PLANNED_GAIN
from evalhub.declare.measured_on import NO_WORST, beyond
from evalhub.declare.policy import FailureUse, Rule
from evalhub.declare.verdicts import Verdict
from evalhub.io.row_paths import RowMapping
from evalhub.ledger.file_claims import FileClaim, FileLedger
from evalhub.stats.levels import ALPHA
from evalhub.studies.files.compared_arms import AnsweredFile, arm_scores, read_arm, tally_of
from evalhub.studies.files.compared_items import ComparedItem, read_compared_items
from runners.metrics import MetricError, scorer

if TYPE_CHECKING:
    from evalhub.ledger.charge import Charge


@dataclass(frozen=True, slots=True)
class CompareRequest:
    """What `evalhub compare` is asked.

    Attributes:
        id_field, output_field, reference, cluster, tag: names of fields; a dotted name reaches
            into an object. The test set has id_field, reference, cluster and tag; the answer
            files have id_field and output_field.
        alpha: one-sided level, so the interval's level is 1 − 2·alpha.
    """

    metric: str
    extract: str | None = None
    options: tuple[tuple[str, Any], ...] = ()
    id_field: str = "id"
    output_field: str = "output"
    reference: str = "reference"
    cluster: str | None = None
    tag: str | None = None
    role: Literal["primary", "guard"] = "primary"
    margin: float = MARGIN
    min_gain: float = 0.0
    alpha: float = ALPHA
    planned_gain: float = PLANNED_GAIN
    failures: FailureUse = FAILURES
    model_changes: ModelChangeUse = MODEL_CHANGES
    most_unanswered: float = MOST_UNANSWERED


@dataclass(frozen=True, slots=True)
class FileComparison:
    """The decision record, and every item that both arms answered, for reading."""

    record: DecisionRecord
    items: list[dict[str, Any]]


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
    if score.metric.scored_together:
        raise MetricError(
            f"{question.metric} is of all answers of a run together: say it in a study file"
        )
    bounds = score.metric.reach
    asked = question.margin if question.role == "guard" else question.min_gain
    if bounds is not None and (why := beyond(bounds, asked)):
        raise MetricError(f"{question.metric}: {why}")
    if bounds is None and question.failures == "worst":
        raise MetricError(NO_WORST.format(question.metric))
    cases = read_compared_items(
        test_set,
        id_field=question.id_field,
        reference=question.reference if score.metric.compares else None,
        cluster=question.cluster,
        tag=question.tag,
        metric=question.metric,
    )
    fields = RowMapping(id=question.id_field, output=question.output_field)
    arms = [read_arm(path, cases, fields, score) for path in (base, candidate)]
    requirement = Requirement(
        name=test_set.stem,
        role=question.role,
        test_set=test_set.stem,
        metric=question.metric,
        margin=question.margin,
        min_gain=question.min_gain,
        higher_is_better=score.metric.rises,
        bounds=bounds,
        unit=score.metric.counted_in,
        form=score.metric.of_form,
    )
    labels = with_repeats_joined(
        [
            ItemLabel(each.key, each.cluster, each.tags, question=each.question_digest)
            for each in cases.values()
        ]
    )
    before, after = (arm_scores(arm, list(cases), test_set.stem) for arm in arms)
    aligned = align(requirement, labels, before, after, failures=question.failures)
    digests = [arm.answers_digest() for arm in arms]
    invalid = list(aligned.flaws)
    if digests[0] == digests[1]:
        invalid.insert(
            0,
            f"{base.name} and {candidate.name} hold the same answers to every item: "
            "was the adapter applied?",
        )
    compared = [aligned] if aligned.items else []
    named = Arms(baseline=_file(base), candidate=_file(candidate))
    answers = answers_section(
        [
            AnsweredTestSet(
                test_set.stem,
                len(cases),
                tally_of(arms[0], cases),
                tally_of(arms[1], cases),
                {key: each.cluster for key, each in cases.items() if each.cluster},
            )
        ],
        model_changes=question.model_changes,
        most_unanswered=question.most_unanswered,
        failures=question.failures,
    )
    invalid += answer_flaws(answers, named)

    evidence_row = EvidenceRow(
        test_set=test_set.stem,
        version=test_set.name,
        digest=_sha256(test_set),
        items=len(cases),
        metric=question.metric,
        metric_options=score.metric.options,
        baseline_answers=digests[0],
        candidate_answers=digests[1],
        baseline_scores=arms[0].scores_digest(),
        candidate_scores=arms[1].scores_digest(),
        failed_baseline=before.failures_counted,
        failed_candidate=after.failures_counted,
        unscored_baseline=before.unscored,
        unscored_candidate=after.unscored,
        extraction_misses_baseline=before.extraction_misses,
        extraction_misses_candidate=after.extraction_misses,
    )

    def record_at(paid: "Charge | None", registered: bool) -> DecisionRecord:
        level = paid.level if paid else question.alpha
        flaws = [*invalid, *(paid.refused if paid else [])]

        def judge(evidence: Sequence[Aligned]) -> Ruling:
            measured = criteria_of(evidence, alpha=level, planned_gain=question.planned_gain)
            if paid is not None:
                measured = with_next_looks(measured, paid.extended, PRIMARIES)
            return decide(
                candidate.stem,
                measured,
                invalid=flaws,
                cautions=answer_cautions(answers, named),
                registered=registered,
            )

        ruling = judge(compared)
        return decision_record(
            ruling,
            alpha=level,
            policy=asdict(question) | {"options": dict(question.options)},
            arms=named,
            evidence=[evidence_row],
            breakdown=breakdown_of(compared, alpha=level),
            aligned=compared,
            sections=[
                paid.section if paid else None,
                None if flaws else failures_section(compared, judge),
                jumps_section(ruling.criteria, rule="report", largest_gain={}),
                answers,
            ],
        )

    if ledger is None:
        record = record_at(None, False)
    else:
        prints = [each.prints for each in cases.values()]
        whole = [each for each in prints if each is not None]
        claim = FileClaim(
            requirement,
            labels,
            whole if len(whole) == len(prints) else None,
            before,
            after,
            score.metric.name,
            score.metric.options,
        )
        record = ledger.read(
            [claim],
            record_at,
            counts=default_of(Rule, "ledger"),
            alpha=question.alpha,
            primaries=PRIMARIES,
            files=[base.name, candidate.name, test_set.name],
        )
    if record.verdict is Verdict.INVALID:
        return FileComparison(record, [])
    means = [
        at_worst(requirement, arm, question.failures).means(len(cases)) for arm in (before, after)
    ]
    rows = _items(list(cases.values()), arms, means, requirement, right=score.metric.right)
    return FileComparison(record, rows)


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
    *,
    right: float | None,
) -> list[dict[str, Any]]:
    """Each item that both arms answered, with their first answers and mean scores, worst losses
    first."""
    rows = []
    for case, *values in zip(cases, *means, strict=True):
        if not all(case.key in arm.answers for arm in arms):
            continue
        base, tuned = (None if np.isnan(value) else float(value) for value in values)
        sign = 1.0 if requirement.higher_is_better else -1.0
        gain = None if base is None or tuned is None else sign * (tuned - base)
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
