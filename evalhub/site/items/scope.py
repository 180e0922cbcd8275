"""The scope of the item browser: whose answers to which items, and which results may be read.

Answers and errors are always open. A score is shown once a decision has opened it, and not on an
arm whose newest decision found its evidence invalid.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from evalhub.accounts.models import Project
from evalhub.decision.document import DecisionRecord
from evalhub.declare.verdicts import Status, Verdict
from evalhub.ledger.differences import ComparedRuns, readable_pairs, right_of
from evalhub.ledger.models import Decision
from evalhub.registry.models import Metric, Run, Study, StudyRun, TestSet, TestSetVersion
from evalhub.registry.models.studies import ArmRole, CriterionRole

SEALED = "Its scores are sealed until a decision reads them."
INVALID = "Invalid evidence shows no result."


@dataclass(frozen=True, slots=True)
class ShownArm:
    """One arm's answers. `barred`: its evidence is invalid, so that no score of it is shown."""

    name: str
    run: Run
    barred: bool = False


@dataclass(frozen=True, slots=True)
class OpenMetric:
    """`name` is what an address calls it: its own, with its digest's beginning where two metrics
    of the runs share one."""

    name: str
    metric: Metric


@dataclass(frozen=True, slots=True)
class ItemScope:
    """The answers of `arms` to a version's items; baseline and candidate first, where there are.

    `pair` is what outcomes are told by; None, and `closed` says why, where they may not be.
    `metric` is the one that items are ordered by, and `right` its score of a wholly right answer.
    `compares`: whether the first two arms are a baseline and a candidate. `metrics` may be chosen
    in place of the study's own; `left_out` says what was asked for in vain.
    """

    project: Project
    version: TestSetVersion
    arms: Sequence[ShownArm] = ()
    metric: Metric | None = None
    pair: ComparedRuns | None = None
    closed: str = ""
    study: Study | None = None
    test_set: str = ""
    test_sets: Sequence[str] = ()
    candidates: Sequence[str] = ()
    compares: bool = False
    right: float | None = None
    metrics: Sequence[OpenMetric] = ()
    left_out: Sequence[str] = ()

    @property
    def baseline(self) -> str:
        return self.arms[0].name if self.compares else ""

    @property
    def candidate(self) -> str:
        return self.arms[1].name if self.compares else ""


def version_scope(version: TestSetVersion, test_set: TestSet) -> ItemScope:
    """A test set's items without answers."""
    return ItemScope(test_set.project, version)


def run_scope(run: Run) -> ItemScope:
    """One run's answers. One query."""
    first = run.metrics.select_related("metric").first()
    return ItemScope(
        run.test_set_version.test_set.project,
        run.test_set_version,
        arms=[ShownArm(str(run.version), run)],
        metric=first.metric if first else None,
        right=right_of(first.metric) if first else None,
    )


def study_scope(study: Study, test_set: str, arm: str) -> ItemScope | None:
    """A study's answers on one test set, `arm` next to the baseline; by default the candidate in
    question, on the test set with the worst result in its decision. None without answers.

    As many queries whatever there is.
    """
    links = list(
        StudyRun.objects.filter(arm__study=study, repeat=0)
        .select_related(
            "arm",
            "test_set__metric",
            "run__version__model",
            "run__test_set_version__test_set",
        )
        .order_by("test_set__position", "arm__position")
    )
    decisions: dict[str, Decision] = {}
    for row in Decision.objects.filter(study=study).newest_first().defer("record"):
        decisions.setdefault(row.arm, row)
    chosen = _choose_arm(links, arm, decisions)
    decision = decisions.get(chosen)
    invalid = {name for name, each in decisions.items() if each.verdict == Verdict.INVALID}
    before = _baseline(links, decision)
    runs = _runs(links, decision, before, chosen)
    answered = [name for name, by_arm in runs.items() if by_arm]
    sets_by_name = {link.test_set.name: link.test_set for link in links}
    if not answered:
        return None
    run_pairs = {
        name: (by_arm[before].pk, by_arm[chosen].pk)
        for name, by_arm in runs.items()
        if before in by_arm and chosen in by_arm
    }
    pairs = readable_pairs(study, run_pairs)
    name = test_set if test_set in answered else _worst(answered, decision, pairs, invalid)
    judged = sets_by_name[name].role != CriterionRole.DEVELOPMENT
    barred = judged and chosen in invalid
    first = runs[name].get(before) or next(iter(runs[name].values()))
    version = first.test_set_version
    others = [each for each in runs[name] if each not in (before, chosen)]
    compares = name in run_pairs and runs[name][chosen].test_set_version_id == version.pk
    shown_arms = [
        ShownArm(arm_name, runs[name][arm_name], barred=judged and (barred or arm_name in invalid))
        for arm_name in (before, chosen, *others)
        if arm_name in runs[name] and runs[name][arm_name].test_set_version_id == version.pk
    ]
    pair = pairs.get(name) if compares and not barred else None
    return ItemScope(
        project=study.project,
        version=version,
        arms=shown_arms,
        metric=sets_by_name[name].metric,
        pair=pair,
        closed="" if pair else INVALID if barred else SEALED,
        study=study,
        test_set=name,
        test_sets=[each for each in answered if not sets_by_name[each].form or each == name],
        candidates=[each for each in _names(links) if each != before],
        compares=compares,
        right=right_of(sets_by_name[name].metric, turned=sets_by_name[name].turned),
    )


