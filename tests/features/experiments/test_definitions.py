"""What a metric's values are made of: experiments that define it alike count on, others don't."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from evalhub.declare.declaration import DeclarationError
from evalhub.declare.live_sums import MetricSums
from evalhub.features.experiments.assessing.assess import assess
from evalhub.features.experiments.ending import stop_experiment
from evalhub.features.experiments.models import Experiment
from evalhub.features.experiments.rule import Variant
from tests.cast import Team
from tests.features.experiments.decisions_of import NOW, TODAY, add_both, an_experiment_since
from tests.features.experiments.experiments_of import a_plan, an_experiment
from tests.features.experiments.user_days import add_users

pytestmark = pytest.mark.django_db

TOMORROW = TODAY + timedelta(days=1)
LATER = NOW + timedelta(days=1)
SLOW = {"metric": "slow", "margin": 0.02}
KIND = {"metric": "signal:kind", "margin": 0.1, "higher_is_better": True}
REFUSALS = {"metric": "refusals", "margin": 0.1}
THUMBS = {"metric": "thumbs_down", "margin": 0.1}


@pytest.mark.parametrize(
    ("before", "now", "users"),
    [
        ({"guards": [SLOW], "slow_ms": 900}, {"guards": [SLOW], "slow_ms": 900}, 1000),
        ({"guards": [SLOW], "slow_ms": 900}, {"guards": [SLOW], "slow_ms": 500}, 400),
        ({}, {"guards": [SLOW], "slow_ms": 500}, 400),
        ({"guards": [KIND]}, {"guards": [KIND]}, 1000),
        ({}, {"guards": [KIND]}, 400),
        ({}, {"guards": [THUMBS]}, 1000),
        ({}, {"guards": [THUMBS], "feedback_hours": 99}, 400),
        ({}, {"guards": [REFUSALS], "feedback_hours": 99}, 400),
    ],
)
def test_a_guard_that_was_defined_otherwise_or_not_counted_begins_anew(
    team: Team, before: dict[str, Any], now: dict[str, Any], users: int
) -> None:
    first = an_experiment_since(team, **before)
    values = {"timed": 1, "closed": 1, "signals": {"signal:kind": [1, 1]}}
    add_both(first, (300, 30), (300, 30), **values)
    stop_experiment(experiment=first, by=team.olga, reason="A holiday.")
    second = an_experiment(team, "Again", challenger=first.challenger, plan=a_plan(**now))
    assert second.continues == first
    (guard,) = second.plan.guards
    add_both(second, (200, 20), (200, 20), day=TOMORROW, **values)
    (sums,) = (m for m in metric_sums_of(second) if m.metric == guard.metric)
    assert sum(e.champion.users + e.challenger.users for e in sums.epochs) == users
    assert assess(second, LATER).criteria[0].n == 1000


def metric_sums_of(experiment: Experiment) -> Sequence[MetricSums]:
    sums = assess(experiment, LATER).record.live_sums
    assert sums is not None
    return sums.metrics


GAIN: dict[str, Any] = {"planned_gain": 0.1, "higher_is_better": True}


@pytest.mark.parametrize("name", ["5", "5 stars", "größer", "it's so", "a\\b", "$.x[0]", "%s"])
def test_a_signal_may_have_any_name(team: Team, name: str) -> None:
    metric = f"signal:{name}"
    experiment = an_experiment_since(team, primary=GAIN | {"metric": metric})
    for variant, good in zip(Variant, (20, 60), strict=True):
        for value, count in ((1, good), (0, 200 - good)):
            add_users(
                experiment,
                variant,
                count,
                day=TODAY,
                group=str(value),
                closed=1,
                signals={metric: [1, value]},
            )
    assert assess(experiment, NOW).criteria[0].candidate == 0.3


def test_a_name_with_a_quote_is_refused() -> None:
    with pytest.raises(DeclarationError, match="metric"):
        a_plan(primary=GAIN | {"metric": 'signal:so "good"'})
