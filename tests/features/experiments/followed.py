"""An experiment that has been followed for four weeks: users' days, readings, steps, decisions.

Users' days are drawn by a fixed seed, and read as `evalhub` reads them: each day is assessed as it
ended, and a decision is kept where the verdict changed.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import numpy as np
from django.utils import timezone

from evalhub.declare.declaration import validate
from evalhub.declare.experiment import ExperimentPlan
from evalhub.features.experiments.assessing.assess import assess, keep_decision
from evalhub.features.experiments.ending import roll_back_experiment
from evalhub.features.experiments.models import Experiment, LiveReading, Step, UserDay
from evalhub.features.experiments.ramping import begin_epoch, set_share
from evalhub.features.experiments.rule import Variant
from tests.cast import Team
from tests.features.experiments.experiments_of import an_experiment, since
from tests.features.experiments.user_days import add_days, unit_of

DAYS = 28
PLAN = validate(
    ExperimentPlan,
    {
        "primary": {
            "metric": "signal:resolved",
            "higher_is_better": True,
            "planned_gain": 0.03,
        },
        "guards": [
            {"metric": "errors", "margin": 0.01},
            {"metric": "slow", "margin": 0.02},
            {"metric": "cost", "margin": 0.001},
            {"metric": "thumbs_down", "margin": 0.02, "tier": "supporting"},
        ],
        "planned_users": 6_000,
        "slow_ms": 2_000,
        "ramp": [0.01, 0.05, 0.25, 0.5],
    },
)
NEW_USERS = {0.01: 8, 0.05: 30, 0.25: 110, 0.5: 160}
"""New users of both arms on a day, by the challenger's share."""


def a_followed_experiment(
    team: Team, *, days: int = DAYS, harm: float = 0.0, gain: float = 0.04, ends: bool = False
) -> Experiment:
    """From 1% to 50% of users, with an epoch on the tenth day.

    Args:
        harm: how many more requests of the challenger's fail.
        gain: how many more of its requests are resolved.
        ends: whether it was rolled back in the end.
    """
    experiment = an_experiment(team, "Shorter answers", plan=PLAN, share=0.01)
    for share in (0.05, 0.25):
        set_share(experiment=experiment, by=None, share=share, reason="each guard holds")
    begin_epoch(experiment=experiment, by=team.eva, reason="The salt was in a log.")
    set_share(experiment=experiment, by=team.eva, share=0.5, reason="It goes well.")
    noon = datetime.combine(timezone.now().date() - timedelta(days=days), time(9), UTC)
    starts = [noon + timedelta(days=day) for day in (0, 2, 5, 10, 15)]
    experiment = since(experiment, *starts)
    _write_days(experiment, days, harm=harm, gain=gain)
    _read(experiment, days)
    if ends:
        roll_back_experiment(
            experiment=experiment, reason="errors: the whole sequence lies beyond the margin"
        )
        experiment.refresh_from_db()
    return experiment


def _write_days(experiment: Experiment, days: int, *, harm: float, gain: float) -> None:
    draws = np.random.default_rng(27)
    steps = list(experiment.steps.in_order())
    for number in range(days):
        day = experiment.started.date() + timedelta(days=number)
        step = [step for step in steps if step.since.date() <= day][-1]
        users = NEW_USERS[round(step.rule.share, 2)]
        add_days(experiment, _users(draws, day, step, users, harm=harm, gain=gain))
    newest = experiment.started + timedelta(days=days - 1, hours=4, minutes=12)
    Experiment.objects.filter(pk=experiment.pk).update(last_exposure=newest, followed=newest)


def _users(
    draws: np.random.Generator, day: date, step: Step, users: int, *, harm: float, gain: float
) -> Iterator[dict[str, Any]]:
    for number in range(users):
        challenger = bool(draws.random() < step.weight)
        requests = int(draws.integers(1, 9))
        closed = requests
        resolved = int(draws.binomial(closed, 0.62 + gain * challenger))
        default = int(challenger and draws.random() < 0.02)
        yield {
            "unit": unit_of(f"{day} {number}"),
            "variant": Variant.CHALLENGER if challenger else Variant.CHAMPION,
            "day": day,
            "epoch": step.epoch,
            "requests": requests,
            "by_default": default,
            "errors": int(draws.binomial(requests, 0.012 + harm * challenger)),
            "timed": requests,
            "slow": int(draws.binomial(requests, 0.05)),
            "priced": requests,
            "cost": float(requests * 0.0032 * draws.uniform(0.7, 1.3)),
            "closed": closed,
            "thumbs_down": int(draws.binomial(closed, 0.03)),
            "signals": {"signal:resolved": [closed, float(resolved)]},
        }


def _read(experiment: Experiment, days: int) -> None:
    """Assesses the experiment at the end of each day by what was there then."""
    later = list(UserDay.objects.filter(experiment=experiment))
    UserDay.objects.filter(experiment=experiment).delete()
    verdict = None
    for number in range(days):
        day = experiment.started.date() + timedelta(days=number)
        UserDay.objects.bulk_create([row for row in later if row.day == day])
        now = datetime.combine(day, time(23, 30), UTC)
        reading = assess(experiment, now)
        LiveReading.objects.create(
            experiment=experiment,
            at=now,
            users=reading.users,
            verdict=reading.record.verdict,
            points=reading.points,
        )
        if reading.record.verdict != verdict:
            keep_decision(experiment=experiment, record=reading.record, by=None)
            verdict = reading.record.verdict
    Experiment.objects.filter(pk=experiment.pk).update(record=reading.record.as_json())
    experiment.refresh_from_db()
