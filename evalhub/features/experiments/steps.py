"""An experiment locked for a change, and the steps by which it reaches further or less far."""

from datetime import datetime, timedelta
from math import isclose

from django.utils import timezone

from evalhub.accounts.models import Project, User
from evalhub.features.experiments.models import Experiment, Step
from evalhub.features.experiments.rule import RoutingRule

SMALLEST_SHARE = 1e-6
"""Of all users, and of those in the experiment: a smaller one reaches nobody."""


class ExperimentError(ValueError):
    """What can't be done with an experiment as requested, with what would be right; `field` names
    the field, "" where it is none."""

    def __init__(self, message: str, field: str = "") -> None:
        self.message, self.field = message, field
        super().__init__(message)


def clean_reason(reason: str) -> str:
    """The reason, stripped. Raises ExperimentError if it is empty."""
    if not (text := reason.strip()):
        raise ExperimentError("who changes what users get says why: give a reason", "reason")
    return text


def lock_experiment(experiment: Experiment) -> Experiment:
    """The experiment as it is, while the transaction holds its project: of two who change it at
    once the second sees what the first did."""
    Project.objects.select_for_update().get(pk=experiment.project_id)
    versions = "champion__model__project", "challenger__model__project"
    rows = Experiment.objects.select_related("project", "study", "ended_by", *versions)
    locked: Experiment = rows.get(pk=experiment.pk)
    return locked


def check_running(experiment: Experiment) -> None:
    """Raises ExperimentError where it has ended: by whom, when and why."""
    if experiment.ended is None:
        return
    raise ExperimentError(
        f"{experiment} was {experiment.get_outcome_display()} on "
        f"{experiment.ended:%Y-%m-%d %H:%M} UTC by {experiment.ended_by or 'itself'}: "
        f"{experiment.ended_reason}"
    )


def newest_step(experiment: Experiment) -> Step:
    """The step that holds."""
    return experiment.steps.in_order().reverse()[0]


def add_step(
    experiment: Experiment, *, rule: RoutingRule, epoch: int, by: User | None, reason: str
) -> Step:
    """Adds the step that holds from now on; the caller has locked the experiment. Steps are in
    order even where two machines' clocks aren't."""
    last = experiment.steps.in_order().last()
    return Step.objects.create(
        experiment=experiment,
        epoch=epoch,
        salt=rule.salt,
        weight=rule.weight,
        coverage=rule.coverage,
        since=experiment.started if last is None else _after(timezone.now(), last),
        by=by,
        reason=reason,
    )


def coverage_for(share: float, weight: float) -> float:
    """The coverage that gives the challenger this share of all users.

    Raises ExperimentError: a share that the weight has no room for, or none at all.
    """
    if not SMALLEST_SHARE <= share <= weight and not isclose(share, weight):
        raise ExperimentError(
            f"the challenger's share of all users is above 0 and at most {weight:g} "
            f"({100 * weight:.4g}%), its weight in this epoch, and less than {SMALLEST_SHARE:f} "
            "reaches nobody: stop the experiment to expose nobody, begin an epoch of another "
            "weight for more",
            "share",
        )
    return min(1.0, share / weight)


def _after(now: datetime, last: Step) -> datetime:
    return max(now, last.since + timedelta(microseconds=1))
