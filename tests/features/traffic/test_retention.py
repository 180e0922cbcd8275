"""What a project keeps, and for how long: requests, signals, their texts, and the counts of all."""

import pytest

from evalhub.accounts.models import Project
from evalhub.cli.app import run as cli
from evalhub.features.table import TIDIED
from evalhub.features.traffic.keeping import change_settings
from evalhub.features.traffic.models import (
    RefusedRows,
    Request,
    RequestText,
    RollUp,
    Signal,
    SignalRollUp,
    TrafficSettings,
)
from evalhub.registry.models import SampledRequest
from evalhub.studies.run.tidying import tidy
from tests.cast import Team, a_team
from tests.features.traffic.rows_of import a_request, a_signal, noon, taken
from tests.features.traffic.shadow.production import LAST_WEEK, served

DAYS_AGO = (1, 5, 20, 60)


def filled(project: Project) -> None:
    """A request with its text and a signal with its text, on each of these days."""
    requests = [a_request(f"r{days}", time=noon(days)) for days in DAYS_AGO]
    signals = [a_signal(f"s{days}", time=noon(days), request=f"r{days}") for days in DAYS_AGO]
    taken(project, requests, signals)
    for request in Request.objects.filter(project=project):
        RequestText.objects.create(
            project=project, day=request.day, key=request.key, messages=[], output="hello"
        )
    Signal.objects.filter(project=project).update(text="better so")


def keeps(project: Project, *, days: int, text_days: int) -> None:
    TrafficSettings.objects.filter(project=project).update(days=days, text_days=text_days)
    tidy(TIDIED)


def ages(rows: "type[Request | RequestText | Signal]", project: Project) -> list[int]:
    """How many days ago the rows are."""
    days = rows._default_manager.filter(project=project).values_list("day", flat=True)
    return sorted((noon(0).date() - day).days for day in days)


def test_days_that_a_project_no_longer_keeps_are_gone(team: Team) -> None:
    filled(team.project)
    keeps(team.project, days=20, text_days=5)
    assert ages(Request, team.project) == ages(Signal, team.project) == [1, 5, 20]
    assert ages(RequestText, team.project) == [1, 5]
    texts = Signal.objects.order_by("-day").values_list("text", flat=True)
    assert list(texts) == ["better so", "better so", None]


def test_texts_are_never_kept_for_longer_than_their_requests(team: Team) -> None:
    filled(team.project)
    keeps(team.project, days=5, text_days=30)
    assert ages(RequestText, team.project) == ages(Request, team.project) == [1, 5]


def test_projects_keep_their_days_apart(team: Team) -> None:
    other = a_team("Other", "other").project
    filled(team.project)
    filled(other)
    TrafficSettings.objects.filter(project=other).update(days=60, text_days=20)
    keeps(team.project, days=5, text_days=1)
    assert ages(Request, team.project) == ages(Signal, team.project) == [1, 5]
    assert ages(Request, other) == ages(Signal, other) == [1, 5, 20, 60]
    assert ages(RequestText, team.project) == [1]
    assert ages(RequestText, other) == [1, 5, 20]


def test_counts_outlive_the_rows_by_a_year(team: Team) -> None:
    filled(team.project)
    before = RollUp.objects.count(), SignalRollUp.objects.count()
    keeps(team.project, days=1, text_days=1)
    assert (RollUp.objects.count(), SignalRollUp.objects.count()) == before
    long_ago = noon(401)
    for roll_ups in (RollUp, SignalRollUp):
        roll_ups._default_manager.filter(hour=noon(60)).update(hour=long_ago)
    taken(team.project, [a_request("old", time=noon(500))])
    RefusedRows.objects.update(day=long_ago.date())
    tidy(TIDIED)
    of_hours = RollUp.objects.filter(slice_kind="all")
    hours = {row.hour for row in (*of_hours, *SignalRollUp.objects.all())}
    assert hours == {noon(1), noon(5), noon(20)}
    assert not RefusedRows.objects.exists()


def test_a_day_that_is_not_kept_is_not_taken_again(team: Team) -> None:
    filled(team.project)
    keeps(team.project, days=20, text_days=5)
    result = taken(team.project, [a_request("late", time=noon(20)), a_request("r", time=noon(21))])
    assert (result.requests, len(result.flaws)) == (1, 1)
    tidy(TIDIED)
    assert ages(Request, team.project) == [1, 5, 20, 20]


@pytest.mark.usefixtures("db")
def test_a_site_without_traffic_has_nothing_to_do() -> None:
    tidy(TIDIED)
    assert not TrafficSettings.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_ids_that_joined_a_sample_to_its_requests_go_with_these(team: Team) -> None:
    ids = {"trace_id": ["t1", "t2"], "conversation": ["c1", "c2"]}
    served(team, ["a?", "b?"], days_ago=5, **ids)
    assert cli(["traffic", "sample", *LAST_WEEK, "--n", "2"]) == 0
    before = set(SampledRequest.objects.values_list("key", "content"))

    def joins() -> set[tuple[str, str]]:
        tidy(TIDIED)
        tidy(TIDIED)
        return set(SampledRequest.objects.values_list("trace_id", "conversation"))

    assert joins() == {("t1", "c1"), ("t2", "c2")}
    change_settings(project=team.project, by=team.olga, days=3, text_days=3)
    assert joins() == {("", "")}
    assert set(SampledRequest.objects.values_list("key", "content")) == before
