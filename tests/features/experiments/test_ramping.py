"""A running experiment reaches further or less far, step by step, and deals its users anew."""

import pytest

from evalhub.accounts.models import Action, LogEntry
from evalhub.accounts.permissions import NotAllowedError
from evalhub.features.experiments.ending import stop_experiment
from evalhub.features.experiments.models import Experiment
from evalhub.features.experiments.ramping import begin_epoch, set_share
from evalhub.features.experiments.steps import ExperimentError
from tests.cast import Team
from tests.features.experiments.experiments_of import an_experiment

pytestmark = pytest.mark.django_db


@pytest.fixture
def experiment(team: Team) -> Experiment:
    return an_experiment(team, share=0.01)


def test_a_share_goes_up_and_down_and_each_step_says_by_whom(
    team: Team, experiment: Experiment
) -> None:
    for share in (0.25, 0.5, 0.05):
        set_share(experiment=experiment, by=team.eva, share=share, reason="Looks good.")
    steps = list(experiment.steps.in_order())
    assert [step.rule.share for step in steps] == pytest.approx([0.01, 0.25, 0.5, 0.05])
    assert [step.coverage for step in steps] == pytest.approx([0.02, 0.5, 1.0, 0.1])
    assert [step.by for step in steps] == [team.olga, team.eva, team.eva, team.eva]
    assert len({(step.epoch, step.salt, step.weight) for step in steps}) == 1
    entries = LogEntry.objects.filter(action=Action.EXPERIMENT_CHANGED).order_by("id")
    assert entries[2].what == "Try the adapter: 0.5 to 0.05 of all users, epoch 1"


def test_the_same_again_is_the_same_step(team: Team, experiment: Experiment) -> None:
    first = set_share(experiment=experiment, by=team.eva, share=0.05, reason="On.")
    again = set_share(
        experiment=experiment, by=team.eva, share=0.05, reason=" On. ", instead_of=0.01
    )
    assert again == first
    with pytest.raises(ExperimentError, match=r"is that already: it is 5% since .* by eva"):
        set_share(experiment=experiment, by=team.olga, share=0.05, reason="On.")


@pytest.mark.parametrize("share", [0.0, 1e-17, -0.1, 0.51, 1.5, float("nan"), float("inf")])
def test_a_share_that_cannot_be_is_refused(
    team: Team, experiment: Experiment, share: float
) -> None:
    with pytest.raises(ExperimentError, match=r"above 0 and at most 0.5") as error:
        set_share(experiment=experiment, by=team.eva, share=share, reason="More!")
    assert error.value.field == "share"
    assert experiment.steps.count() == 1


def test_who_saw_another_share_changes_nothing(team: Team, experiment: Experiment) -> None:
    set_share(experiment=experiment, by=team.eva, share=0.05, reason="On.", instead_of=0.01)
    with pytest.raises(ExperimentError, match=r"isn't 1% any more: it is 5%") as error:
        set_share(experiment=experiment, by=team.olga, share=0.25, reason="On.", instead_of=0.01)
    assert error.value.field == "instead_of"


def test_a_new_epoch_has_another_salt_and_as_many_users(team: Team, experiment: Experiment) -> None:
    set_share(experiment=experiment, by=team.eva, share=0.1, reason="On.")
    step = begin_epoch(experiment=experiment, by=team.eva, reason="One arm was slow.", weight=0.2)
    first = experiment.steps.in_order()[0]
    assert (step.epoch, step.weight) == (2, 0.2)
    assert step.salt != first.salt
    assert (step.rule.share, step.coverage) == pytest.approx((0.1, 0.5))
    again = begin_epoch(experiment=experiment, by=team.eva, reason="One arm was slow.", weight=0.2)
    assert again == step
    with pytest.raises(ExperimentError, match=r"at most 0.2 \(20%\), its weight"):
        set_share(experiment=experiment, by=team.eva, share=0.5, reason="More.")
    assert begin_epoch(experiment=experiment, by=team.olga, reason="Anew.").epoch == 3


@pytest.mark.parametrize(
    ("weight", "why"), [(0.0, "above 0"), (1e-17, "above 0"), (1.0, "below 1"), (0.05, "is 10%")]
)
def test_a_weight_without_room_for_the_share_is_refused(
    team: Team, experiment: Experiment, weight: float, why: str
) -> None:
    set_share(experiment=experiment, by=team.eva, share=0.1, reason="On.")
    with pytest.raises(ExperimentError, match=why) as error:
        begin_epoch(experiment=experiment, by=team.eva, reason="Anew.", weight=weight)
    assert error.value.field == "weight"


def test_what_has_ended_is_ramped_no_more(team: Team, experiment: Experiment) -> None:
    stop_experiment(experiment=experiment, by=team.olga, reason="A holiday.")
    for verb in (
        lambda: set_share(experiment=experiment, by=team.eva, share=0.5, reason="On."),
        lambda: begin_epoch(experiment=experiment, by=team.eva, reason="Anew."),
    ):
        with pytest.raises(ExperimentError, match=r"was stopped on .* by olga: A holiday."):
            verb()


def test_who_does_not_evaluate_ramps_nothing(team: Team, experiment: Experiment) -> None:
    for person in (team.rui, team.sam):
        with pytest.raises(NotAllowedError):
            set_share(experiment=experiment, by=person, share=0.5, reason="On.")
        with pytest.raises(NotAllowedError):
            begin_epoch(experiment=experiment, by=person, reason="Anew.")
