"""Start an experiment: a share of the users gets the challenger's answers."""

import re
from collections.abc import Mapping

from django.db import transaction
from django.utils import timezone

from evalhub.accounts.audit_log import note
from evalhub.accounts.models import Action, Project, User
from evalhub.accounts.permissions import check_evaluates, check_owns
from evalhub.declare.experiment import ExperimentPlan
from evalhub.features.experiments.keeping import has_forgotten
from evalhub.features.experiments.models import Experiment
from evalhub.features.experiments.ramping import new_salt
from evalhub.features.experiments.rule import RoutingRule, Variant
from evalhub.features.experiments.steps import (
    ExperimentError,
    add_step,
    clean_reason,
    coverage_for,
    newest_step,
)
from evalhub.features.lifecycle.moves import (
    StageError,
    begin_canary,
    check_candidate,
    lock_project,
)
from evalhub.features.lifecycle.promotion import hindrance, judged_version
from evalhub.features.traffic.keeping import settings_of
from evalhub.features.traffic.rows import LONGEST_ID
from evalhub.features.traffic.served import ServedVersions, state_served_version
from evalhub.ledger.models import Decision, Promotion
from evalhub.registry.models import ModelVersion, Study, StudyArm
from evalhub.registry.models.studies import ArmRole
from evalhub.registry.slugs import slug_of
from evalhub.stats.levels import EVEN

FLAG = "model"
"""The key by which clients ask for the arm, where nobody states another."""
WEIGHT = EVEN
"""The challenger's share of those in the experiment, until somebody begins an epoch of another."""
LONGEST_NAME = 200
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")

type Arms[T] = Mapping[Variant, T]


def start_experiment(
    *,
    project: Project,
    by: User,
    name: str,
    plan: ExperimentPlan,
    challenger: ModelVersion,
    challenger_name: str,
    champion_name: str,
    reason: str,
    decision: Decision | None = None,
    share: float | None = None,
    flag: str = FLAG,
) -> Experiment:
    """Starts the project's experiment of a challenger against its champion, now.

    It rests on a decision that the challenger may ship: on `decision`, else on the newest one that
    could promote it, else on an owner's word, which the log calls no decision. It has a study of
    its own, to which its decisions belong. The challenger's stage is canary until it ends. Served
    names of which nobody said what they stand for are stated, from now on.

    The newest experiment of the same pair with the same question is continued: with its salt, so
    that nobody changes the arm, and its users count on.

    Args:
        challenger_name: the name under which it is served, as requests have it; `champion_name`
            likewise.
        share: the challenger's share of all users; None: the first of the plan's ramp.
        flag: the key by which clients ask for the arm.

    Raises:
        evalhub.accounts.permissions.NotAllowedError: `by` doesn't evaluate in the project, or
            doesn't own it and no decision ships.
        ExperimentError: no champion, one runs already, or a value that can't be, with its field.
    """
    check_evaluates(by, project)
    reason = clean_reason(reason)
    _check_text(name, "name", LONGEST_NAME)
    if not _KEY.fullmatch(flag):
        raise ExperimentError("a key is letters, digits, ., - and _, at most 100", "flag")
    _check_none_is_running(project)
    decision = _decision_to_start(project, challenger, decision)  # which keeps no writer waiting
    with transaction.atomic():
        champion = _champion_to_challenge(project, challenger)
        if decision is None:
            check_owns(by, project, "start an experiment without a decision that ships")
        _check_feedback_is_kept(project, plan)
        versions = {Variant.CHAMPION: champion, Variant.CHALLENGER: challenger}
        names = {Variant.CHAMPION: champion_name, Variant.CHALLENGER: challenger_name}
        _check_names(project, names, versions)
        continues, metric_number = _earlier(champion, challenger, plan)
        experiment = Experiment(
            project=project,
            study=_study(project, name.strip(), versions),
            flag=flag,
            champion=champion,
            champion_name=champion_name,
            challenger=challenger,
            challenger_name=challenger_name,
            plan=plan,
            decision=decision,
            reason=reason,
            continues=continues,
            metric_number=metric_number,
            stage_before=challenger.stage,
            by=by,
        )
        _begin(experiment, plan.ramp[0] if share is None else share)
        _state_names(experiment, names, versions)
        begin_canary(version=challenger, by=by, reason=reason)
        action = Action.EXPERIMENT_STARTED if decision else Action.EXPERIMENT_OVERRIDDEN
        note(action, by=by, project=project, what=f"{experiment}: {challenger} against {champion}")
        return experiment


def _check_text(text: str, field: str, longest: int) -> None:
    if not 0 < len(text.strip()) <= longest or "\0" in text:
        raise ExperimentError(f"is a text of 1 to {longest} characters", field)


def _champion_to_challenge(project: Project, challenger: ModelVersion) -> ModelVersion:
    """The champion, once the project is locked and the challenger can take its place."""
    if challenger.model.project_id != project.pk:
        raise ExperimentError(f"{challenger} isn't a version of {project}", "challenger")
    try:
        lock_project(challenger)
        _check_none_is_running(project)
        check_candidate(challenger)
    except StageError as error:
        raise ExperimentError(str(error), "challenger") from error
    current = Promotion.objects.current(project)
    if current is None:
        raise ExperimentError(
            f"{project} has no champion to be challenged: promote what runs now first "
            "(evalhub promote --arm baseline, or evalhub override)"
        )
    if current.version.digest == challenger.digest:
        raise ExperimentError(f"{challenger} is the champion: name another version", "challenger")
    return current.version