def _names(links: Sequence[StudyRun]) -> list[str]:
    return list(dict.fromkeys(link.arm.name for link in links))


def _choose_arm(links: Sequence[StudyRun], wanted: str, decisions: Mapping[str, Decision]) -> str:
    of = {link.arm.name: link.arm.role for link in links}
    if wanted in of and of[wanted] != ArmRole.BASELINE:
        return wanted
    in_question = (name for name, role in of.items() if role == ArmRole.CANDIDATE)
    return next(in_question, next(iter(decisions), ""))


def _baseline(links: Sequence[StudyRun], decision: Decision | None) -> str:
    """The arm that was compared with; before a decision the one that the study names."""
    if decision is not None:
        return decision.document.arms.baseline.name
    return next((link.arm.name for link in links if link.arm.role == ArmRole.BASELINE), "")


def _runs(
    links: Sequence[StudyRun], decision: Decision | None, before: str, chosen: str
) -> dict[str, dict[str, Run]]:
    """By test set and arm: the run that the decision read, else the present one."""
    by_test_set: dict[str, dict[str, Run]] = {}
    for link in links:
        by_test_set.setdefault(link.test_set.name, {})[link.arm.name] = link.run
    read = {
        (row.test_set, name): run
        for row in (decision.document.evidence if decision else ())
        for name, run in ((before, row.baseline_run), (chosen, row.candidate_run))
        if run is not None and row.test_set in by_test_set
    }
    runs_by_pk = {run.pk: run for by_arm in by_test_set.values() for run in by_arm.values()}
    related = ("version__model", "test_set_version__test_set")
    runs_by_pk |= Run.objects.select_related(*related).in_bulk(set(read.values()) - set(runs_by_pk))
    for (test_set, name), run in read.items():
        if run in runs_by_pk:
            by_test_set[test_set][name] = runs_by_pk[run]
    return by_test_set


def _worst(
    names: Sequence[str],
    decision: Decision | None,
    pairs: Mapping[str, ComparedRuns],
    invalid: set[str],
) -> str:
    if decision is None or decision.arm in invalid:
        return names[0]
    moved = {name: _moved(decision.document, name) for name in names if name in pairs}
    return _worst_failing(decision.document, moved) if moved else names[0]


def beside(scope: ItemScope, against: str) -> ItemScope:
    """The same scope with another arm than the baseline next to the candidate."""
    other = next((each for each in scope.arms if each.name == against), None)
    if other is None or not scope.compares or against == scope.candidate:
        return scope
    chosen = scope.arms[1]
    rest = [each for each in scope.arms if each not in (other, chosen)]
    return replace(scope, arms=[other, chosen, *rest])


def _moved(record: DecisionRecord, test_set: str) -> tuple[int, int]:
    """Number of items won and lost on a test set, from the record."""
    for criterion in record.criteria:
        if criterion.test_set == test_set and criterion.kind.by_metric:
            return criterion.wins, criterion.losses
    return 0, 0


def _worst_failing(record: DecisionRecord, moved: Mapping[str, tuple[int, int]]) -> str:
    """Of these test sets, the one of the failing criterion with the largest loss, a failing gain
    last; else the one with the most lost items."""
    failing = [
        criterion
        for criterion in record.criteria
        if criterion.status is Status.FAIL and criterion.test_set in moved
    ]
    if failing:
        worst = min(failing, key=lambda each: (each.kind.must_gain, each.difference or 0.0))
        return worst.test_set
    return max(moved, key=lambda name: moved[name][1])
