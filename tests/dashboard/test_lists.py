"""Lists are narrowed, sorted and searched by their address, which can be shared."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from evalhub.gate.decide import decide_study
from evalhub.registry.models import Study
from tests.cast import Team, a_team
from tests.dashboard.cases import a_measured_study

STUDIES = "/studies/"


def names(client: Client, address: str = STUDIES, **asked: str) -> list[str]:
    """What stands first in each row."""
    answer = client.get(address, asked)
    assert answer.status_code == 200
    return re.findall(r'<th scope="row"><a href="[^"]+">([^<]+)</a>', answer.text)


@pytest.fixture
def studies(team: Team) -> list[Study]:
    """One that is decided, and one that isn't."""
    found = [a_measured_study(team, items=4, slug=slug) for slug in ("triage", "answering")]
    decide_study(study=found[0])
    return found


@pytest.mark.usefixtures("studies")
def test_studies_are_narrowed_by_words_verdict_state_and_project(olga: Client, team: Team) -> None:
    verdict = Study.objects.get(slug="triage").decisions.first()
    assert verdict is not None
    assert names(olga) == ["Answering", "Triage"]
    assert names(olga, q="TRIA") == ["Triage"]
    assert names(olga, q="lora tri") == ["Triage"]  # an arm's name and its study's
    assert names(olga, verdict=verdict.verdict) == ["Triage"]
    assert names(olga, state="undecided") == ["Answering"]
    assert names(olga, state="failed") == []
    assert names(olga, project=team.project.slug, state="undecided") == ["Answering"]


@pytest.mark.usefixtures("studies")
def test_studies_are_sorted_by_a_column_either_way_and_what_lacks_it_stands_last(
    olga: Client,
) -> None:
    assert names(olga, sort="name") == ["Answering", "Triage"]
    assert names(olga, sort="-name") == ["Triage", "Answering"]
    assert names(olga, sort="decided") == names(olga, sort="-decided") == ["Triage", "Answering"]
    shown = olga.get(STUDIES, {"sort": "name", "q": "a"}).text
    assert 'aria-sort="ascending"' in shown
    assert 'href="?sort=-name&amp;q=a"' in shown  # the other way, and still searched


@pytest.mark.usefixtures("studies")
def test_what_an_address_asks_for_that_is_not_there_is_left_out_and_said(olga: Client) -> None:
    answer = olga.get(STUDIES, {"verdict": "splendid", "sort": "luck", "page": "many"})
    assert answer.status_code == 200
    assert "Nothing is listed by the verdict “splendid”: that is left out." in answer.text
    assert "Nothing is sorted by “luck”: that is left out." in answer.text
    assert names(olga, verdict="splendid") == ["Answering", "Triage"]


@pytest.mark.usefixtures("studies")
def test_where_nothing_is_as_asked_the_way_back_is_shown(olga: Client) -> None:
    shown = olga.get(STUDIES, {"q": "no such thing"}).text
    assert "Nothing here is as you asked" in shown
    assert '<a href="/studies/">see all studies</a>' in shown


def test_pages_keep_what_was_asked_for(olga: Client, team: Team) -> None:
    Study.objects.bulk_create(
        Study(project=team.project, slug=f"s{n:02}", name=f"Number {n:02}") for n in range(30)
    )
    assert names(olga, q="number", sort="name")[-1] == "Number 24"
    assert names(olga, q="number", sort="name", page="2") == [f"Number {n}" for n in range(25, 30)]
    shown = olga.get(STUDIES, {"q": "number", "sort": "name"}).text
    assert 'rel="next" href="?q=number&amp;sort=name&amp;page=2"' in shown


def test_another_teams_project_is_no_choice(team: Team) -> None:
    other = a_team("Others", "others")
    other.project.memberships.create(user=other.sam, role="evaluator")
    Study.objects.create(project=other.project, slug="theirs", name="Theirs")
    shown = other.signed_in(other.sam).get(STUDIES, {"project": team.project.slug})
    assert f"“{team.project.slug}”: that is left out" in shown.text


@pytest.mark.usefixtures("studies")
def test_every_page_below_a_list_leads_back_up(olga: Client) -> None:
    study = Study.objects.get(slug="triage")
    decision = study.decisions.first()
    assert decision is not None
    shown = olga.get(reverse("dashboard:criterion", args=[decision.pk, 1])).text
    trail = re.search(r'<nav class="breadcrumbs" aria-label="Breadcrumbs">(.*?)</nav>', shown)
    assert trail is not None
    assert re.findall(r'<a href="([^"]+)">([^<]+)</a>', trail[1]) == [
        ("/studies/", "Studies"),
        (f"/studies/{study.pk}/?arm={decision.arm}", "Triage"),
    ]
    assert "Breadcrumbs" not in olga.get(STUDIES).text  # nothing is above a list
