"""An experiment ends once: stopped, rolled back, or with its challenger promoted."""

from collections.abc import Callable
from typing import Any

import pytest

from evalhub.accounts.models import Action, LogEntry
from evalhub.accounts.permissions import NotAllowedError
from evalhub.features.experiments.ending import (
    promote_challenger,
    roll_back_experiment,
    stop_experiment,
)
from evalhub.features.experiments.models import Experiment
from evalhub.features.experiments.ramping import set_share
from evalhub.features.experiments.steps import ExperimentError, newest_step
from evalhub.features.lifecycle.moves import StageError, put_in_shadow, reopen, retire
from evalhub.features.lifecycle.promotion import PromotionError, override_champion, promote
from evalhub.features.lifecycle.rollback import roll_back
from evalhub.ledger.models import StageMove
from tests.cast import Team, a_version
from tests.features.experiments.experiments_of import a_pair, an_experiment
from tests.features.lifecycle.test_at_once import at_once
from tests.features.lifecycle.test_promotion import decided

pytestmark = pytest.mark.django_db

Verb = Callable[..., Experiment]


@pytest.mark.parametrize(
    ("end", "outcome"), [(stop_experiment, "stopped"), (roll_back_experiment, "rolled-back")]
)
def test_its_end_exposes_nobody_and_gives_the_stage_back(
    team: Team, end: Verb, outcome: str
) -> None:
    put_in_shadow(version=a_pair(team)[1], by=team.eva, reason="Mirror it.")
    experiment = an_experiment(team)
    ended = end(experiment=experiment, by=team.eva, reason=" Users wrote. ")
    assert (ended.outcome, ended.ended_by, ended.ended_reason) == (
        outcome,
        team.eva,
        "Users wrote.",
    )
    step = newest_step(ended)
    assert (step.coverage, step.since, step.by) == (0.0, ended.ended, team.eva)
    assert a_pair(team)[1].stage == "shadow"
    move = StageMove.objects.newest_first()[0]
    assert move.sentence == "left its live experiment: shadow again"
    assert LogEntry.objects.filter(action=Action.EXPERIMENT_ENDED, by=team.eva).count() == 1
    assert end(experiment=experiment, by=team.eva, reason="Users wrote.") == ended
    assert experiment.steps.count() == 2


def test_it_rolls_back_by_itself(team: Team) -> None:
    experiment = an_experiment(team)
    ended = roll_back_experiment(experiment=experiment, reason="Errors rise.")
    assert (ended.outcome, ended.ended_by) == ("rolled-back", None)
    assert StageMove.objects.newest_first()[0].by is None
    assert roll_back_experiment(experiment=experiment, reason="Errors rise.") == ended
    with pytest.raises(ExperimentError, match=r"was rolled back on .* by itself: Errors rise\."):
        stop_experiment(experiment=experiment, by=team.eva, reason="Enough.")
    with pytest.raises(NotAllowedError):
        roll_back_experiment(experiment=experiment, by=team.rui, reason="Enough.")


def test_the_challenger_is_promoted_by_the_decision_it_began_with(team: Team) -> None:
    champion, challenger = a_pair(team)
    decision = decided(team, champion, challenger, slug="offline")
    experiment = an_experiment(team, by=team.eva)
    promotion = promote_challenger(experiment=experiment, by=team.eva, reason="It holds.")
    assert (promotion.version, promotion.decision) == (challenger, decision)
    experiment.refresh_from_db()
    assert (experiment.outcome, newest_step(experiment).coverage) == ("promoted", 0.0)
    assert [row.stage for row in a_pair(team)] == ["retired", "champion"]
    assert promote_challenger(experiment=experiment, by=team.eva, reason="It holds.") == promotion


def test_without_a_decision_nothing_is_promoted_and_it_runs_on(team: Team) -> None:
    experiment = an_experiment(team)
    with pytest.raises(ExperimentError, match="no decision says"):
        promote_challenger(experiment=experiment, by=team.olga, reason="It holds.")
    experiment.refresh_from_db()
    assert experiment.is_running


def test_a_decision_that_no_longer_stands_stops_nothing(team: Team) -> None:
    champion, challenger = a_pair(team)
    decided(team, champion, challenger, slug="offline")
    experiment = an_experiment(team)
    decision = experiment.decision
    assert decision is not None
    decision.study.arms.filter(name="lora").update(version=a_version(team, "other"))
    with pytest.raises(PromotionError):
        promote_challenger(experiment=experiment, by=team.olga, reason="It holds.")
    experiment.refresh_from_db()
    assert experiment.is_running
    assert a_pair(team)[1].stage == "canary"


def test_stages_move_by_no_other_verb_while_it_runs(team: Team) -> None:
    champion, challenger = a_pair(team)
    other = a_version(team, "other", parent=champion)
    ships = decided(team, champion, other, slug="offline")
    an_experiment(team)
    challenger.refresh_from_db()
    by: dict[str, Any] = {"by": team.olga, "reason": "Now."}
    for verb in (
        lambda: retire(version=challenger, **by),
        lambda: reopen(version=challenger, **by),
        lambda: put_in_shadow(version=challenger, **by),
        lambda: override_champion(version=challenger, **by),
        lambda: override_champion(version=other, **by),
        lambda: promote(decision=ships, **by),
    ):
        with pytest.raises(
            StageError, match=r"lora v1 answers a share .* stop the experiment first"
        ):
            verb()
    assert retire(version=other, **by).stage == "retired"


def test_the_champion_is_rolled_back_whatever_runs(team: Team) -> None:
    older = a_version(team, "older")
    override_champion(version=older, by=team.olga, reason="First.")
    champion = a_version(team, "base")
    override_champion(version=champion, by=team.olga, reason="It runs.")
    an_experiment(team)
    assert roll_back(version=champion, by=team.eva, reason="It fails.").version == older


@pytest.mark.django_db(transaction=True)
def test_of_two_who_ramp_and_stop_at_once_one_is_told(team: Team) -> None:
    experiment = an_experiment(team, share=0.1)

    def ramp() -> object:
        return set_share(
            experiment=experiment, by=team.olga, share=0.5, reason="On.", instead_of=0.1
        )

    def stop() -> object:
        return stop_experiment(experiment=experiment, by=team.eva, reason="Off.")

    def roll() -> object:
        return roll_back_experiment(experiment=experiment, by=team.olga, reason="Harm.")

    done, refused = at_once([ramp, stop, roll], ExperimentError)
    experiment.refresh_from_db()
    assert not experiment.is_running
    assert newest_step(experiment).coverage == 0
    assert len(done) + len(refused) == 3
    assert 1 <= len(refused) <= 2
    assert all("on " in sentence and " by " in sentence for sentence in refused)
    assert experiment.steps.count() == 1 + len(done)