def _check_none_is_running(project: Project) -> None:
    running = Experiment.objects.filter(project=project).running().first()
    if running is not None:
        raise ExperimentError(
            f"{running} is running since {running.started:%Y-%m-%d %H:%M} UTC, and a project has "
            "one at a time: stop it first"
        )


def _decision_to_start(
    project: Project, challenger: ModelVersion, decision: Decision | None
) -> Decision | None:
    """A decision by which the challenger could be promoted; None: there is none."""
    if decision is None:
        could = Decision.objects.filter(study__project=project, study__live=False).to_be_promoted()
        for row in could.newest_first():
            if judged_version(row, "candidate") == challenger and not hindrance(row):
                return row
        return None
    if decision.study.project_id != project.pk:
        raise ExperimentError(f"decision {decision.pk} is another project's", "decision")
    if obstacle := hindrance(decision):
        raise ExperimentError(obstacle, "decision")
    if (judged := judged_version(decision, "candidate")) != challenger:
        raise ExperimentError(f"decision {decision.pk} is on {judged}", "decision")
    return decision


def _check_feedback_is_kept(project: Project, plan: ExperimentPlan) -> None:
    days = settings_of(project).days
    if plan.feedback_hours > 24 * days:
        raise ExperimentError(
            f"requests are kept for {days} days: feedback is waited for no longer than that, or "
            "they are kept for longer (evalhub traffic settings)",
            "plan.feedback_hours",
        )


def _earlier(
    champion: ModelVersion, challenger: ModelVersion, plan: ExperimentPlan
) -> tuple[Experiment | None, int]:
    """The newest experiment of this pair with the same question, and which question of the pair
    this is, from 1. One whose users' sums aren't kept any more isn't continued: asked again, its
    question is another one. Raises ExperimentError for a laxer level than the first one's."""
    rows = list(Experiment.objects.of_pair(champion, challenger).newest_first())
    if rows and plan.alpha > (first := rows[-1].plan.alpha):
        raise ExperimentError(
            f"the first experiment of these two was judged at {first:g}: a laxer level would be "
            "one that was chosen after looking",
            "plan.alpha",
        )
    same = next((row for row in rows if row.plan.question == plan.question), None)
    if same is not None and not has_forgotten(same):
        return same, same.metric_number
    return None, 1 + max((row.metric_number for row in rows), default=0)


def _study(project: Project, name: str, versions: Arms[ModelVersion]) -> Study:
    """The study to which the experiment's decisions belong: two arms and no test set."""
    slug = slug_of(name)
    if Study.with_live.filter(project=project, slug=slug).exists():
        raise ExperimentError(f"{project} has a study or an experiment of this name", "name")
    study: Study = Study.with_live.create(project=project, slug=slug, name=name, live=True)
    roles = {Variant.CHAMPION: ArmRole.BASELINE, Variant.CHALLENGER: ArmRole.CANDIDATE}
    StudyArm.objects.bulk_create(
        StudyArm(study=study, name=variant.value, position=n, role=role, version=versions[variant])
        for n, (variant, role) in enumerate(roles.items())
    )
    return study


def _begin(experiment: Experiment, share: float) -> None:
    """Writes the experiment with its first step: with the salt and weight of the one that it
    continues, or of a first epoch."""
    if experiment.continues is None:
        salt, weight, epoch = new_salt(), WEIGHT, 1
    else:
        last = newest_step(experiment.continues)
        salt, weight, epoch = last.salt, last.weight, last.epoch
    rule = RoutingRule(salt, weight, coverage_for(share, weight))
    experiment.started = timezone.now()
    experiment.save()
    add_step(experiment, rule=rule, epoch=epoch, by=experiment.by, reason=experiment.reason)


def _check_names(project: Project, names: Arms[str], versions: Arms[ModelVersion]) -> None:
    """Checks that the served names can stand for these versions."""
    for variant, name in names.items():
        _check_text(name, f"{variant}_name", LONGEST_ID)
    if names[Variant.CHAMPION] == names[Variant.CHALLENGER]:
        raise ExperimentError("the arms are served under two names", "challenger_name")
    served = ServedVersions.of(project)
    for variant, name in names.items():
        version = served.at(name, timezone.now())
        if version not in (None, versions[variant]):
            message = (
                f"{name} stands for {version}, not for {versions[variant]}: serve it under a name "
                "of its own, or say so first (evalhub traffic name)"
            )
            raise ExperimentError(message, f"{variant}_name")


def _state_names(experiment: Experiment, names: Arms[str], versions: Arms[ModelVersion]) -> None:
    """States what the served names stand for, where nobody did."""
    served = ServedVersions.of(experiment.project)
    for variant, name in names.items():
        if served.at(name, experiment.started) is None:
            state_served_version(
                project=experiment.project,
                by=experiment.by,
                name=name,
                version=versions[variant],
                since=experiment.started,
            )
