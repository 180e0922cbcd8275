"""Whoever sees a project's results has a page of it; its people are shown to its owners."""

from django.test import Client

from evalhub.ledger.decide import decide_study
from tests.cast import Team, a_team
from tests.site.cases import a_measured_study

PAGE = "/projects/support-desk/"


def test_the_list_names_ones_own_projects_and_roles(team: Team) -> None:
    a_team("Others", "others").project.memberships.filter(user=team.eva).delete()
    shown = team.signed_in(team.eva).get("/projects/").text
    assert f'href="{PAGE}"' in shown
    assert "evaluator" in shown
    assert "/projects/others/" not in shown


def test_the_page_shows_verdicts_and_counts(olga: Client, team: Team) -> None:
    assert "Nothing is decided yet" in olga.get(PAGE).text
    study = a_measured_study(team)
    decide_study(study=study)
    shown = olga.get(PAGE).text
    assert study.name in shown
    assert "No version is promoted yet" in shown
    assert 'href="/studies/?project=support-desk">1</a>' in shown
    assert 'href="/studies/new/"' in shown


def test_people_are_shown_to_owners_alone(team: Team) -> None:
    assert "ruth" in team.signed_in(team.olga).get(PAGE).text
    shown = team.signed_in(team.eva).get(PAGE).text
    assert "ruth" not in shown
    assert "members/" not in shown


def test_it_is_refused_to_reviewers_and_not_there_for_others(team: Team, stranger: Client) -> None:
    assert team.signed_in(team.rui).get(PAGE).status_code == 403
    other = a_team("Others", "others")
    other.project.memberships.create(user=team.sam, role="owner")
    assert team.signed_in(team.sam).get(PAGE).status_code == 404
