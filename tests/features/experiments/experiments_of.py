"""Experiments of a team, and the requests that users of theirs send.

champion, challenger = a_pair(team)
experiment = an_experiment(team)
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from evalhub.declare.declaration import validate
from evalhub.declare.experiment import ExperimentPlan
from evalhub.features.experiments.models import Experiment, Step
from evalhub.features.experiments.rule import Variant
from evalhub.features.experiments.starting import start_experiment
from evalhub.features.experiments.steps import newest_step
from evalhub.features.lifecycle.promotion import override_champion
from evalhub.features.traffic.keeping import settings_of, user_hash
from evalhub.features.traffic.models import TrafficSettings
from evalhub.ledger.models import Promotion
from evalhub.registry.models import ModelVersion
from tests.cast import Team, a_version
from tests.features.traffic.rows_of import a_request, taken

CHAMPION, CHALLENGER = "support-base", "support-lora"
"""The names under which the arms are served."""


def a_plan(**fields: Any) -> ExperimentPlan:
    """No more errors, of 1,000 users; fields that are stated replace these."""
    primary = {"metric": "errors", "planned_gain": 0.02}
    return validate(ExperimentPlan, {"primary": primary, "planned_users": 1_000} | fields)


def a_pair(team: Team) -> tuple[ModelVersion, ModelVersion]:
    """The champion, made so by Olga's word, and its challenger."""
    champion = a_version(team, "base")
    challenger = a_version(team, "lora", parent=champion)
    if Promotion.objects.current(team.project) is None:
        override_champion(version=champion, by=team.olga, reason="It runs.")
        challenger.model.project.refresh_from_db()
    return champion, challenger


def an_experiment(team: Team, name: str = "Try the adapter", **fields: Any) -> Experiment:
    """Olga's experiment of the pair, by her own word; half the users in each arm."""
    values: dict[str, Any] = {
        "by": team.olga,
        "plan": a_plan(),
        "challenger": fields["challenger"] if "challenger" in fields else a_pair(team)[1],
        "challenger_name": CHALLENGER,
        "champion_name": CHAMPION,
        "reason": "It seems better.",
        "share": 0.5,
    }
    settings_of(team.project)
    TrafficSettings.objects.filter(project=team.project).update(salt="pepper")
    return fixed(start_experiment(project=team.project, name=name, **values | fields))


def fixed(experiment: Experiment) -> Experiment:
    """The experiment with salts that are the same in every run: who is in which arm isn't drawn."""
    for step in experiment.steps.all():
        Step.objects.filter(pk=step.pk).update(salt=f"{experiment.sequence[0]} {step.epoch}")
    return experiment


def since(experiment: Experiment, *times: datetime) -> Experiment:
    """The experiment as if it and its steps had begun at these times: traffic of other days is
    needed, and nobody can start one in the past."""
    steps: Sequence[Step] = list(experiment.steps.in_order())
    for step, time in zip(steps, times, strict=True):
        Step.objects.filter(pk=step.pk).update(since=time)
    Experiment.objects.filter(pk=experiment.pk).update(started=times[0])
    experiment.refresh_from_db()
    return fixed(experiment)


def visits(
    team: Team,
    experiment: Experiment,
    users: int,
    *,
    time: datetime,
    failing: Mapping[str, int] = {},
    first: int = 0,
) -> None:
    """A request of each of so many users at this time, routed by the step that holds; of each arm
    every so many-th user's fails, as `failing` has it: {"challenger": 3}."""
    rule = newest_step(experiment).rule
    settings, counts = settings_of(team.project), Counter[str]()
    rows = []
    for number in range(first, first + users):
        variant = rule.variant(user_hash(f"user-{number}", settings)) or Variant.CHAMPION
        counts[variant] += 1
        every = failing.get(variant, 0)
        rows.append(
            a_request(
                f"{experiment.pk}-{number}-{time:%d%H%M}",
                user=f"user-{number}",
                time=time,
                model=CHALLENGER if variant == Variant.CHALLENGER else CHAMPION,
                arm=variant.value,
                error_type="Timeout" if every and counts[variant] % every == 0 else "",
            )
        )
    taken(team.project, rows)
