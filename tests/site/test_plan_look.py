"""A plan looked at as a reviewer would see it, before it is sealed."""

import re

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from evalhub.registry.models import Study
from reviews.models import Assignment, Campaign, Pair
from tests.cast import Team
from tests.reviews.pages.test_pages import page
from tests.site.cases import a_measured_study
from tests.site.test_campaign_pages import filled, plan_of


@pytest.fixture
def study(team: Team) -> Study:
    return a_measured_study(team)


def looked(client: Client, study: Study, place: int | str, **asked: object) -> str:
    fields = filled(client.get(plan_of(study)), **asked) | {"look": str(place)}
    response = client.post(plan_of(study), fields)
    assert response.status_code == 200
    return str(response.text)


def panes(html: str) -> list[str]:
    found = re.findall(r'<section class="pane".*?</section>', html, re.DOTALL)
    return [re.sub(r"<[^>]+>", "", pane).strip() for pane in found]


def test_each_planned_pair_stands_in_the_reviewer_s_layout(olga: Client, study: Study) -> None:
    pages = [looked(olga, study, n, items=3, controls=0) for n in range(1, 4)]
    assert [len(panes(html)) for html in pages] == [2] * 3
    assert len({html.split('class="request"')[1].split("</section>")[0] for html in pages}) == 3
    first, *_, last = pages
    assert "pair 1 of 3" in first
    assert 'value="2" aria-label="The next pair"' in first
    assert "The pair before" not in first
    assert "The next pair" not in last
    for none in (0, 99, "x", "9" * 40):
        assert re.search(r"pair [13] of 3", looked(olga, study, none, items=3, controls=0))


def test_what_is_sealed_from_there_is_what_was_looked_at(
    olga: Client, study: Study, team: Team
) -> None:
    html = looked(olga, study, 2, items=3, controls=0, flags="unsafe", question="Which is kinder?")
    assert "Which is kinder?" in html
    hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', html)
    typed = {name: value for name, value in hidden if name != "csrfmiddlewaretoken"}
    back = olga.post(plan_of(study), typed | {"preview": "1"})
    assert 'value="Which is kinder?"' in back.text
    assert not Campaign.objects.exists()
    olga.post(plan_of(study), typed | {"open": "1"})
    campaign = Campaign.objects.get()
    assert campaign.question == "Which is kinder?"
    assert Pair.objects.count() == 3
    planned = {frozenset(panes(looked(olga, study, n, items=3, controls=0))) for n in range(1, 4)}
    said = [re.sub("^(Left|Right)", "", pane) for pane in panes(page(rui(team), campaign))]
    assert {re.sub("^(Left|Right)", "", text) for pair in planned for text in pair} >= set(said)


def rui(team: Team) -> Client:
    return team.signed_in(team.rui)


def test_nothing_there_answers_and_nothing_is_noted(olga: Client, study: Study) -> None:
    asked = {"flags": "unsafe", "dimensions": "Which is kinder?", "rationale": "required"}
    html = looked(olga, study, 1, items=3, **asked)
    forms = re.findall(r"<form[^>]*>", html)
    assert [form for form in forms if "/reviews/" in form] == []
    answers = re.search(r'<form class="answers".*?</form>', html, re.DOTALL)
    assert answers
    assert re.search(r'^<form[^>]*>\s*<fieldset class="inert" disabled>', answers[0])
    assert "action=" not in answers[0]
    assert "csrf" not in answers[0]
    assert "review.js" not in html
    assert re.search(r'id="flags".*?<fieldset disabled>', html, re.DOTALL)
    assert not Assignment.objects.exists()
    assert not Campaign.objects.exists()


def test_a_form_that_is_wrong_says_so_instead(olga: Client, study: Study) -> None:
    fields = filled(olga.get(plan_of(study)), items="") | {"look": "1"}
    shown = olga.post(plan_of(study), fields).text
    assert "Plan a review" in shown
    assert "something to put right" in shown


def test_a_look_costs_no_more_for_a_larger_plan(
    olga: Client, study: Study, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    counts = []
    for items in (4, 20):
        fields = filled(olga.get(plan_of(study)), items=items, controls=0) | {"look": "2"}
        olga.post(plan_of(study), fields)  # what is measured of texts is kept in memory
        with django_assert_max_num_queries(40) as looking:
            olga.post(plan_of(study), fields)
        counts.append(len(looking))
    assert counts[0] == counts[1]


@pytest.mark.parametrize("person", ["rui", "sam"])
def test_whoever_sees_no_results_has_no_look(team: Team, study: Study, person: str) -> None:
    client = team.signed_in(getattr(team, person))
    path = reverse("site:new_campaign", query={"study": study.pk})
    assert client.post(path, {"look": "1"}).status_code in (302, 403, 404)
