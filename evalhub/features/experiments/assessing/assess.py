"""Judge a live experiment by what its users' days say now, and keep the decision."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.db import transaction

from evalhub.accounts.models import User
from evalhub.decision.charge import Charge
from evalhub.decision.criterion import Criterion
from evalhub.decision.document import DecisionRecord
from evalhub.decision.evidence import Evidence
from evalhub.decision.judge import judge
from evalhub.decision.live_evidence import LiveEvidence, live_evidence
from evalhub.decision.policy import Rule
from evalhub.decision.sections.live_sums import EXPERIMENT, LiveSumsSection
from evalhub.declare.decision import Arms, StudyName
from evalhub.declare.experiment import ExperimentPlan
from evalhub.features.experiments.assessing.sections import (
    allocation_section,
    exposure_section,
    stages_section,
)
from evalhub.features.experiments.assessing.user_sums import (
    EpochUsers,
    metric_sums,
    read_users,
)
from evalhub.features.experiments.models import Experiment
from evalhub.ledger.arm_evidence import arm_name
from evalhub.ledger.decide import keep_record
from evalhub.ledger.models import Decision
from evalhub.ledger.training_data import training_data_section
from evalhub.registry.models.studies import ArmRole

DAY = timedelta(days=1)
SOONEST = timedelta(hours=1)
"""Before it nothing is known of how many users a day come."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """How an experiment stands at a time.

    Attributes:
        record: of its decision, made by the same rule as any other.
        criteria: the record's. Where the evidence is invalid and the record has none, as they were
            measured: for the rollback alone, and never to be shown.
        ratio_p: of the sequential sample-ratio check.
    """

    record: DecisionRecord
    criteria: Sequence[Criterion]
    users: int
    ratio_p: float

    @property
    def harmed_guards(self) -> list[Criterion]:
        """Guards beyond whose margin the whole sequence lies; without those that decide nothing."""
        return [row for row in self._guards if row.fails and row.tier != "advisory"]

    @property
    def points(self) -> dict[str, dict[str, float | None]]:
        """By criterion, its point in the chart over time; none where the evidence is invalid."""
        names = ("difference", "lower", "upper", "bound")
        return {
            row.name: {"users": row.n, **{name: getattr(row, name) for name in names}}
            for row in self.record.criteria
        }

    @property
    def _guards(self) -> list[Criterion]:
        return [row for row in self.criteria if row.kind.keeps_to == "margin"]


def assess(experiment: Experiment, now: datetime) -> Assessment:
    """The verdict by all users' days of the experiment and of those that it continues."""
    experiments = experiment.sequence
    epochs = read_users(experiments)
    plan = experiment.plan
    allocation = allocation_section(experiments, epochs)
    exposure = exposure_section(experiments, epochs, now)
    live = live_evidence(
        plan,
        LiveSumsSection(
            metric_number=experiment.metric_number,
            tuned_at=experiments[0].plan.planned_users,
            users_a_day=_users_a_day(experiment, epochs, now),
            metrics=tuple(metric_sums(measure, epochs) for measure in plan.measures),
        ),
        allocation=allocation,
        exposure=exposure,
        stages=stages_section(experiments),
    )
    record = judge(_evidence(experiment, plan, live), _rule(plan), written=_policy(plan))
    criteria = record.criteria or live.criteria
    return Assessment(record, criteria, exposure.exposed, allocation.p)


def keep_decision(*, experiment: Experiment, record: DecisionRecord, by: User | None) -> Decision:
    """Store the decision on the experiment, unless the newest one is the same. `by` is who asked
    for it; None: the timer. No test set was read, and no ledger counts a look at one."""
    with transaction.atomic():
        Experiment.objects.select_for_update().get(pk=experiment.pk)
        return keep_record(
            study=experiment.study, arm=record.arms.candidate.name, record=record, by=by
        )


def _evidence(experiment: Experiment, plan: ExperimentPlan, live: LiveEvidence) -> Evidence:
    study = experiment.study
    arms = {arm.role: arm for arm in study.arms.select_related("version__model")}
    baseline, candidate = arms[ArmRole.BASELINE], arms[ArmRole.CANDIDATE]
    return Evidence(
        arms=Arms(baseline=arm_name(baseline), candidate=arm_name(candidate)),
        rows=[],
        scores=[],
        charge=Charge(level=plan.alpha),
        registered=True,
        live=live,
        training_data=training_data_section(experiment.project, baseline, candidate),
        study=StudyName(project=experiment.project.slug, slug=study.slug, name=study.name),
    )


def _rule(plan: ExperimentPlan) -> Rule:
    return Rule(alpha=plan.alpha, harm_alpha=plan.harm_alpha, ledger="off", jumps="off")


def _policy(plan: ExperimentPlan) -> Mapping[str, Any]:
    """The record's `policy`: the plan, and its levels where every policy has them."""
    return {"alpha": plan.alpha, "harm_alpha": plan.harm_alpha, EXPERIMENT: plan.as_json()}


def _users_a_day(experiment: Experiment, epochs: Sequence[EpochUsers], now: datetime) -> float:
    """How many users came first since yesterday's midnight, a day; 0 once it has ended."""
    if not experiment.is_running:
        return 0.0
    yesterday = now.astimezone(UTC).date() - DAY
    since = max(experiment.started, datetime.combine(yesterday, time(), UTC))
    if now - since < SOONEST:
        return 0.0
    came = sum(int((users.days >= yesterday.toordinal()).sum()) for users in epochs)
    return came / ((now - since) / DAY)
