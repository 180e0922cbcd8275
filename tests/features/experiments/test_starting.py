"""An experiment starts by a decision or an owner's word, and what can't start is refused."""

from typing import Any

import pytest

from evalhub.accounts.models import Action, LogEntry
from evalhub.accounts.permissions import NotAllowedError
from evalhub.features.experiments.ending import stop_experiment
from evalhub.features.experiments.models import Experiment
from evalhub.features.experiments.steps import ExperimentError, newest_step
from evalhub.features.lifecycle.moves import retire
from evalhub.features.traffic.keeping import change_settings
from evalhub.features.traffic.served import ServedVersions
from evalhub.ledger.models import StageMove
from evalhub.registry.models import Study
from tests.cast import Team, a_version
from tests.features.experiments.experiments_of import (
    CHALLENGER,
    CHAMPION,
    a_pair,
    a_plan,
    an_experiment,
)
from tests.features.lifecycle.test_promotion import decided
from tests.features.traffic.rows_of import a_request, noon, taken

pytestmark = pytest.mark.django_db


def test_it_begins_with_a_study_a_step_a_canary_and_two_served_names(team: Team) -> None:
    champion, challenger = a_pair(team)
    experiment = an_experiment(team, share=None, reason=" It seems better. ")
    challenger.refresh_from_db()
    assert (challenger.stage, experiment.stage_before) == ("canary", "candidate")
    move = StageMove.objects.filter(version=challenger).newest_first()[0]
    assert move.sentence == "became the canary of a live experiment"
    assert (move.by, move.reason) == (team.olga, "It seems better.")
    step = newest_step(experiment)
    assert (step.epoch, step.weight, step.rule.share) == (1, 0.5, 0.01)
    assert step.since == experiment.started
    study = experiment.study
    assert (study.live, study.name) == (True, "Try the adapter")
    arms = {arm.name: (arm.role, arm.version) for arm in study.arms.all()}
    assert arms == {
        "champion": ("baseline", champion),
        "challenger": ("candidate", challenger),
    }
    served = ServedVersions.of(team.project)
    assert served.at(CHAMPION, step.since) == champion
    assert served.at(CHALLENGER, step.since) == challenger
    assert served.at(CHALLENGER, noon()) is None


def test_without_a_decision_only_an_owner_starts_it_and_the_log_says_so(team: Team) -> None:
    with pytest.raises(NotAllowedError, match="start an experiment without a decision that ships"):
        an_experiment(team, by=team.eva)
    with pytest.raises(NotAllowedError, match="neither owner nor evaluator"):
        an_experiment(team, by=team.sam)
    assert not Study.objects.exists()
    experiment = an_experiment(team)
    assert experiment.decision is None
    entry = LogEntry.objects.get(action=Action.EXPERIMENT_OVERRIDDEN)
    assert (entry.by, entry.what) == (team.olga, "Try the adapter: lora v1 against base v1")


def test_an_evaluator_starts_it_by_the_decision_that_ships(team: Team) -> None:
    champion, challenger = a_pair(team)
    decision = decided(team, champion, challenger, slug="offline")
    experiment = an_experiment(team, by=team.eva)
    assert experiment.decision == decision
    assert LogEntry.objects.filter(action=Action.EXPERIMENT_STARTED, by=team.eva).exists()
    stop_experiment(experiment=experiment, by=team.eva, reason="Enough.")
    again = an_experiment(team, "Once more", by=team.eva, decision=decision)
    assert again.decision == decision


def test_a_decision_that_says_no_starts_nothing(team: Team) -> None:
    champion, challenger = a_pair(team)
    held = decided(team, champion, challenger, gain=0, slug="offline")
    with pytest.raises(ExperimentError, match="is no ship") as error:
        an_experiment(team, decision=held)
    assert error.value.field == "decision"
    other = a_version(team, "other", parent=champion)
    ships = decided(team, champion, other, slug="another")
    with pytest.raises(ExperimentError, match="is on other v1"):
        an_experiment(team, decision=ships)


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("reason", " ", "give a reason"),
        ("name", "", "a text of 1 to 200 characters"),
        ("flag", "my flag", "a key is letters"),
        ("share", 0.0, "above 0 and at most 0.5"),
        ("share", 1.5, "above 0 and at most 0.5"),
        ("share", float("nan"), "above 0 and at most 0.5"),
        ("challenger_name", "", "a text of 1 to 200 characters"),
        ("challenger_name", CHAMPION, "served under two names"),
        ("champion_name", "x" * 201, "a text of 1 to 200 characters"),
        ("champion_name", "a\0b", "a text of 1 to 200 characters"),
    ],
)
def test_a_value_that_cannot_be_is_refused_and_nothing_stored(
    team: Team, field: str, value: Any, why: str
) -> None:
    with pytest.raises(ExperimentError, match=why) as error:
        an_experiment(team, **{field: value})
    assert error.value.field == field
    assert not Experiment.objects.exists()
    assert not Study.objects.exists()
    assert a_pair(team)[1].stage == "candidate"


