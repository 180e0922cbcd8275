"""Decisions on experiments, from users' days to the stored record."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from evalhub.features.experiments.assessing.assess import assess, keep_decision
from evalhub.features.experiments.models import Experiment
from evalhub.features.experiments.rule import Variant
from evalhub.ledger.models import Decision
from tests.cast import Team
from tests.features.experiments.experiments_of import a_plan, an_experiment, since
from tests.features.experiments.user_days import add_users

START = datetime(2026, 11, 2, tzinfo=UTC)
TODAY = date(2026, 11, 2)
NOW = START + timedelta(hours=20)

USERS: Mapping[str, tuple[tuple[int, int], tuple[int, int]]] = {
    "ship": ((1000, 100), (1000, 20)),
    "hold": ((1000, 20), (1000, 150)),
    "need-more-data": ((300, 20), (300, 18)),
    "invalid": ((1000, 100), (600, 12)),
}
"""By verdict, of the champion and of the challenger: users with a request each, and how many of
these requests ended in an error."""


def an_experiment_since(team: Team, name: str = "Try the adapter", **plan: Any) -> Experiment:
    """A running experiment that began on START."""
    return since(an_experiment(team, name, plan=a_plan(**plan)), START)


def add_both(
    experiment: Experiment,
    champion: tuple[int, int],
    challenger: tuple[int, int],
    *,
    day: date = TODAY,
    **fields: Any,
) -> None:
    """Writes the day's users of both arms: how many, and how many of them have an event."""
    for variant, (users, events) in zip(Variant, (champion, challenger), strict=True):
        add_users(experiment, variant, users, day=day, events=events, **fields)


def a_live_decision(team: Team, verdict: str, **plan: Any) -> Decision:
    """The decision of an experiment whose users make this verdict."""
    experiment = an_experiment_since(team, **plan)
    add_both(experiment, *USERS[verdict])
    record = assess(experiment, NOW).record
    assert record.verdict == verdict, record.headline
    return keep_decision(experiment=experiment, record=record, by=None)
