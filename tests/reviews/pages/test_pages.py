"""The reviewer's pages, over HTTP."""

import re
import uuid
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from evalhub.declare.declaration import validate
from evalhub.declare.review import Design, Form, Known
from reviews.joining.admit import add_reviewer
from reviews.models import Assignment, Campaign, Judgment, Reviewer
from reviews.planning.campaign import close_campaign
from tests.cast import Team, a_team
from tests.reviews.assignments.test_assign import answer, deal, let_leases_end
from tests.reviews.conftest import a_campaign


def page(client: Client, campaign: Campaign) -> str:
    response = client.get(f"/reviews/{campaign.pk}/")
    assert response.status_code == 200
    return str(response.content.decode())


def form(html: str) -> tuple[str, dict[str, str]]:
    """Where the page's form goes, and what it carries."""
    found = re.search(r'action="(/reviews/judge/[^"]+)"', html)
    nonce = re.search(r'name="nonce" value="([^"]+)"', html)
    assert found
    assert nonce
    return found[1], {"nonce": nonce[1]}


def choose(client: Client, html: str, choice: str, **headers: Any) -> Any:
    action, fields = form(html)
    return client.post(action, fields | {"choice": choice}, headers=headers)


def test_the_page_shows_the_request_and_both_answers(rui: Client, campaign: Campaign) -> None:
    html = page(rui, campaign)
    assert re.search(r"Question \d+\?", html)
    assert "The first answer to " in html
    assert "Another answer to " in html
    assert "1 of 12" in html
    assert "Which answer would you rather send?" in html


def test_answers_and_requests_are_escaped(rui: Client, team: Team) -> None:
    campaign = a_campaign(team, items=1, answers=(["<b>a</b>"], ["<script>b</script>"]))
    html = page(rui, campaign)
    assert "&lt;b&gt;a&lt;/b&gt;" in html
    assert "<script>b" not in html


def test_without_javascript_an_answer_leads_back_to_the_next(
    rui: Client, campaign: Campaign
) -> None:
    first = page(rui, campaign)
    response = choose(rui, first, "left")
    assert response.status_code == 302
    assert response["Location"] == f"/reviews/{campaign.pk}/"
    second = page(rui, campaign)
    assert "2 of 12" in second
    assert "1 saved" in second
    assert form(second)[0] != form(first)[0]


def test_with_htmx_the_reply_is_the_next_comparison(rui: Client, campaign: Campaign) -> None:
    response = choose(rui, page(rui, campaign), "tie", hx_request="true")
    assert response.status_code == 200
    html = response.content.decode().strip()
    assert html.startswith('<div id="turn"')
    assert "2 of 12" in html
    assert "csrfmiddlewaretoken" in html


def test_an_answer_sent_twice_is_harmless(rui: Client, campaign: Campaign) -> None:
    html = page(rui, campaign)
    assert choose(rui, html, "left").status_code == 302
    assert choose(rui, html, "left").status_code == 302
    assert Judgment.objects.count() == 1


def test_another_answer_from_a_stale_page_is_refused_clearly(
    rui: Client, campaign: Campaign
) -> None:
    html = page(rui, campaign)
    choose(rui, html, "left")
    response = choose(rui, html, "right")
    assert response.status_code == 409
    said = response.content.decode()
    assert "“Left is better”. That stands." in said
    assert f'href="/reviews/{campaign.pk}/"' in said
    assert Judgment.objects.get().choice == "left"


def test_a_stale_form_does_not_answer_another_comparison(rui: Client, campaign: Campaign) -> None:
    stale = page(rui, campaign)
    choose(rui, stale, "left")
    action, _ = form(page(rui, campaign))
    response = rui.post(action, form(stale)[1] | {"choice": "right"})
    assert response.status_code == 409
    assert "out of date" in response.content.decode()
    assert Judgment.objects.count() == 1


def test_no_choice_is_a_bad_request(rui: Client, campaign: Campaign) -> None:
    action, fields = form(page(rui, campaign))
    assert rui.post(action, fields).status_code == 400


def test_an_unknown_comparison_or_campaign_is_not_found(rui: Client, campaign: Campaign) -> None:
    response = rui.post(f"/reviews/judge/{uuid.uuid4()}/", {"choice": "left"})
    assert response.status_code == 404
    assert rui.get(f"/reviews/{campaign.pk + 1}/").status_code == 404


def test_another_team_s_campaign_is_not_found(rui: Client, campaign: Campaign) -> None:
    other = a_team("Other", "other")
    other.project.memberships.filter(user=other.rui).delete()
    assert rui.get(f"/reviews/{a_campaign(other).pk}/").status_code == 404