def test_a_challenger_that_cannot_become_champion_is_refused(team: Team) -> None:
    champion, challenger = a_pair(team)
    with pytest.raises(ExperimentError, match="base v1 is the champion: name another"):
        an_experiment(team, challenger=champion)
    retire(version=challenger, by=team.eva, reason="Too slow.")
    with pytest.raises(ExperimentError, match="lora v1 is retired") as error:
        an_experiment(team)
    assert error.value.field == "challenger"


def test_a_project_without_champion_has_nothing_to_challenge(team: Team) -> None:
    with pytest.raises(ExperimentError, match="has no champion to be challenged"):
        an_experiment(team, challenger=a_version(team, "lora"))


def test_a_project_runs_one_experiment_at_a_time(team: Team) -> None:
    first = an_experiment(team)
    other = a_version(team, "other", parent=first.champion)
    with pytest.raises(ExperimentError, match=r"is running since .*: stop it first"):
        an_experiment(team, "Another", challenger=other, challenger_name="other")
    stop_experiment(experiment=first, by=team.olga, reason="Enough.")
    with pytest.raises(ExperimentError, match="a study or an experiment of this name") as error:
        an_experiment(team)
    assert error.value.field == "name"


def test_a_served_name_that_stands_for_another_version_is_refused(team: Team) -> None:
    first = an_experiment(team)
    stop_experiment(experiment=first, by=team.olga, reason="Enough.")
    other = a_version(team, "other", parent=first.champion)
    with pytest.raises(ExperimentError, match="stands for lora v1, not for other") as error:
        an_experiment(team, "Another", challenger=other)
    assert error.value.field == "challenger_name"
    assert an_experiment(team, "Again").challenger_name == CHALLENGER


def test_feedback_is_waited_for_no_longer_than_requests_are_kept(team: Team) -> None:
    change_settings(project=team.project, by=team.olga, text_days=1, days=2)
    assert an_experiment(team, plan=a_plan(feedback_hours=48)).is_running
    stop_experiment(experiment=Experiment.objects.get(), by=team.olga, reason="Enough.")
    with pytest.raises(ExperimentError, match="kept for 2 days") as error:
        an_experiment(team, "Longer", plan=a_plan(feedback_hours=49))
    assert error.value.field == "plan.feedback_hours"


def test_the_same_question_of_a_pair_goes_on_and_another_one_is_counted(team: Team) -> None:
    def restarted(name: str, **fields: Any) -> Experiment:
        for running in Experiment.objects.running():
            stop_experiment(experiment=running, by=team.olga, reason="Enough.")
        return an_experiment(team, name, plan=a_plan(**fields))

    cost = {"metric": "cost", "planned_gain": 0.1}
    first = restarted("1")
    second = restarted("2", primary=cost)
    third = restarted("3", planned_users=5_000)
    other_route = restarted("4", route="chat")
    assert [row.continues for row in (first, second, third, other_route)] == [
        None,
        None,
        first,
        None,
    ]
    assert [row.metric_number for row in (first, second, third, other_route)] == [1, 2, 1, 3]
    slow = {"metric": "slow", "planned_gain": 0.1}
    refusals = {"metric": "refusals", "planned_gain": 0.1}
    numbers = [
        restarted(f"{number} of other requests", **fields).metric_number
        for number, fields in enumerate(
            [
                {"primary": slow, "slow_ms": 500},
                {"primary": slow, "slow_ms": 600},
                {"primary": refusals, "feedback_hours": 24},
                {"primary": refusals, "feedback_hours": 48},
                {"primary": slow, "slow_ms": 500, "feedback_hours": 48},
            ]
        )
    ]
    assert numbers == [4, 5, 6, 7, 4]
    assert third.sequence == [first, third]
    steps = [newest_step(row) for row in (first, third, second)]
    assert steps[0].salt == steps[1].salt != steps[2].salt
    assert [step.epoch for step in steps] == [1, 1, 1]


def test_a_pair_is_never_judged_at_a_laxer_level_than_at_first(team: Team) -> None:
    first = an_experiment(team, plan=a_plan(alpha=0.02))
    stop_experiment(experiment=first, by=team.olga, reason="Enough.")
    for primary in (first.plan.primary.as_json(), {"metric": "cost", "planned_gain": 0.1}):
        with pytest.raises(ExperimentError, match=r"was judged at 0\.02") as error:
            an_experiment(team, "Again", plan=a_plan(alpha=0.05, primary=primary))
        assert error.value.field == "plan.alpha"
    assert an_experiment(team, "Stricter", plan=a_plan(alpha=0.01)).continues == first


def test_what_requests_were_served_as_before_is_left_as_it_is(team: Team) -> None:
    taken(team.project, [a_request("r1", model=CHALLENGER)])
    an_experiment(team)
    assert ServedVersions.of(team.project).at(CHALLENGER, noon()) is None
