"""End an experiment: by somebody's word, by proven harm, or since its challenger is promoted."""

from django.db import transaction

from evalhub.accounts.audit_log import note
from evalhub.accounts.models import Action, User
from evalhub.accounts.permissions import check_evaluates
from evalhub.declare.verdicts import Verdict
from evalhub.features.experiments.models import Ending, Experiment
from evalhub.features.experiments.rule import RoutingRule
from evalhub.features.experiments.steps import (
    ExperimentError,
    add_step,
    check_running,
    clean_reason,
    lock_experiment,
    newest_step,
)
from evalhub.features.lifecycle.moves import end_canary
from evalhub.features.lifecycle.promotion import promote
from evalhub.ledger.models import Decision, Promotion
from evalhub.registry.models.versions import VersionStage


def stop_experiment(*, experiment: Experiment, by: User | None, reason: str) -> Experiment:
    """Stops it: from now on the champion answers everybody, and the challenger has the stage that
    it had before.

    The same again, by the same person for the same reason, is the end that is there.

    Args:
        by: None: the experiment itself, where its champion or challenger is another one.

    Raises:
        evalhub.accounts.permissions.NotAllowedError: `by` doesn't evaluate in the project.
        ExperimentError: it has ended otherwise: by whom, when and why.
    """
    return _end(experiment, Ending.STOPPED, by, reason)


def roll_back_experiment(
    *, experiment: Experiment, by: User | None = None, reason: str
) -> Experiment:
    """Ends it as harmful: like `stop_experiment`, and its pages say that it was rolled back.

    Args:
        by: None: the experiment itself, by proven harm.

    Raises: as `stop_experiment`.
    """
    return _end(experiment, Ending.ROLLED_BACK, by, reason)


@transaction.atomic
def promote_challenger(*, experiment: Experiment, by: User, reason: str) -> Promotion:
    """Ends it, and makes its challenger the champion, by the decision that `promoting_decision`
    finds: both or neither.

    The same again, by the same person for the same reason, is the promotion that is there.

    Raises:
        evalhub.accounts.permissions.NotAllowedError: `by` doesn't evaluate in the project.
        ExperimentError: it has ended otherwise; no decision ships.
        evalhub.features.lifecycle.promotion.PromotionError: its decision can't promote any more.
    """
    check_evaluates(by, experiment.project)
    decision = promoting_decision(lock_experiment(experiment))
    if decision is None:
        raise ExperimentError(
            "no decision says that its challenger may ship: wait for the experiment's own, or stop "
            "it and override"
        )
    experiment = _end(experiment, Ending.PROMOTED, by, reason)
    return promote(decision=decision, by=by, reason=experiment.ended_reason)


def promoting_decision(experiment: Experiment) -> Decision | None:
    """The decision by which its challenger may become champion: the experiment's newest where it
    ships, and the one it was started by while its own doesn't speak against it; a sign-off
    counts. None: neither."""
    own = experiment.study.decisions.newest_first().first()
    verdict = None if own is None else own.standing_verdict
    if verdict == Verdict.SHIP:
        return own
    return experiment.decision if verdict in (None, Verdict.MORE) else None


@transaction.atomic
def _end(experiment: Experiment, outcome: Ending, by: User | None, reason: str) -> Experiment:
    check_evaluates(by, experiment.project)
    reason = clean_reason(reason)
    experiment = lock_experiment(experiment)
    if (experiment.outcome, experiment.ended_by, experiment.ended_reason) == (outcome, by, reason):
        return experiment
    check_running(experiment)
    last = newest_step(experiment)
    rule = RoutingRule(last.salt, last.weight, 0.0)
    step = add_step(experiment, rule=rule, epoch=last.epoch, by=by, reason=reason)
    experiment.ended, experiment.outcome = step.since, outcome
    experiment.ended_by, experiment.ended_reason = by, reason
    experiment.followed = None
    experiment.save(update_fields=["ended", "outcome", "ended_by", "ended_reason", "followed"])
    to = VersionStage(experiment.stage_before)
    end_canary(version=experiment.challenger, to=to, by=by, reason=reason)
    what = f"{experiment}: {experiment.get_outcome_display()}"
    note(Action.EXPERIMENT_ENDED, by=by, project=experiment.project, what=what)
    return experiment
