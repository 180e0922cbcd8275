"""Two files of answers compared: no database, no server, no queue."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from evalhub.files.answers import RecordedAnswer, read_answers
from evalhub.files.identity import answers_digest, scores_digest
from evalhub.files.rows import DataError, field, item_id, read_rows
from evalhub.schemas.decision import ArmName, Arms, DecisionRecord
from evalhub.schemas.defaults import MARGIN, PLANNED_GAIN
from evalhub.schemas.sections import EvidenceRow
from evalhub.stats.levels import ALPHA
from evalhub.verdict.align import Aligned, breakdown_of, clusters_of, criterion_of
from evalhub.verdict.criteria import Requirement
from evalhub.verdict.outcomes import outcome
from evalhub.verdict.record import decision_record
from evalhub.verdict.rule import decide
from runners.metrics import METRICS, Answer, MetricScore, Scorer, scorer


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


@dataclass(frozen=True, slots=True)
class FileComparison:
    """The decision record, and every item that both arms answered, for reading."""

    record: DecisionRecord
    items: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class _Case:
    key: str
    line: int
    values: dict[str, Any]
    references: list[Any]
    cluster: str
    tags: list[str]


def compare_files(
    base: Path, candidate: Path, test_set: Path, question: CompareRequest
) -> FileComparison:
    """Compares the answers in `candidate` with those in `base`.

    Raises:
        DataError: what is wrong with a file, with its name, line and field.
        runners.metrics.MetricError: an unknown metric or option, a bad pattern.
    """
    extract = {} if question.extract is None else {"extract": question.extract}
    score = scorer(question.metric, **extract, **dict(question.options))
    cases = _read_cases(test_set, question, score)
    arms = [_read_arm(path, cases, question) for path in (base, candidate)]
    invalid = _unpaired(cases, arms, (base, candidate))
    if not invalid and _answers_digest(arms[0]) == _answers_digest(arms[1]):
        invalid.append(
            f"{base.name} and {candidate.name} hold the same answers to every item: "
            "was the adapter applied?"
        )
    paired = [case for case in cases.values() if all(case.key in arm for arm in arms)]
    scores = [[_scores(case, arm[case.key], score) for case in paired] for arm in arms]
    invalid += _unscored(paired, scores, (base, candidate))
    requirement = Requirement(
        name=test_set.stem,
        role=question.role,
        test_set=test_set.stem,
        metric=question.metric,
        margin=question.margin,
        min_gain=question.min_gain,
        higher_is_better=METRICS[question.metric].higher_is_better,
    )
    whole = [
        index
        for index in range(len(paired))
        if all(each.value is not None for arm in scores for each in arm[index])
    ]
    aligned = Aligned(
        requirement,
        _matrix(scores[0], whole),
        _matrix(scores[1], whole),
        clusters_of([paired[i].cluster for i in whole]) if question.cluster else None,
        [paired[i].tags for i in whole],
    )
    measured = (
        [criterion_of(aligned, alpha=question.alpha, planned_gain=question.planned_gain)]
        if whole
        else []
    )
    ruling = decide(candidate.stem, measured, invalid=invalid)
    record = decision_record(
        ruling,
        alpha=question.alpha,
        policy=asdict(question) | {"options": dict(question.options)},
        arms=Arms(baseline=_file(base), candidate=_file(candidate)),
        evidence=[_evidence(test_set, cases, question, arms, paired, scores)],
        breakdown=breakdown_of([aligned], alpha=question.alpha) if whole else [],
    )
    return FileComparison(record, _items(paired, arms, scores, requirement))


def _read_cases(path: Path, question: CompareRequest, score: Scorer) -> dict[str, _Case]:
    cases: dict[str, _Case] = {}
    for row in read_rows(path):
        key = item_id(row, question.id_field)
        if key in cases:
            raise DataError(
                f"{key!r} stands on line {cases[key].line} already; ids are unique",
                file=str(path),
                line=row.line,
                field=question.id_field,
            )
        references: list[Any] = []
        if score.metric.compares:
            found = field(row, question.reference)
            references = found if isinstance(found, list) else [found]
            if not references or any(one is None or one == "" for one in references):
                raise DataError(
                    f"{question.metric} needs a reference, and this one is empty",
                    file=str(path),
                    line=row.line,
                    field=question.reference,
                )
        cases[key] = _Case(
            key,
            row.line,
            row.values,
            references,
            str(field(row, question.cluster)) if question.cluster else "",
            _tags(field(row, question.tag)) if question.tag else [],
        )
    return cases


def _tags(value: Any) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else [str(value)]


def _read_arm(
    path: Path, cases: dict[str, _Case], question: CompareRequest
) -> dict[str, list[RecordedAnswer]]:
    answers: dict[str, list[RecordedAnswer]] = {}
    for answer in read_answers(
        path, id_field=question.id_field, output_field=question.output_field
    ):
        if answer.item_id not in cases:
            raise DataError(
                f"{answer.item_id!r} isn't in the test set; an answer needs its item's id",
                file=str(path),
                line=answer.line,
                field=question.id_field,
            )
        answers.setdefault(answer.item_id, []).append(answer)
    return answers


def _unpaired(
    cases: dict[str, _Case],
    arms: Sequence[dict[str, list[RecordedAnswer]]],
    paths: tuple[Path, Path],
) -> list[str]:
    reasons = []
    for arm, path in zip(arms, paths, strict=True):
        missing = [key for key in cases if key not in arm]
        if missing:
            reasons.append(
                f"{path.name} has no answer to {len(missing)} of {len(cases)} items, "
                f"first {missing[0]!r}: both arms must answer the same items"
            )
        failed = [each for rows in arm.values() for each in rows if each.text is None]
        if failed:
            reasons.append(
                f"{path.name} holds {len(failed)} errors in place of answers, first on line "
                f"{failed[0].line} ({failed[0].error}): answer these items again"
            )
    samples = [{len(rows) for rows in arm.values()} for arm in arms]
    for counts, path in zip(samples, paths, strict=True):
        if len(counts) > 1:
            reasons.append(
                f"{path.name} has {min(counts)} answers to some items and {max(counts)} to "
                "others: sample every item equally often"
            )
    return reasons


def _answers_digest(arm: dict[str, list[RecordedAnswer]]) -> str:
    return answers_digest(
        (key, each.sample, each.text, each.error or "")
        for key, answers in arm.items()
        for each in answers
    )


def _scores_digest(
    cases: Sequence[_Case],
    arm: dict[str, list[RecordedAnswer]],
    scores: Sequence[Sequence[MetricScore]],
) -> str:
    return scores_digest(
        (case.key, answer.sample, score.value)
        for case, row in zip(cases, scores, strict=True)
        for answer, score in zip(arm[case.key], row, strict=True)
    )


def _scores(case: _Case, answers: Sequence[RecordedAnswer], score: Scorer) -> list[MetricScore]:
    return [
        MetricScore(None, f"no answer: {each.error}")
        if each.text is None
        else score(
            Answer(each.text, each.latency_ms, each.prompt_tokens, each.completion_tokens),
            case.references,
        )
        for each in answers
    ]


def _unscored(
    cases: Sequence[_Case],
    scores: Sequence[Sequence[Sequence[MetricScore]]],
    paths: tuple[Path, Path],
) -> list[str]:
    reasons = []
    for arm, path in zip(scores, paths, strict=True):
        gaps = [
            (case.key, each.reason)
            for case, row in zip(cases, arm, strict=True)
            for each in row
            if each.value is None and not each.reason.startswith("no answer: ")
        ]
        if gaps:
            key, reason = gaps[0]
            reasons.append(
                f"{path.name}: {len(gaps)} answers have no score, first that to {key!r}: {reason}"
            )
    return reasons


def _matrix(scores: Sequence[Sequence[MetricScore]], whole: Sequence[int]) -> NDArray[np.float64]:
    """Scores of shape (n, samples), or (n,) of means where items have unequal samples."""
    rows = [[each.value for each in scores[i] if each.value is not None] for i in whole]
    if len({len(row) for row in rows}) > 1:
        return np.array([sum(row) / len(row) for row in rows])
    return np.array(rows, dtype=float)


def _file(path: Path) -> ArmName:
    return ArmName(name=path.stem, file=path.name, digest=_sha256(path))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _evidence(
    path: Path,
    cases: dict[str, _Case],
    question: CompareRequest,
    arms: Sequence[dict[str, list[RecordedAnswer]]],
    paired: Sequence[_Case],
    scores: Sequence[Sequence[Sequence[MetricScore]]],
) -> EvidenceRow:
    extract = {"extract": question.extract} if question.extract else {}
    flat = [[each for row in arm for each in row] for arm in scores]
    return EvidenceRow(
        test_set=path.stem,
        version=path.name,
        digest=_sha256(path),
        items=len(cases),
        metric=question.metric,
        metric_options=extract | dict(question.options),
        baseline_answers=_answers_digest(arms[0]),
        candidate_answers=_answers_digest(arms[1]),
        baseline_scores=_scores_digest(paired, arms[0], scores[0]),
        candidate_scores=_scores_digest(paired, arms[1], scores[1]),
        unscored_baseline=sum(each.value is None for each in flat[0]),
        unscored_candidate=sum(each.value is None for each in flat[1]),
        extraction_misses_baseline=sum(each.extracted is False for each in flat[0]),
        extraction_misses_candidate=sum(each.extracted is False for each in flat[1]),
    )


def _items(
    cases: Sequence[_Case],
    arms: Sequence[dict[str, list[RecordedAnswer]]],
    scores: Sequence[Sequence[Sequence[MetricScore]]],
    requirement: Requirement,
) -> list[dict[str, Any]]:
    """Each item with both arms' first answers and mean scores, worst losses first."""
    rows = []
    for index, case in enumerate(cases):
        base, tuned = (_mean(arm[index]) for arm in scores)
        sign = 1.0 if requirement.higher_is_better else -1.0
        gain = None if base is None or tuned is None else sign * (tuned - base)
        rows.append(
            {
                "test_set": requirement.test_set,
                "key": case.key,
                "input": case.values,
                "reference": case.references,
                "baseline_text": arms[0][case.key][0].text,
                "candidate_text": arms[1][case.key][0].text,
                "baseline": base,
                "candidate": tuned,
                "difference": gain,
                "outcome": outcome(base, tuned, gain),
            }
        )
    return sorted(rows, key=lambda row: (row["difference"] is None, row["difference"] or 0.0))


def _mean(scores: Sequence[MetricScore]) -> float | None:
    values = [each.value for each in scores if each.value is not None]
    return sum(values) / len(values) if values and len(values) == len(scores) else None
