"""Ramp an experiment: how many of all users it reaches, and by which hash."""

import secrets
from math import isclose

from django.db import transaction

from evalhub.accounts.audit_log import note
from evalhub.accounts.models import Action, User
from evalhub.accounts.permissions import check_evaluates
from evalhub.features.experiments.models import Experiment, Step
from evalhub.features.experiments.rule import RoutingRule
from evalhub.features.experiments.steps import (
    SMALLEST_SHARE,
    ExperimentError,
    add_step,
    check_running,
    clean_reason,
    coverage_for,
    lock_experiment,
    newest_step,
)


def new_salt() -> str:
    """A salt that nobody can guess: 128 random bits, hexadecimal."""
    return secrets.token_hex(16)


@transaction.atomic
def set_share(
    *,
    experiment: Experiment,
    by: User | None,
    share: float,
    reason: str,
    instead_of: float | None = None,
) -> Step:
    """Gives the challenger another share of all users, from now on. Nobody changes the arm: who is
    in the experiment no more is served as if there was none.

    The same again, by the same person for the same reason, is the step that is there.

    Args:
        by: None: the experiment itself, by its plan's ramp.
        share: at least SMALLEST_SHARE, and at most the epoch's weight.
        instead_of: the share that `by` saw; where it is another one by now, nothing is done.

    Raises:
        evalhub.accounts.permissions.NotAllowedError: `by` doesn't evaluate in the project.
        ExperimentError: it has ended; a share that can't be; another share than `instead_of`.
    """
    check_evaluates(by, experiment.project)
    reason = clean_reason(reason)
    experiment = lock_experiment(experiment)
    check_running(experiment)
    last = newest_step(experiment)
    coverage = coverage_for(share, last.weight)
    if isclose(coverage, last.coverage):
        if (last.by, last.reason) == (by, reason):
            return last
        raise ExperimentError(f"the challenger's share is that already: {_sentence(last)}", "share")
    if instead_of is not None and not isclose(instead_of, last.rule.share):
        raise ExperimentError(
            f"the challenger's share isn't {100 * instead_of:.4g}% any more: {_sentence(last)}",
            "instead_of",
        )
    rule = RoutingRule(last.salt, last.weight, coverage)
    step = add_step(experiment, rule=rule, epoch=last.epoch, by=by, reason=reason)
    _note(step, by, before=last.rule.share)
    return step


@transaction.atomic
def begin_epoch(
    *, experiment: Experiment, by: User, reason: str, weight: float | None = None
) -> Step:
    """Deals all users anew: another salt, and another weight where one is stated.

    The challenger's share of all users stays where the weight has room for it. Who was in the
    experiment before keeps to the arm and epoch of their first request in the analysis, so that
    only new users count from now on.

    The same again, by the same person for the same reason, is the epoch that is there.

    Args:
        weight: the challenger's share of those in the experiment, above 0 and below 1; None: as
            before.

    Raises:
        evalhub.accounts.permissions.NotAllowedError: `by` doesn't evaluate in the project.
        ExperimentError: it has ended; a weight that can't be, or that has no room for the share.
    """
    check_evaluates(by, experiment.project)
    reason = clean_reason(reason)
    experiment = lock_experiment(experiment)
    check_running(experiment)
    last = newest_step(experiment)
    if weight is not None and not SMALLEST_SHARE <= weight <= 1 - SMALLEST_SHARE:
        raise ExperimentError("a weight is above 0 and below 1: 0.5 for equal arms", "weight")
    weight = last.weight if weight is None else weight
    if (last.by, last.reason, last.weight) == (by, reason, weight) and _begins_epoch(last):
        return last
    if last.rule.share > weight:
        raise ExperimentError(
            f"the challenger's share is {100 * last.rule.share:.4g}%: a weight is at least that, "
            "or the share is lowered first",
            "weight",
        )
    rule = RoutingRule(new_salt(), weight, coverage_for(last.rule.share, weight))
    step = add_step(experiment, rule=rule, epoch=last.epoch + 1, by=by, reason=reason)
    _note(step, by, before=last.rule.share)
    return step


def _begins_epoch(step: Step) -> bool:
    earlier = step.experiment.steps.filter(epoch=step.epoch).exclude(pk=step.pk)
    return not earlier.exists() and step.experiment.steps.exclude(pk=step.pk).exists()


def _sentence(step: Step) -> str:
    return (
        f"it is {100 * step.rule.share:.4g}% since {step.since:%Y-%m-%d %H:%M} UTC, by "
        f"{step.by or 'itself'} ({step.reason})"
    )


def _note(step: Step, by: User | None, *, before: float) -> None:
    experiment = step.experiment
    what = f"{experiment}: {before:.4g} to {step.rule.share:.4g} of all users, epoch {step.epoch}"
    note(Action.EXPERIMENT_CHANGED, by=by, project=experiment.project, what=what)
