"""Users' sums are kept as long as they are needed, and go with the user who is erased."""

from datetime import timedelta

import pytest
from django.utils import timezone

from evalhub.cli.app import run as cli
from evalhub.features.experiments.ending import stop_experiment
from evalhub.features.experiments.following import follow_experiments
from evalhub.features.experiments.models import CountedDay, Experiment, UserDay
from evalhub.features.table import TIDIED
from evalhub.features.traffic.keeping import settings_of, user_hash
from evalhub.features.traffic.models import Request, TrafficSettings
from evalhub.ledger.models import Decision
from evalhub.studies.run.tidying import tidy
from tests.cast import Team
from tests.features.experiments.experiments_of import an_experiment, since, visits
from tests.features.traffic.rows_of import noon

pytestmark = pytest.mark.django_db


def counted(team: Team) -> Experiment:
    """An experiment with three users, counted."""
    experiment = since(an_experiment(team), noon(3))
    visits(team, experiment, 3, time=noon(2))
    follow_experiments()
    return experiment


def ended(experiment: Experiment, team: Team, *, days_ago: int) -> None:
    stop_experiment(experiment=experiment, by=team.olga, reason="Enough.")
    time = timezone.now() - timedelta(days=days_ago)
    Experiment.objects.filter(pk=experiment.pk).update(ended=time)


def units() -> set[str]:
    return set(UserDay.objects.values_list("unit", flat=True))


def test_an_erased_user_s_sums_go_and_decisions_stand(
    team: Team, capsys: pytest.CaptureFixture[str]
) -> None:
    counted(team)
    unit = user_hash("user-1", settings_of(team.project))
    assert unit in units()
    erase = ["traffic", "erase", "--project", "support-desk", "--user-id", "user-1"]
    assert cli([*erase, "--dry-run"]) == 0
    assert "1 user day" in capsys.readouterr().out
    assert unit in units()
    assert cli([*erase, "--yes"]) == 0
    assert len(units()) == 2
    assert unit not in units()
    follow_experiments()
    assert unit not in units()
    assert Decision.objects.exists()


def test_sums_go_too_where_the_requests_are_not_kept_any_more(team: Team) -> None:
    counted(team)
    Request.objects.all().delete()
    erase = ["traffic", "erase", "--project", "support-desk", "--user-id", "user-1", "--yes"]
    assert cli(erase) == 0
    assert len(units()) == 2


def test_sums_of_an_ended_experiment_go_when_its_days_are_not_kept_any_more(team: Team) -> None:
    experiment = counted(team)
    days = TrafficSettings.objects.get().days
    tidy(TIDIED)
    assert len(units()) == 3, "it is running"
    ended(experiment, team, days_ago=days)
    tidy(TIDIED)
    assert len(units()) == 3, "its last day is kept"
    Experiment.objects.update(ended=timezone.now() - timedelta(days=days + 1))
    tidy(TIDIED)
    assert units() == set()
    assert CountedDay.objects.exists()


def test_a_question_whose_users_are_forgotten_is_another_one(team: Team) -> None:
    """Else who waits long enough could ask it again with all of alpha."""
    first = counted(team)
    ended(first, team, days_ago=TrafficSettings.objects.get().days + 1)
    second = an_experiment(team, "Again")
    assert second.continues == first
    tidy(TIDIED)
    assert len(units()) == 3, "a running one continues it"
    ended(second, team, days_ago=TrafficSettings.objects.get().days + 1)
    tidy(TIDIED)
    third = an_experiment(team, "And again")
    assert (third.continues, third.metric_number) == (None, 2)
