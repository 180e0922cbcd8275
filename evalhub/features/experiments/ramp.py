"""The ramp of an experiment's plan: which share is next, and what it waits for."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from math import isclose

from evalhub.accounts.outgoing import hold_began
from evalhub.declare.verdicts import Verdict
from evalhub.features.experiments.assessing.assess import Assessment
from evalhub.features.experiments.models import Experiment, Step
from evalhub.features.experiments.ramping import set_share
from evalhub.features.experiments.steps import ExperimentError, newest_step

A_HAIR = 1e-9


def next_share(experiment: Experiment, last: Step) -> float | None:
    """The plan's next share above that of the step that holds; None: none fits its weight."""
    above = last.rule.share * (1 + A_HAIR)
    shares = (share for share in experiment.plan.ramp if share > above)
    share = next(shares, None)
    return None if share is None or share > last.weight * (1 + A_HAIR) else share


def share_due(experiment: Experiment, now: datetime) -> float | None:
    """The share that the ramp may go on to now by itself, if the guards let it. A query.

    None: the plan isn't automatic, the step hasn't lasted long enough, the ramp is at its end, or
    somebody has lowered the share, who then says how it goes on.
    """
    if not experiment.plan.automatic:
        return None
    steps = list(experiment.steps.in_order())
    last = steps[-1]
    if now < lasts_until(experiment, last) or is_lowered(steps):
        return None
    return next_share(experiment, last)


def is_lowered(steps: Sequence[Step]) -> bool:
    """Whether the last change of the share in these steps, oldest first, is somebody's who lowered
    it; an epoch begun since then changes no share."""
    for before, step in reversed(list(pairwise(steps))):
        if not isclose(step.rule.share, before.rule.share):
            return step.by is not None and step.rule.share < before.rule.share
    return False


def lasts_until(experiment: Experiment, step: Step) -> datetime:
    """When the step has lasted as long as the plan says at least."""
    return step.since + timedelta(hours=experiment.plan.ramp_hours)


def is_news(experiment: Experiment, now: datetime) -> bool:
    """Whether a share has become due since the experiment was last followed."""
    if share_due(experiment, now) is None:
        return False
    last = newest_step(experiment)
    return experiment.followed is None or experiment.followed < lasts_until(experiment, last)


def ramp_on(experiment: Experiment, assessment: Assessment, now: datetime) -> Step | None:
    """Goes on to the next share, where it is due and every critical guard is within its margin, or
    as many users as planned have come and none of them fails. None: it waits, also while the
    site's messages are held: it may be a copy, and what came since isn't known to it."""
    share = share_due(experiment, now)
    if share is None or hold_began() or not _guards_let_it(experiment, assessment):
        return None
    try:
        return set_share(
            experiment=experiment,
            by=None,
            share=share,
            reason=f"the plan's next share after {experiment.plan.ramp_hours} hours",
            instead_of=newest_step(experiment).rule.share,
        )
    except ExperimentError:  # somebody was faster
        return None


def _guards_let_it(experiment: Experiment, assessment: Assessment) -> bool:
    if assessment.record.verdict == Verdict.INVALID or not assessment.users:
        return False
    margins = [row for row in assessment.criteria if row.kind.keeps_to == "margin"]
    guards = [row for row in margins if row.tier == "critical"]
    if any(guard.fails for guard in guards):
        return False
    if assessment.users >= experiment.plan.planned_users:
        return True
    critical = sum(guard.tier == "critical" for guard in experiment.plan.guards)
    return sum(guard.holds for guard in guards) == critical  # one without users isn't measured
