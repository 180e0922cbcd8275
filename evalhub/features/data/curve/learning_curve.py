"""The learning curve of versions that were trained on parts of one file, from their studies.

Nobody peeks: the scores of a primary are read only where a decision has opened them for every arm.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import compress

import numpy as np

from evalhub.decision.align import clusters_of, weights_of
from evalhub.declare.data_curve import DataCurve, DataCurves
from evalhub.features.data.curve.document import curve_document
from evalhub.ledger.scores import requirement_on
from evalhub.ledger.study_evidence import StudyEvidence, read_study_evidence
from evalhub.registry.models import RunMetric, Study, StudyArm, StudyTestSet
from evalhub.stats.errors import StatisticsError
from evalhub.stats.learning_curve import learning_curve

WHERE = "its training record names no `examples`, and no --examples does"


class CurveError(Exception):
    """There is no curve to be had of these studies, or not yet."""


@dataclass(frozen=True, slots=True)
class _CurveArm:
    evidence: StudyEvidence
    arm: StudyArm
    name: str
    examples: int


def curve_of_studies(
    studies: Sequence[Study],
    *,
    examples: Mapping[str, int] | None = None,
    worth: float | None = None,
) -> DataCurves:
    """The curve on each primary that the studies share.

    Args:
        examples: by an arm's name, or study/arm, its number of training examples, where its
            version's training record doesn't say it or says it wrongly.
        worth: gain from which on a doubling is worth its cost; None: what the first study plans
            to detect.

    Raises:
        CurveError: fewer than two numbers of examples, an arm in `examples` that no study has, no
            primary in common, scores that no decision has opened.
        evalhub.ledger.study_evidence.NotReadyError: a run hasn't finished.
    """
    evidence = [read_study_evidence(study) for study in studies]
    arms, left_out = _arms(evidence, examples or {})
    if len({arm.examples for arm in arms}) < 2:
        known = ", ".join(f"{arm.name}: {arm.examples:,}" for arm in arms) or "none"
        raise CurveError(
            f"a curve needs arms of two different numbers of training examples (known: {known}; "
            f"{'; '.join(left_out) or 'no other arms'})"
        )
    shared = _shared_primaries(evidence)
    _check_opened(arms, shared)
    return DataCurves(
        studies=tuple(study.slug for study in studies),
        curves=tuple(_curve(arms, test_sets, worth) for test_sets in shared),
        left_out=tuple(left_out),
    )


def _arms(
    evidence: Sequence[StudyEvidence], examples: Mapping[str, int]
) -> tuple[list[_CurveArm], list[str]]:
    """Arms with their numbers of examples, a version once; and why others are left out."""
    arms: dict[str, _CurveArm] = {}
    left_out: dict[str, str] = {}
    pairs = [(each.study.slug, arm.name) for each in evidence for arm in each.arms]
    names = {name for _, name in pairs}
    if unknown := examples.keys() - names - {"/".join(pair) for pair in pairs}:
        raise CurveError(f"no arm is called {min(unknown)!r} (arms: {', '.join(sorted(names))})")
    for of_study in evidence:
        for arm in of_study.arms:
            whole_name = f"{of_study.study.slug}/{arm.name}"
            number = examples.get(whole_name, examples.get(arm.name))
            if number is None:
                number = arm.version.training.fields_with_names.fields.examples
            name = arm.name if len(evidence) == 1 else whole_name
            if not number:
                left_out[arm.version.digest] = f"{name}: {WHERE}"
            elif arm.version.digest not in arms:
                arms[arm.version.digest] = _CurveArm(of_study, arm, name, number)
    reasons = [reason for digest, reason in left_out.items() if digest not in arms]
    return list(arms.values()), reasons


def _shared_primaries(evidence: Sequence[StudyEvidence]) -> list[dict[int, StudyTestSet]]:
    """By study's id its test set: for each version and metric that is a primary of all studies."""
    by_content: dict[tuple[int, int], dict[int, StudyTestSet]] = defaultdict(dict)
    for of_study in evidence:
        for test_set in of_study.primaries:
            key = test_set.test_set_version_id, test_set.metric_id
            by_content[key].setdefault(of_study.study.pk, test_set)
    shared = [rows for rows in by_content.values() if len(rows) == len(evidence)]
    if not shared:
        names = ", ".join(of_study.study.slug for of_study in evidence)
        raise CurveError(
            f"{names} share no primary: a curve needs the same version of a test set and the same "
            "metric in all of them"
        )
    return shared


def _check_opened(arms: Sequence[_CurveArm], shared: Sequence[Mapping[int, StudyTestSet]]) -> None:
    """Raise CurveError where an arm's scores are sealed."""
    pairs = [(arm, test_sets[arm.evidence.study.pk]) for test_sets in shared for arm in arms]
    runs = [arm.evidence.run(arm.arm, test_set) for arm, test_set in pairs]
    readable = RunMetric.objects.readable().filter(run__in=runs).order_by()
    opened = set(readable.values_list("run", "metric"))
    for (arm, test_set), run in zip(pairs, runs, strict=True):
        if (run.pk, test_set.metric_id) not in opened:
            raise CurveError(
                f"the scores of {arm.name} on {test_set.name} are sealed: a decision on "
                f"{arm.evidence.study.slug} opens them, and pays for the look"
            )


def _curve(
    arms: Sequence[_CurveArm], test_sets: Mapping[int, StudyTestSet], worth: float | None
) -> DataCurve:
    first = arms[0].evidence
    test_set = test_sets[first.study.pk]
    requirement = requirement_on(test_set)
    version = test_set.test_set_version
    items = first.items(version)
    judged = first.rows_to_judge(test_set, version)
    whole = np.ones(len(items), dtype=bool) if judged is None else judged.copy()
    count = int(whole.sum())
    means = []
    for arm in arms:
        own = test_sets[arm.evidence.study.pk]
        if arm.evidence.run(arm.arm, own).test_set_version_id != version.pk:
            raise CurveError(f"{arm.name} answered another version of {test_set.name}")
        of_items = arm.evidence.arm_scores(arm.arm, own).means(len(items))
        whole &= ~np.isnan(of_items)
        means.append(of_items)
    scored = list(compress(items, whole))
    gain = worth or test_set.planned_gain or first.policy.planned_gain
    try:
        curve = learning_curve(
            [arm.examples for arm in arms],
            np.column_stack(means)[whole],
            worth=gain,
            rises=requirement.higher_is_better,
            clusters=clusters_of([item.cluster for item in scored]),
            weights=weights_of(scored, test_set.mix),
            bounds=requirement.bounds,
        )
    except StatisticsError as error:
        raise CurveError(f"{test_set.name}: {error}") from error
    return curve_document(
        curve,
        [(arm.name, arm.examples) for arm in arms],
        test_set=str(version),
        metric=test_set.metric.name,
        higher_is_better=requirement.higher_is_better,
        left_out=count - len(scored),
    )
