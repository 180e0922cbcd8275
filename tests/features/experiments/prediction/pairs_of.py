"""Experiments that an offline decision let begin, and that have ended with one of their own."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from evalhub.declare.declaration import validate
from evalhub.declare.experiment import ExperimentPlan
from evalhub.features.experiments.assessing.assess import assess, keep_decision
from evalhub.features.experiments.ending import stop_experiment
from evalhub.features.experiments.models import Experiment
from evalhub.features.experiments.rule import Variant
from evalhub.ledger.models import Decision
from evalhub.registry.models import ModelVersion
from tests.cast import Team, a_run, a_study, a_test_set, decided
from tests.features.experiments.experiments_of import CHALLENGER, an_experiment
from tests.features.experiments.user_days import add_days, unit_of

ITEMS = 200
USERS = 500
"""Of an arm."""
SIGNAL = {
    "metric": "signal:exact_match",
    "per": "signal",
    "higher_is_better": True,
    "planned_gain": 0.05,
}


def an_offline_decision(
    team: Team, champion: ModelVersion, challenger: ModelVersion, *, gain: int = 30
) -> Decision:
    """That the challenger ships: on 200 items, of which the champion has half right, it has so many
    more right."""
    questions = a_test_set(team, f"of-{challenger.model.slug}", items=ITEMS)
    half = [1, 0] * (ITEMS // 2)
    better = [1 if 2 * gain > position else score for position, score in enumerate(half)]
    a_run(champion, questions, scores=half)
    a_run(challenger, questions, scores=better)
    slug = f"study-{challenger.model.slug}"
    study = a_study(team, baseline=champion, candidate=challenger, primary=questions, slug=slug)
    return decided(study)


def a_plan_of(**fields: Any) -> ExperimentPlan:
    return validate(ExperimentPlan, {"primary": SIGNAL, "planned_users": 2 * USERS} | fields)


def an_ended_experiment(
    team: Team,
    champion: ModelVersion,
    challenger: ModelVersion,
    *,
    right: tuple[int, int] | None = (250, 300),
    **fields: Any,
) -> Experiment:
    """An experiment of 500 users an arm, of whom so many got a right answer; None: it ended before
    anybody was counted."""
    served = f"{CHALLENGER}-{challenger.model.slug}"
    values = {"plan": a_plan_of(), "challenger": challenger, "challenger_name": served}
    experiment = an_experiment(team, **{"name": f"Try {challenger}"} | values | fields)
    if right is not None:
        for variant, count in zip(Variant, right, strict=True):
            add_days(experiment, (_user(experiment, variant, i, i < count) for i in range(USERS)))
        record = assess(experiment, timezone.now()).record
        keep_decision(experiment=experiment, record=record, by=None)
    return stop_experiment(experiment=experiment, by=team.olga, reason="It is enough.")


def _user(experiment: Experiment, variant: Variant, number: int, right: bool) -> dict[str, Any]:
    return {
        "unit": unit_of(f"{variant} {number}"),
        "variant": variant,
        "day": (timezone.now() - timedelta(hours=1)).date(),
        "closed": 1,
        "signals": {"signal:exact_match": [1, float(right)]},
    }