@pytest.mark.parametrize("person", ["olga", "eva"])
def test_who_may_see_the_names_is_told_why_not(campaign: Campaign, team: Team, person: str) -> None:
    client = team.signed_in(getattr(team, person))
    response = client.get(f"/reviews/{campaign.pk}/")
    assert response.status_code == 403
    said = response.content.decode()
    assert "so you can&#x27;t judge blindly" in said
    assert '<a class="button primary" href="/">To the studies</a>' in said
    theirs = client.get("/reviews/").content.decode()
    assert "Nobody has asked you to review" in theirs
    assert "they know which model is which" in theirs
    assert '<a href="/">Studies</a>' in theirs


def test_somebody_who_is_not_signed_in_is_asked_to(campaign: Campaign) -> None:
    response = Client().get(f"/reviews/{campaign.pk}/")
    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/")


def test_coming_back_from_signing_in_leads_home(rui: Client, campaign: Campaign) -> None:
    response = rui.get(form(page(rui, campaign))[0])
    assert response.status_code == 302
    assert response["Location"] == "/reviews/"


def test_each_end_says_which_it_is(rui: Client, team: Team) -> None:
    campaign = a_campaign(team, items=1, reviewers_per_item=1)
    theirs = deal(campaign, team.ruth)
    assert "What is left is with other reviewers" in page(rui, campaign)
    answer(theirs, team.ruth)
    assert "Done. Thank you!" in page(rui, campaign)


def test_a_review_that_was_closed_says_so(rui: Client, campaign: Campaign) -> None:
    page(rui, campaign)
    close_campaign(campaign=campaign, by=None)
    assert "This review is closed" in page(rui, campaign)


def test_an_answer_that_came_too_late_says_so(rui: Client, team: Team) -> None:
    campaign = a_campaign(team, items=1, reviewers_per_item=1)
    html = page(rui, campaign)
    let_leases_end(campaign)
    answer(deal(campaign, team.ruth), team.ruth)
    response = choose(rui, html, "left")
    assert response.status_code == 409
    assert "went to other reviewers" in response.content.decode()


def test_home_shows_one_s_own_progress_only(rui: Client, campaign: Campaign, team: Team) -> None:
    for _ in range(3):
        answer(deal(campaign, team.ruth), team.ruth)
    answer(deal(campaign, team.rui), team.rui)
    html = rui.get("/reviews/").content.decode()
    assert "1 of 12 answered" in html
    assert "Go on" in html


def test_home_counts_as_the_review_s_own_pages_do(rui: Client, team: Team) -> None:
    """Practice doesn't count, repeats do, and a quota is all that there is."""
    design = Design(known={f"q{i:04}": Known(expected="tie", practice=True) for i in (1, 2)})
    campaign = a_campaign(team, items=8, form=validate(Form, {"repeats": 0.2}), design=design)
    dealt = campaign.pairs.exclude(kind="practice").count()
    assert f"0 of {round(dealt / 0.8)} answered" in rui.get("/reviews/").text
    add_reviewer(campaign=campaign, user=team.rui, quota=5)
    assert "0 of 5 answered" in rui.get("/reviews/").text
    Reviewer.objects.update(state="active")
    answer(deal(campaign, team.rui), team.rui)
    assert "1 of 5 answered" in rui.get("/reviews/").text
    assert ">2 of 5<" in page(rui, campaign)


def test_time_left_follows_one_s_own_pace(rui: Client, campaign: Campaign, team: Team) -> None:
    assert "about 8 min left" in page(rui, campaign)  # 12 at 40 s, as long as nothing is known
    for _ in range(3):
        answer(deal(campaign, team.rui), team.rui)
    Reviewer.objects.update(recent=[100.0] * 3)
    assert "about 15 min left" in page(rui, campaign)  # 9 at 100 s


def test_queries_do_not_grow_with_the_campaign(
    rui: Client, team: Team, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    """At most this many for a page, for an answer with the next page, and for the list."""
    counts = []
    for items in (6, 60):
        small = items == 6
        campaign = a_campaign(team if small else a_team("Other", "other"), items=items)
        html = page(rui, campaign)
        with django_assert_max_num_queries(10) as loading:
            html = page(rui, campaign)
        with django_assert_max_num_queries(15) as answering:
            choose(rui, html, "left", hx_request="true")
        with django_assert_max_num_queries(8) as listing:  # with invitations and queues
            rui.get("/reviews/")
        counts.append((len(loading), len(answering), len(listing)))
    assert counts[0] == counts[1]


def test_an_empty_answer_is_shown_as_such(rui: Client, team: Team) -> None:
    campaign = a_campaign(team, items=1, answers=(["text"], [" "]))
    assert "(an empty answer)" in page(rui, campaign)
    assert Assignment.objects.count() == 1


def test_the_list_of_reviews_is_a_whole_page_for_a_script_too(rui: Client) -> None:
    answer = rui.get(reverse("reviews:home"), headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert "<html" in answer.text
