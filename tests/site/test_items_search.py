"""A text is looked for as far as one request may, and the next requests go on to the end."""

import html
import re

import pytest
from django.test import Client
from django.urls import reverse

from evalhub.features.erasure.redact import redact
from evalhub.features.table import REDACTORS
from evalhub.ledger.decide import decide_study
from evalhub.registry.models import Output, Run, Study
from evalhub.site.items import text_search
from tests.cast import Team, a_run, a_test_set, a_version
from tests.site.cases import a_measured_study
from tests.site.test_items import keys


@pytest.fixture
def blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each request reads ten items and no more."""
    for name, value in {"SECONDS": 0.0, "FIRST": 10, "FEWEST": 10, "MOST": 10}.items():
        monkeypatch.setattr(text_search, name, value)


@pytest.fixture
def study(team: Team, blocks: None) -> Study:
    """Decided: lora loses q0000 to q0019 of reading, of 40 items."""
    found = a_measured_study(team)
    decide_study(study=found)
    return found


def listed(client: Client, study: Study, **query: str) -> str:
    query = {"test_set": "triage-reading", **query}
    answer = client.get(reverse("site:study_items", args=[study.pk]), query)
    assert answer.status_code == 200
    return html.unescape(" ".join(answer.text.split()))


def searched_on(client: Client, page: str) -> str:
    """The page to which "Search on" leads."""
    address = re.search(r'id="search-on" href="([^"]*)"', page)
    assert address, "the search is at its end"
    return html.unescape(" ".join(client.get(address[1]).text.split()))


def test_each_request_searches_on_where_the_last_ended_and_the_list_only_grows(
    olga: Client, study: Study
) -> None:
    page = listed(olga, study, text="Question 1")
    seen = [keys(page)]
    assert "Searched 10 of 40 items." in page
    assert "1 item so far" in page
    for read in (20, 30):
        page = searched_on(olga, page)
        assert f"Searched {read} of 40 items." in page
        assert keys(page)[: len(seen[-1])] == seen[-1]
        seen.append(keys(page))
    page = searched_on(olga, page)
    assert 'id="search-on"' not in page
    assert "11 items of 40" in page
    assert keys(page) == ["q0001", *(f"q{i:04}" for i in range(10, 20))]
    assert 'id="search-on"' not in listed(olga, study, text="Question 1", sort="best")


def test_numbers_that_are_not_known_yet_are_said_to_be_the_least(
    olga: Client, study: Study
) -> None:
    page = listed(olga, study, text="Question")
    assert re.search(r"All <[^>]*>at least 10<", page)
    assert re.search(r"Lost <[^>]*>at least 10<", page)
    assert re.search(r"<a [^>]*>Both right <[^>]*>…<", page), "that none was found says nothing"
    page = searched_on(olga, page)
    assert re.search(r"Lost <[^>]*>20<", page)
    page = searched_on(olga, page)
    assert "Page 1 of at least 2" in page
    page = searched_on(olga, page)
    assert re.search(r"All <[^>]*>40<", page)
    assert "at least" not in page
    assert re.search(r"Both right <[^>]*>20<", page)


def told(page: str) -> str:
    """What is announced of the list."""
    (found,) = re.findall(r'role="status">([^<]*)<', page)
    return str(found)


def test_a_search_is_announced_at_its_end_alone(olga: Client, study: Study) -> None:
    page = listed(olga, study, text="Question 1")
    assert told(page) == ""
    while 'id="search-on"' in (page := searched_on(olga, page)):
        assert told(page) == ""
    assert told(page) == "11 items of 40"


def test_what_other_filters_leave_is_searched_first(olga: Client, study: Study) -> None:
    page = listed(olga, study, text="Question 1", outcome="lost", tag="tag1")
    assert "Searched 10 of 20 items." in page
    assert keys(page) == ["q0001", "q0011", "q0013", "q0015", "q0017", "q0019"]
    assert "6 items of 40" in page, "all that are lost and have the tag were searched"
    assert "so far" not in page
    assert 'id="search-on"' not in searched_on(olga, page), "the other outcomes are counted too"


def test_a_list_without_a_find_so_far_doesnt_say_that_there_is_none(
    olga: Client, study: Study
) -> None:
    page = listed(olga, study, text="Question 35?", sort="id")
    assert "No item is as you asked" not in page
    assert "None of the items that were searched so far" in page
    while 'id="search-on"' in page:
        page = searched_on(olga, page)
    assert keys(page) == ["q0035"]
    while 'id="search-on"' in (page := listed(olga, study, text="nowhere at all")):
        pass
    assert "No item is as you asked" in page


def test_the_next_item_is_found_by_searching_on(olga: Client, study: Study) -> None:
    address = reverse("site:study_item", args=[study.pk, "triage-reading", "q0001"])
    page = " ".join(olga.get(address, {"text": "Question 1"}).text.split())
    assert "1 of at least 1<" in page
    assert 'rel="next"' not in page
    page = searched_on(olga, page)
    assert "1 of at least 11<" in page
    following = reverse("site:study_item", args=[study.pk, "triage-reading", "q0010"])
    assert f'rel="next" href="{following}?text=Question+1"' in page
    assert 'id="search-on"' not in page
    other = reverse("site:study_item", args=[study.pk, "triage-reading", "q0030"])
    page = " ".join(olga.get(other, {"text": "Question 1"}).text.split())
    assert "not among the 11 found so far" in page
    assert "not among the 11 that were asked for" in searched_on(olga, page)


def test_a_file_holds_all_that_is_found_however_far_the_page_has_searched(
    olga: Client, study: Study
) -> None:
    query = {"test_set": "triage-reading", "text": "Question 3"}
    assert "Searched 10 of 40 items." in listed(olga, study, **query)
    address = reverse("site:study_items_file", args=[study.pk, "jsonl"])
    taken = b"".join(olga.get(address, query).streaming_content).decode()
    found = re.findall(r'"item": "(q\d+)"', taken)
    assert {*found} == {"q0003", *(f"q{i:04}" for i in range(30, 40))}


def test_what_was_taken_out_for_good_is_not_found_any_more(
    olga: Client, team: Team, study: Study
) -> None:
    page = listed(olga, study, text="Question 1")
    assert keys(page) == ["q0001"]
    redact(
        project=team.project,
        test_set="triage-reading",
        item="q0001",
        reason="asked",
        by=team.olga,
        redactors=REDACTORS,
    )
    page = listed(olga, study, text="Question 1")
    assert "Searched 10 of 40 items." in page
    assert keys(page) == []


def test_of_a_run_that_goes_on_what_was_answered_since_is_found(
    olga: Client, team: Team, blocks: None
) -> None:
    over = a_test_set(team, items=20)
    run = a_run(a_version(team), over, scores=[0] * 20, answers=["Nothing."] * 20)
    Run.objects.filter(pk=run.pk).update(finished=None, state="running")
    first = Output.objects.filter(run=run, item__key="q0000")
    address = reverse("site:run_items", args=[run.pk])
    page = olga.get(address, {"text": "zebra"}).text
    assert "Searched 10 of 20 items." in page
    assert 'id="search-on"' not in searched_on(olga, page)
    first.update(text="A zebra.")
    assert keys(olga.get(address, {"text": "zebra"}).text) == ["q0000"]
