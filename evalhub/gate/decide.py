"""A study's evidence read, judged and kept as decisions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from evalhub import __version__
from evalhub.gate.criteria import Criterion
from evalhub.gate.evidence import breakdown_of, criterion_of
from evalhub.gate.models import Decision
from evalhub.gate.people import Judgments, people_record, preference_criterion
from evalhub.gate.record import decision_record
from evalhub.gate.scores import (
    ItemLabel,
    Pairing,
    RunScores,
    answers_differ,
    item_labels,
    pair,
    requirement_of,
    run_scores,
)
from evalhub.gate.verdict import decide, signed
from evalhub.registry.hashing import digest_of
from evalhub.registry.models import (
    Run,
    Study,
    StudyArm,
    StudyRun,
    StudyTestSet,
    TestSetVersion,
)
from evalhub.registry.models.runs import RunState
from evalhub.registry.models.studies import ArmRole
from evalhub.stats.paired import compare
from reviews.models import Campaign
from reviews.results import judgments as judgments_of


class NotReadyError(Exception):
    """The study has runs that haven't finished: nothing can be decided yet."""


@dataclass(slots=True)
class _Case:
    """A study as it is read once and shared by the decisions on its arms."""

    study: Study
    arms: list[StudyArm]
    test_sets: list[StudyTestSet]
    runs: dict[tuple[int, int], Run]
    scores: dict[tuple[int, int], RunScores]
    labels: dict[int, list[ItemLabel]]

    def run(self, arm: StudyArm, test_set: StudyTestSet) -> Run:
        return self.runs[arm.pk, test_set.pk]

    def read(self, arm: StudyArm, test_set: StudyTestSet) -> RunScores:
        run = self.run(arm, test_set)
        key = run.pk, test_set.metric_id
        if key not in self.scores:
            self.scores[key] = run_scores(run, test_set.metric)
        return self.scores[key]

    def items(self, version: TestSetVersion) -> list[ItemLabel]:
        if version.pk not in self.labels:
            self.labels[version.pk] = item_labels(version)
        return self.labels[version.pk]


def decide_study(*, study: Study) -> list[Decision]:
    """Decides on every arm but the baseline, the candidate in question first.

    The same evidence gives the decision that is kept already. The policy's alpha is divided over
    the arms, so that trying more of them doesn't make a false ship likelier.

    Raises:
        NotReadyError: a run of the study hasn't finished.
    """
    case = _case(study)
    baseline = next(arm for arm in case.arms if arm.role == ArmRole.BASELINE)
    others = [arm for arm in case.arms if arm.role != ArmRole.BASELINE]
    others.sort(key=lambda arm: (arm.role != ArmRole.CANDIDATE, arm.position))
    alpha = float(study.policy["alpha"]) / len(others)
    return [_decide_arm(case, baseline, arm, others, alpha) for arm in others]


def _case(study: Study) -> _Case:
    links = StudyRun.objects.filter(arm__study=study).select_related(
        "run__version", "run__test_set_version__test_set"
    )
    runs = {(link.arm_id, link.test_set_id): link.run for link in links}
    open_runs = {
        str(run)
        for run in runs.values()
        if run.state in (RunState.PENDING, RunState.RUNNING, RunState.CANCELLED)
    }
    arms = list(study.arms.select_related("version__model"))
    test_sets = list(study.test_sets.select_related("metric", "test_set_version__test_set"))
    if open_runs or len(runs) < len(arms) * len(test_sets):
        waiting = ", ".join(sorted(open_runs)) or "its runs aren't launched"
        raise NotReadyError(f"{study} can't be decided yet: {waiting}")
    return _Case(study, arms, test_sets, runs, {}, {})


def _decide_arm(
    case: _Case, baseline: StudyArm, arm: StudyArm, others: Sequence[StudyArm], alpha: float
) -> Decision:
    policy = case.study.policy
    planned_gain = float(policy["planned_gain"])
    pairings = [_pair(case, baseline, arm, test_set) for test_set in case.test_sets]
    invalid = [flaw for each in pairings for flaw in each.invalid]
    distinct = [each for each in pairings if not each.same]
    if all(each.item_ids for each in distinct) and not any(
        answers_differ(each.baseline.run, each.candidate.run) for each in distinct
    ):
        invalid.insert(
            0, f"{arm} and {baseline} gave the same answers to every item: was it applied?"
        )
    criteria = [
        criterion_of(each.aligned, alpha=alpha, planned_gain=planned_gain)
        for each in pairings
        if each.item_ids
    ]
    people, asked, pending, unfit = _people(case, baseline, arm, alpha, planned_gain)
    judgement = decide(arm.name, criteria + asked, invalid=invalid + unfit, pending=pending)
    record = decision_record(
        judgement,
        alpha=alpha,
        policy=policy,
        arms={"baseline": _arm(baseline), "candidate": _arm(arm)},
        evidence=[_evidence(each) for each in pairings],
        study={
            "project": case.study.project.slug,
            "slug": case.study.slug,
            "name": case.study.name,
        },
        breakdown=breakdown_of([each.aligned for each in pairings if each.item_ids], alpha=alpha),
        alternatives=_alternatives(case, arm, others, alpha),
        people=people,
    )
    return _keep(case.study, arm, record)


def _pair(case: _Case, baseline: StudyArm, arm: StudyArm, test_set: StudyTestSet) -> Pairing:
    requirement = requirement_of(
        test_set.name, test_set.role, test_set.metric, test_set.margin, test_set.min_gain
    )
    return pair(
        requirement,
        test_set.metric,
        case.items(case.run(baseline, test_set).test_set_version),
        case.read(baseline, test_set),
        case.read(arm, test_set),
        (baseline.name, arm.name),
    )


