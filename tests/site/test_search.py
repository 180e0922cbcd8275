"""One field searches studies, versions, test sets, reviews and items, of what one may see."""

import re

import pytest
from django.test import Client

from evalhub.accounts.models import Role
from evalhub.registry.models import Item, StudyRun
from evalhub.site.searching import items as reading
from tests.cast import Team, a_team, a_test_set, a_version
from tests.reviews.asking import a_review
from tests.site.cases import a_measured_study
from tests.site.test_query_counts import queries

SEARCH = "/search/"


def found(client: Client, text: str) -> dict[str, list[str]]:
    """By kind, what is found."""
    answer = client.get(SEARCH, {"q": text})
    assert answer.status_code == 200
    sections = re.findall(
        r'id="found-(\w+)"(.*?)</section>', answer.text.split("<main")[1], re.DOTALL
    )
    return {kind: re.findall(r"<li><a [^>]+>([^<]+)</a>", of) for kind, of in sections}


@pytest.fixture
def desk(team: Team) -> Team:
    study = a_measured_study(team, items=8)
    links = StudyRun.objects.filter(arm__study=study, test_set__role="primary")
    runs = [links.get(arm__role=role).run for role in ("baseline", "candidate")]
    a_review(study=study, baseline_run=runs[0], candidate_run=runs[1], items=4, name="Triage, read")
    return team


def test_things_are_found_by_their_names_grouped_and_counted(olga: Client, desk: Team) -> None:
    everything = found(olga, "triage")
    assert len(everything.pop("items")) == 16
    assert everything == {
        "studies": ["Triage"],
        "versions": ["triage-base v1", "triage-lora v1", "triage-prompted v1"],
        "test_sets": ["triage-reading", "triage-task"],
        "campaigns": ["Triage, read"],
    }
    assert found(olga, "LORA") == {"studies": ["Triage"], "versions": ["triage-lora v1"]}
    assert "“triage” is found in" in olga.get(SEARCH, {"q": " triage "}).text


def test_of_many_five_are_shown_and_the_list_of_all_is_a_click_away(
    olga: Client, team: Team
) -> None:
    for number in range(7):
        a_version(team, f"checkpoint-{number}")
    assert len(found(olga, "checkpoint")["versions"]) == 5
    shown = olga.get(SEARCH, {"q": "checkpoint"}).text
    assert '<a href="/versions/?q=checkpoint">See all 7</a>' in shown


def test_items_are_found_by_id_and_by_what_one_reads_in_them(olga: Client, team: Team) -> None:
    chat = [{"role": "user", "content": 'Wie groß ist "Köln"?'}]
    version = a_test_set(
        team,
        "cities",
        items=[
            {"key": "first", "input": "The content of the kettle", "references": ["boil it"]},
            {"key": "second", "input": chat, "references": ["On the Rhine"]},
        ],
    )
    assert found(olga, "second") == {"items": ["second"]}
    assert found(olga, "THE KETTLE") == {"items": ["first"]}
    assert found(olga, "boil") == {"items": ["first"]}
    assert found(olga, "rhine") == {"items": ["second"]}
    assert found(olga, "groß ist") == {"items": ["second"]}
    assert found(olga, '"Köln"') == {"items": ["second"]}
    assert found(olga, "content") == {"items": ["first"]}  # as JSON a message has that word too
    shown = olga.get(SEARCH, {"q": "kettle"}).text
    assert "The content of the <mark>kettle</mark> boil it" in shown
    page = f"/test-sets/{version.test_set_id}/items/first/?version=1"
    assert f'href="{page}"' in shown
    assert "kettle" in olga.get(page).text


def test_where_not_all_texts_are_read_the_page_says_so(
    olga: Client, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_test_set(team, "old", items=[{"input": "An old kettle", "key": "k1"}])
    a_test_set(team, "new", items=[{"input": f"Kettle {n}", "key": f"n{n}"} for n in range(4)])
    assert found(olga, "kettle")["items"] == ["n0", "n1", "n2", "n3", "k1"]
    assert "Texts were read of" not in olga.get(SEARCH, {"q": "kettle"}).text
    monkeypatch.setattr(reading, "READ", 3)
    assert found(olga, "kettle")["items"] == ["n0", "n1", "n2"]
    assert "Texts were read of 3 items of 5" in olga.get(SEARCH, {"q": "kettle"}).text
    assert found(olga, "k1")["items"] == ["k1"]  # by its id it is found all the same


def test_more_items_than_are_shown_are_said_to_be_there(olga: Client, team: Team) -> None:
    a_test_set(team, "many", items=30)
    answer = olga.get(SEARCH, {"q": "question"})
    assert len(found(olga, "question 1")["items"]) == 11
    assert "20 or more items" in answer.text
    assert "There are more." in answer.text
    within = r'href="(/test-sets/\d+/items/\?version=1&amp;text=question)"'
    (address,) = set(re.findall(within, answer.text))
    assert olga.get(address.replace("&amp;", "&")).status_code == 200


def test_a_text_is_searched_as_it_is_written(olga: Client, team: Team) -> None:
    a_test_set(team, "odd", items=[{"input": "100% of a_b", "key": "k"}, {"input": "100 of axb"}])
    assert found(olga, "100%")["items"] == ["k"]
    assert found(olga, "a_b")["items"] == ["k"]
    assert found(olga, "  ") == {}
    assert "Nothing that you may see is called “&lt;b&gt;”" in olga.get(SEARCH, {"q": "<b>"}).text


def test_only_what_one_may_see_is_found(desk: Team, rui: Client) -> None:
    other = a_team("Others", "others")
    other.project.memberships.create(user=other.sam, role=Role.EVALUATOR)
    client = other.signed_in(other.sam)
    key = Item.objects.latest("pk").key
    for text in ("triage", "question", key, "lora"):
        assert found(client, text) == {}
    answer = rui.get(SEARCH, {"q": "triage"})
    assert (answer.status_code, "triage-lora" in answer.text) == (403, False)
    assert "site-search" not in rui.get("/reviews/").text


def test_it_takes_as_many_queries_for_much_as_for_little(olga: Client, team: Team) -> None:
    olga.get(SEARCH)  # that she has seen results is noted once
    a_test_set(team, "one", items=2)
    few = queries(olga, f"{SEARCH}?q=question")
    for slug in ("two", "three", "four"):
        a_test_set(team, slug, items=30)
        a_version(team, f"question-{slug}")
    assert queries(olga, f"{SEARCH}?q=question") == few
