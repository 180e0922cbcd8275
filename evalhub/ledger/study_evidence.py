"""A study's evidence, read once and shared by the decisions on its arms."""

from dataclasses import dataclass, field, replace

import numpy as np

from evalhub.decision.align import align
from evalhub.decision.arm_scores import ArmScores, ItemLabel, Rows, by_item
from evalhub.decision.failures import at_worst
from evalhub.decision.flaws import other_items
from evalhub.decision.policy import Policy, policy_of_study
from evalhub.decision.sections.answers import AnswerTally
from evalhub.declare.study import Development
from evalhub.ledger.scores import (
    Pairing,
    RunScores,
    criterion_of,
    item_labels,
    requirement_on,
    run_scores,
)
from evalhub.registry.models import (
    Metric,
    Run,
    Study,
    StudyArm,
    StudyRun,
    StudyTestSet,
    TestSetVersion,
)
from evalhub.registry.models.runs import RunState
from evalhub.registry.models.studies import CriterionRole
from runners.metrics import metric_declaration

UNFINISHED = (RunState.PENDING, RunState.RUNNING, RunState.CANCELLED)


class NotReadyError(Exception):
    """Runs of the study are unfinished, or found no server: no decision is possible yet."""


@dataclass(slots=True)
class StudyEvidence:
    """A study's rows, but those of development sets, and what has been read of its runs so far.

    Attributes:
        runs: by arm's and test set's id.
        repeats: likewise, the second runs of an arm that measure the noise floor.
        contents: what is claimed of a test set by two runs is known by, by their ids.
        development: the primaries' items that choose the baseline and aren't judged on; None
            where the study names its baseline.
    """

    study: Study
    policy: Policy
    arms: list[StudyArm]
    test_sets: list[StudyTestSet]
    runs: dict[tuple[int, int], Run]
    repeats: dict[tuple[int, int], Run]
    development: Development | None = None
    scores: dict[tuple[int, int], RunScores] = field(default_factory=dict)
    labels: dict[int, list[ItemLabel]] = field(default_factory=dict)
    answers: dict[int, AnswerTally] = field(default_factory=dict)
    contents: dict[tuple[int, int, int], str] = field(default_factory=dict)

    @property
    def primaries(self) -> list[StudyTestSet]:
        return [each for each in self.test_sets if each.role == CriterionRole.PRIMARY]

    @property
    def forms(self) -> set[str]:
        """Names of the guards on the form of answers to other test sets."""
        return {each.name for each in self.test_sets if each.form}

    def run(self, arm: StudyArm, test_set: StudyTestSet) -> Run:
        return self.runs[arm.pk, test_set.pk]

    def scores_of(self, run: Run, metric: Metric) -> RunScores:
        key = run.pk, metric.pk
        if key not in self.scores:
            self.scores[key] = run_scores(run, metric, self.items(run.test_set_version))
        return self.scores[key]

    def arm_scores(self, arm: StudyArm, test_set: StudyTestSet) -> ArmScores:
        """An arm's scores of a test set, its failures scored as the policy says."""
        scores = self.scores_of(self.run(arm, test_set), test_set.metric)
        requirement = requirement_on(test_set)
        return at_worst(
            requirement, scores.with_names(arm.name, test_set.name), self.policy.failures
        )

    def items(self, version: TestSetVersion) -> list[ItemLabel]:
        if version.pk not in self.labels:
            self.labels[version.pk] = item_labels(version)
        return self.labels[version.pk]

    def rows_to_judge(self, test_set: StudyTestSet, version: TestSetVersion) -> Rows | None:
        """Mask of the version's items that didn't choose the baseline, which on the others is best
        partly by luck; None: all are judged on."""
        split = self.development
        if split is None or test_set.role != CriterionRole.PRIMARY:
            return None
        choosing = [split.holds(each.key, each.cluster) for each in self.items(version)]
        return ~np.array(choosing, dtype=bool)

    def choosing(self) -> dict[str, int]:
        """By primary, how many of its items choose the baseline; empty where a study names it."""
        judged = {
            each.name: self.rows_to_judge(each, each.test_set_version) for each in self.primaries
        }
        return {name: int((~rows).sum()) for name, rows in judged.items() if rows is not None}

    def pair(self, baseline: StudyArm, arm: StudyArm, test_set: StudyTestSet) -> Pairing:
        """Pair both arms' scores of a test set, as its criterion needs them."""
        runs = self.run(baseline, test_set), self.run(arm, test_set)
        return self.pair_runs(test_set, *runs, (baseline.name, arm.name))

    def pair_runs(
        self, test_set: StudyTestSet, baseline: Run, candidate: Run, names: tuple[str, str]
    ) -> Pairing:
        """Pair the scores of any two runs of the test set's line."""
        versions = baseline.test_set_version, candidate.test_set_version
        before, after = (self.scores_of(run, test_set.metric) for run in (baseline, candidate))
        arms = [
            before.with_names(names[0], test_set.name),
            after.with_names(names[1], test_set.name),
        ]
        if versions[0] != versions[1]:
            failure = (
                f"{names[0]} answered {versions[0]} and {names[1]} {versions[1]}: "
                "both arms must answer the same items"
            )
            arms[1] = ArmScores(names[1], *by_item([]), failures=[failure])
        requirement = requirement_on(test_set)
        first = versions[0]
        aligned = align(
            requirement,
            self.items(versions[0]),
            *arms,
            judged=self.rows_to_judge(test_set, versions[0]),
            mix=test_set.mix,
            same=baseline.pk == candidate.pk,
            failures=self.policy.failures,
            unexpected=other_items(requirement, count=first.item_count, digest=first.digest),
        )
        if metric_declaration(test_set.metric.name, **test_set.metric.options).needs_model:
            # What a judge says by itself decides nothing, nor does what it couldn't say.
            aligned = replace(aligned, flaws=())
        return Pairing(test_set.metric, before, after, aligned)


def read_study_evidence(study: Study) -> StudyEvidence:
    """Read the study with all its runs.

    Raises:
        NotReadyError: a run hasn't finished, or isn't launched.
    """
    judged = study.test_sets.judged()
    links = StudyRun.objects.filter(arm__study=study, test_set__in=judged).select_related(
        "run__version__model", "run__test_set_version__test_set"
    )
    runs: dict[tuple[int, int], Run] = {}
    repeats: dict[tuple[int, int], Run] = {}
    for link in links:
        (repeats if link.repeat else runs)[link.arm_id, link.test_set_id] = link.run
    arms = list(study.arms.select_related("version__model"))
    of_version = ("test_set", "traffic_sample", "production_shares")
    related = "metric", *(f"test_set_version__{name}" for name in of_version)
    test_sets = list(judged.select_related(*related))
    waiting = sorted(
        {
            str(run)
            for run in (*runs.values(), *repeats.values())
            if run.state in UNFINISHED or run.unreachable
        }
    )
    if waiting or len(runs) < len(arms) * len(test_sets):
        what = ", ".join(waiting) or "its runs aren't launched"
        raise NotReadyError(f"{study} can't be decided yet: {what}")
    criteria = {each.name: criterion_of(each) for each in test_sets}
    policy = policy_of_study(study.policy, study.review, criteria)
    development = study.policy.development
    return StudyEvidence(study, policy, arms, test_sets, runs, repeats, development)
