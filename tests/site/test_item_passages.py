"""The passages that an answer was given, on its item's page, and nowhere in a blind review."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from evalhub.registry.models import Output, Run
from tests.cast import Team, a_run, a_test_set, a_version
from tests.reviews.conftest import a_campaign

GIVEN = [
    {"id": "manual-7", "text": "The kettle is <b>red</b>.", "score": 0.75},
    {"id": "manual-2", "text": "Nothing about it.", "cut": True},
]


@pytest.fixture
def run(team: Team) -> Run:
    """An answer that was given two passages, of which the item names the second and another."""
    items = [{"relevant": ["manual-2", "manual-9"], "answerable": True}] * 1
    questions = a_test_set(team, items=[*items, {"relevant": None, "answerable": False}])
    run = a_run(a_version(team), questions, scores=[1, 1])
    Output.objects.filter(run=run).update(passages=GIVEN)
    return run


def page(client: Client, run: Run, key: str, view: str = "") -> str:
    response = client.get(reverse("site:run_item", args=[run.pk, key]), {"view": view})
    assert response.status_code == 200
    return " ".join(response.text.split())


def section(html: str) -> str:
    found = re.search(r'<details class="passages">.*', html)
    assert found
    return found[0].partition('<dl class="scores">')[0]


def test_they_stand_in_order_and_escaped_with_the_relevant_ones_marked(
    olga: Client, run: Run
) -> None:
    html = section(page(olga, run, "q0000"))
    assert "2 passages" in html
    assert "1 relevant, 1 not found" in html
    assert html.index("manual-7") < html.index("manual-2")
    first, second = re.findall(r"<li.*?</li>", html)
    assert "relevant" not in first
    assert "score .75" in first or "score 0.75" in first
    assert '<li class="relevant">' in second
    assert "the model was given more of it" in second
    assert "<b>" not in html
    assert "&lt;b&gt;red&lt;/b&gt;" in html
    assert re.search(r"Relevant and not found: <span[^>]*>manual-9<", html)


def test_they_are_shown_as_they_came_too(olga: Client, run: Run) -> None:
    html = section(page(olga, run, "q0000", view="raw"))
    assert '<div class="laid-out raw"' in html
    assert "&lt;b&gt;red&lt;/b&gt;" in html


def test_an_item_that_names_none_marks_none_and_says_where_there_is_no_answer(
    olga: Client, run: Run
) -> None:
    html = page(olga, run, "q0001")
    assert "relevant" not in section(html)
    assert "The documents don’t hold its answer: to say so is right." in html
    assert "to say so is right" not in page(olga, run, "q0000")


def test_an_answer_without_a_retriever_says_nothing_of_passages(olga: Client, run: Run) -> None:
    Output.objects.filter(run=run).update(passages=None)
    assert "passages" not in page(olga, run, "q0001")
    Output.objects.filter(run=run).update(passages=[])
    assert "The retriever found nothing." in section(page(olga, run, "q0001"))


def test_a_blind_review_shows_none(rui: Client, team: Team) -> None:
    campaign = a_campaign(team, items=2)
    secret = [{"id": "canary-passage", "text": "The canary's own passage."}]
    Output.objects.update(passages=secret)
    response = rui.get(f"/reviews/{campaign.pk}/")
    assert "The first answer to" in response.text
    assert "canary" not in response.text.replace("canary-set", "")
    assert "passage" not in response.text