def _people(
    case: _Case, baseline: StudyArm, arm: StudyArm, alpha: float, planned_gain: float
) -> tuple[dict[str, Any] | None, list[Criterion], list[str], list[str]]:
    """What people said of this arm: record, criteria, what is pending, what is unfit."""
    study = case.study
    if not study.review or arm.role != ArmRole.CANDIDATE:
        return None, [], [], []
    required = bool(study.review.get("required", True))
    campaign = _campaign(case, baseline, arm)
    if campaign is None:
        unasked = ["Reviewers haven't been asked about these answers"] if required else []
        return None, [], unasked, []
    found = judgments_of(campaign)
    raters = [str(rater) for rater in found.raters]
    judgments = Judgments(found.choices, found.items, raters, found.planned, found.identical)
    record = people_record(judgments, alpha=alpha)
    done, planned = record["judgments"], record["planned"]
    pending = []
    if required and done < planned:
        pending.append(f"Reviewers have given {done} of {planned} judgments")
    if done < planned:
        return record, [], pending, []
    floor, ac1 = study.policy.get("min_agreement"), record["gwet_ac1"]
    unfit = []
    if floor is not None and (ac1 is None or ac1["value"] is None or ac1["value"] < floor):
        shown = "unknown" if ac1 is None or ac1["value"] is None else f"{ac1['value']:.2f}"
        unfit.append(f"reviewers' agreement (AC1) is {shown}, below the floor of {floor:g}")
    criterion = preference_criterion(
        judgments,
        test_set=study.review["test_set"],
        min_gain=float(study.review.get("min_gain", 0.0)),
        alpha=alpha,
        planned_gain=planned_gain,
    )
    return record, [criterion] if required else [], pending, unfit


def _campaign(case: _Case, baseline: StudyArm, arm: StudyArm) -> Campaign | None:
    """The newest review of these very answers; of other answers it would say nothing."""
    asked = next(each for each in case.test_sets if each.name == case.study.review["test_set"])
    return Campaign.objects.filter(
        study=case.study,
        pairs__baseline_output__run=case.run(baseline, asked),
        pairs__candidate_output__run=case.run(arm, asked),
    ).first()


def _alternatives(
    case: _Case, arm: StudyArm, others: Sequence[StudyArm], alpha: float
) -> list[dict[str, Any]]:
    """Would a prompt do? A fine-tuned arm against each arm that isn't, on what must gain."""
    if not arm.version.fine_tuned:
        return []
    plain = [each for each in others if not each.version.fine_tuned]
    primaries = [each for each in case.test_sets if each.role == "primary"]
    return [
        row
        for other in plain
        for test_set in primaries
        if (row := _against(case, arm, other, test_set, alpha)) is not None
    ]


def _against(
    case: _Case, arm: StudyArm, other: StudyArm, test_set: StudyTestSet, alpha: float
) -> dict[str, Any] | None:
    pairing = _pair(case, other, arm, test_set)
    if not pairing.item_ids:
        return None
    sign = 1.0 if pairing.requirement.higher_is_better else -1.0
    aligned = pairing.aligned
    found = compare(
        sign * aligned.baseline, sign * aligned.candidate, clusters=aligned.clusters, alpha=alpha
    )
    gap = f"{signed(found.difference)} [{signed(found.lower)}, {signed(found.upper)}]"
    if found.lower > 0:
        verdict = f"{arm} is better by {gap}"
    elif found.upper < 0:
        verdict = f"better than {arm} ({gap}): a prompt does more than the fine-tune"
    else:
        verdict = f"not told apart from {arm} ({gap}): a prompt may do as well"
    value = sign * found.baseline
    return {
        "arm": other.name,
        "kind": other.version.kind,
        "test_set": test_set.name,
        "metric": test_set.metric.name,
        "value": value,
        "candidate": sign * found.candidate,
        "difference": found.difference,
        "lower": found.lower,
        "upper": found.upper,
        "sentence": f"Would a prompt do? {other} reaches {value:.2f} on {test_set}: {verdict}.",
    }


def _arm(arm: StudyArm) -> dict[str, Any]:
    version = arm.version
    return {
        "name": arm.name,
        "kind": version.kind,
        "version": str(version),
        "digest": version.digest,
    }


def _evidence(pairing: Pairing) -> dict[str, Any]:
    version = pairing.baseline.run.test_set_version
    return {
        "test_set": pairing.requirement.test_set,
        "version": str(version),
        "digest": version.digest,
        "items": version.item_count,
        "metric": pairing.metric.name,
        "baseline_run": pairing.baseline.run.pk,
        "candidate_run": pairing.candidate.run.pk,
        "unscored_baseline": pairing.baseline.unscored,
        "unscored_candidate": pairing.candidate.unscored,
        "extraction_misses_baseline": pairing.baseline.extraction_misses,
        "extraction_misses_candidate": pairing.candidate.extraction_misses,
    }


def _keep(study: Study, arm: StudyArm, record: dict[str, Any]) -> Decision:
    """Keeps the decision unless the newest one on the arm rests on the same evidence."""
    key = digest_of(record)
    newest = Decision.objects.filter(study=study, arm=arm.name).newest_first().first()
    if newest is not None and newest.digest == key:
        return newest
    return Decision.objects.create(
        study=study,
        arm=arm.name,
        verdict=record["verdict"],
        record=record,
        digest=key,
        code_version=__version__,
    )
