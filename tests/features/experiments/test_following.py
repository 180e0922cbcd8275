"""`follow` takes an experiment one step on: counted, judged, rolled back, ramped, each once."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from evalhub.accounts.outgoing import hold_messages, resume_messages
from evalhub.features.experiments.ending import stop_experiment
from evalhub.features.experiments.following import follow, follow_experiments
from evalhub.features.experiments.models import Ending, Experiment, LiveReading
from evalhub.features.experiments.ramping import set_share
from evalhub.features.experiments.steps import newest_step
from evalhub.features.lifecycle.promotion import override_champion
from evalhub.features.lifecycle.rollback import roll_back
from evalhub.features.traffic.served import name_served_version
from evalhub.ledger.models import Decision
from evalhub.registry.models import ModelVersion
from tests.cast import Team, a_version
from tests.features.experiments.experiments_of import (
    CHALLENGER,
    a_plan,
    an_experiment,
    since,
    visits,
)
from tests.features.traffic.rows_of import a_request, noon, taken

pytestmark = pytest.mark.django_db

PLAN: dict[str, Any] = {
    "primary": {"metric": "cost", "planned_gain": 0.1},
    "guards": [{"metric": "errors", "margin": 0.02}],
    "ramp": (0.05, 0.25, 0.5),
    "ramp_hours": 24,
    "planned_users": 2_000,
}
HALF_AN_HOUR = timedelta(minutes=30)


def running(team: Team, *, share: float = 0.5, **plan: Any) -> Experiment:
    """Since two days ago."""
    return since(an_experiment(team, plan=a_plan(**PLAN | plan), share=share), noon(2))


def test_harm_is_rolled_back_with_its_decision_and_only_once(team: Team) -> None:
    experiment = running(team)
    visits(team, experiment, 1_000, time=noon(1), failing={"challenger": 3, "champion": 50})
    assert follow(experiment)
    experiment.refresh_from_db()
    assert (experiment.outcome, experiment.ended_by) == (Ending.ROLLED_BACK, None)
    assert experiment.ended_reason.startswith("Proven harm: errors −0.3")
    assert "more errors, beyond the margin of 0.02" in experiment.ended_reason
    assert newest_step(experiment).coverage == 0
    assert ModelVersion.objects.get(pk=experiment.challenger_id).stage == "candidate"
    decision = Decision.objects.get(study=experiment.study)
    assert decision.verdict == "hold"
    assert experiment.record["verdict"] == "hold"
    assert LiveReading.objects.get().verdict == "hold"
    assert not follow(experiment)
    assert experiment.steps.count() == 2


def test_no_harm_goes_on_and_says_that_more_is_needed(team: Team) -> None:
    experiment = running(team)
    visits(team, experiment, 300, time=noon(1), failing={"challenger": 50, "champion": 50})
    assert follow(experiment)
    experiment.refresh_from_db()
    assert experiment.is_running
    assert Decision.objects.get(study=experiment.study).verdict == "need-more-data"
    assert experiment.followed is not None
    assert not follow(experiment)
    visits(team, experiment, 50, time=noon(1) + HALF_AN_HOUR, first=400)
    assert follow(experiment)
    assert Decision.objects.filter(study=experiment.study).count() == 1
    reading = LiveReading.objects.get()
    assert reading.points.keys() >= {"ratio"}


def test_the_end_by_somebody_s_word_keeps_a_last_decision(team: Team) -> None:
    experiment = running(team)
    visits(team, experiment, 300, time=noon(1))
    follow(experiment)
    stop_experiment(experiment=experiment, by=team.olga, reason="Enough.")
    assert follow(experiment)
    assert Decision.objects.filter(study=experiment.study).count() == 2
    assert not follow(experiment)


def test_an_end_is_kept_once_also_where_the_clock_was_ahead(team: Team) -> None:
    experiment = running(team)
    visits(team, experiment, 300, time=noon(1))
    follow(experiment, now=timezone.now() + timedelta(days=5))
    stop_experiment(experiment=experiment, by=team.olga, reason="Enough.")
    for _ in range(2):
        follow(experiment)
        assert Decision.objects.filter(study=experiment.study).count() == 2


def test_a_restored_copy_does_not_ramp_until_its_operator_lets_it(team: Team) -> None:
    """Beside it the site that it came from may have rolled back."""
    experiment = running(team, share=0.05, guards=[{"metric": "errors", "margin": 0.3}])
    visits(team, experiment, 3_000, time=noon(1))
    hold_messages(why="restored from a backup")
    now = noon(2) + timedelta(hours=25)
    follow(experiment, now=now)
    assert experiment.steps.count() == 1
    resume_messages()
    visits(team, experiment, 1, time=noon(1), first=3_000)
    follow(experiment, now=now)
    assert experiment.steps.count() == 2


def test_the_ramp_goes_on_once_its_time_is_over_and_the_guards_hold(team: Team) -> None:
    experiment = running(team, share=0.05, guards=[{"metric": "errors", "margin": 0.3}])
    visits(team, experiment, 3_000, time=noon(1))
    now = noon(2) + timedelta(hours=25)
    assert follow(experiment, now=now)
    step = newest_step(experiment)
    assert (step.rule.share, step.by) == (pytest.approx(0.25), None)
    assert step.reason == "the plan's next share after 24 hours"
    follow(experiment, now=now)
    assert experiment.steps.count() == 2


def test_the_ramp_waits_for_its_time_and_for_guards_and_for_people(team: Team) -> None:
    experiment = running(team, share=0.05)
    visits(team, experiment, 400, time=noon(1), failing={"challenger": 9, "champion": 9})
    follow(experiment, now=noon(2) + timedelta(hours=25))
    assert experiment.steps.count() == 1, "too few users for so narrow a margin"
    set_share(experiment=experiment, by=team.olga, share=0.5, reason="Faster.")
    set_share(experiment=experiment, by=team.olga, share=0.05, reason="Too fast.")
    follow(experiment, now=timezone.now() + timedelta(days=3))
    assert experiment.steps.count() == 3, "somebody lowered it"


def test_a_plan_that_is_not_automatic_is_ramped_by_people_alone(team: Team) -> None:
    plan = {"automatic": False, "guards": [{"metric": "errors", "margin": 0.3}]}
    experiment = running(team, share=0.05, **plan)
    visits(team, experiment, 3_000, time=noon(1))
    follow(experiment, now=noon(1) + timedelta(days=3))
    assert experiment.steps.count() == 1


def test_another_champion_stops_it_and_it_says_why(team: Team) -> None:
    older = a_version(team, "older")
    override_champion(version=older, by=team.olga, reason="First.")
    base = a_version(team, "base")
    override_champion(version=base, by=team.olga, reason="It runs.")
    experiment = an_experiment(team)
    roll_back(version=base, by=team.eva, reason="It fails.")
    follow_experiments()
    experiment.refresh_from_db()
    assert (experiment.outcome, experiment.ended_by) == (Ending.STOPPED, None)
    assert experiment.ended_reason == "the champion is older v1 by now, not base v1"
    assert ModelVersion.objects.get(model__slug="lora").stage == "candidate"


def test_a_challenger_that_became_the_champion_keeps_its_place(team: Team) -> None:
    first = a_version(team, "lora", parent=a_version(team, "base"))
    override_champion(version=first, by=team.olga, reason="First.")
    base = a_version(team, "base")
    override_champion(version=base, by=team.olga, reason="It runs.")
    ModelVersion.objects.filter(pk=first.pk).update(stage="candidate")
    first.refresh_from_db()
    experiment = an_experiment(team, challenger=first)
    roll_back(version=base, by=team.eva, reason="It fails.", to=first)
    follow_experiments()
    experiment.refresh_from_db()
    first.refresh_from_db()
    assert (experiment.outcome, first.stage) == (Ending.STOPPED, "champion")


def test_a_name_that_stands_for_another_version_stops_it(team: Team) -> None:
    experiment = an_experiment(team)
    taken(team.project, [a_request("r1", model=CHALLENGER)])
    other = a_version(team, "other")
    name_served_version(
        project=team.project, by=team.eva, name=CHALLENGER, version=other, since=timezone.now()
    )
    follow(experiment)
    experiment.refresh_from_db()
    assert experiment.ended_reason == "support-lora stands for other v1 by now, not for lora v1"


def test_two_at_once_do_it_once(team: Team) -> None:
    experiment = running(team)
    visits(team, experiment, 50, time=noon(1))
    Experiment.objects.update(lease_until=timezone.now() + HALF_AN_HOUR)
    assert not follow(experiment)
    Experiment.objects.update(lease_until=timezone.now() - HALF_AN_HOUR)
    assert follow(experiment)


def test_an_error_on_one_does_not_stop_the_others(
    team: Team, caplog: pytest.LogCaptureFixture
) -> None:
    experiment = running(team)
    visits(team, experiment, 50, time=noon(1))
    experiment.study.arms.all().delete()
    stop_experiment(experiment=experiment, by=team.olga, reason="Enough.")
    second = an_experiment(team, "Another", plan=a_plan(**PLAN))
    visits(team, second, 50, time=timezone.now())
    follow_experiments()
    assert "could not follow Try the adapter" in caplog.text
    caplog.clear()
    follow_experiments()
    assert not caplog.text, "it is left alone for a while"
    second.refresh_from_db()
    assert second.followed is not None


def test_that_nothing_is_new_takes_a_few_queries_and_no_write(team: Team) -> None:
    experiment = running(team)
    visits(team, experiment, 50, time=noon(1))
    follow_experiments()
    with CaptureQueriesContext(connection) as queries:
        follow_experiments()
    assert len(queries) <= 14
    assert not [row for row in queries.captured_queries if not row["sql"].startswith("SELECT")]
