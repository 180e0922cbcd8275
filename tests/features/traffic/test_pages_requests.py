"""The list of requests, newest first, and the page of one."""

import re
from datetime import timedelta
from urllib.parse import unquote

import pytest
from django.test import Client
from django.urls import reverse

from evalhub.features.traffic.keeping import change_settings
from evalhub.features.traffic.models import Request
from evalhub.features.traffic.page_data.request_list import (
    MOST_READ,
    PAGE,
    Cursor,
    hours_to_read,
)
from evalhub.features.traffic.page_data.request_page import request_address
from evalhub.features.traffic.served import name_served_version
from tests.cast import Team, a_team, a_version
from tests.features.traffic.rows_of import a_request, a_signal, noon, taken
from tests.features.traffic.test_pages import page, read
from tests.site.test_query_counts import queries

pytestmark = pytest.mark.django_db


def listed(client: Client, address: str) -> tuple[list[str], str]:
    """The keys of a page's requests, and where “Older” leads to."""
    text = client.get(address).text
    older = re.search(r'rel="next" href="([^"]*)"', text)
    path = address.partition("?")[0]
    keys = [unquote(key) for key in re.findall(r'requests/[\d-]+/\?key=([^"]*)"', text)]
    return keys, f"{path}{older[1].replace('&amp;', '&')}" if older else ""


def test_page_by_page_every_request_is_listed_once_with_the_newest_first(
    olga: Client, team: Team
) -> None:
    rows = [
        a_request(f"r{n:03}", time=noon() - timedelta(minutes=7 * (n // 3))) for n in range(130)
    ]
    taken(team.project, rows)
    address, seen = reverse("site:production_requests", args=[team.project.slug]), []
    while address:
        keys, address = listed(olga, address)
        assert len(keys) <= PAGE
        seen += keys
    assert seen == [f"r{n:03}" for n in range(130)]


def test_the_list_is_narrowed_by_its_address(olga: Client, team: Team) -> None:
    version = a_version(team, "lora")
    change_settings(project=team.project, by=team.olga, text_share=1.0)
    messages = ({"role": "user", "content": "Write to olga@example.org, please."},)
    taken(
        team.project,
        [
            a_request("plain", prompt_tokens=100),
            a_request("failed", error_type="Timeout", route="billing"),
            a_request("left", aborted=True, tags=("vip", "new")),
            a_request("texts", messages=messages, language="en", time=noon(3)),
            a_request("other", model="support-eu", arm="b", prompt_tokens=0),
        ],
    )
    name_served_version(
        project=team.project, by=team.olga, name="support-7b", version=version, since=noon(2)
    )
    for query, keys in (
        ({}, ["failed", "left", "other", "plain", "texts"]),
        ({"outcome": "errors"}, ["failed"]),
        ({"outcome": "aborted"}, ["left"]),
        ({"outcome": "texts"}, ["texts"]),
        ({"outcome": "masked"}, ["texts"]),
        ({"slice": "route:billing"}, ["failed"]),
        ({"slice": "tag:new"}, ["left"]),
        ({"slice": "language:en"}, ["texts"]),
        ({"slice": "length:64-127"}, ["plain"]),
        ({"slice": "length:0"}, ["other"]),
        ({"slice": "length:", "model": "support-7b"}, ["failed", "left", "texts"]),
        ({"arm": "b"}, ["other"]),
        ({"version": str(version.pk)}, ["failed", "left", "plain"]),
        ({"slice": "route:billing", "outcome": "aborted"}, []),
        ({"before": "not a time"}, ["failed", "left", "other", "plain", "texts"]),
        ({"before": noon(2).isoformat()}, ["texts"]),
    ):
        address = reverse("site:production_requests", args=[team.project.slug], query=query)
        assert listed(olga, address)[0] == keys, query


def test_a_rare_request_is_found_behind_many_others(olga: Client, team: Team) -> None:
    many = [a_request(f"r{n}", time=noon() - timedelta(minutes=n)) for n in range(300)]
    taken(team.project, [*many, a_request("rare", route="returns", time=noon(9))])
    address = reverse("site:production_requests", args=[team.project.slug])
    rare = f"{address}?slice=route:returns"
    assert listed(olga, rare) == (["rare"], "")
    assert queries(olga, rare) <= queries(olga, address)


def test_a_page_ends_once_it_has_read_many_requests_of_which_few_are_wanted() -> None:
    hours = [noon() - timedelta(hours=n) for n in range(9)]
    rare, many = dict.fromkeys(hours, 1), dict.fromkeys(hours, MOST_READ // 3)
    assert hours_to_read(rare, many, None) == hours[:4]
    assert hours_to_read(rare, rare, None) == hours
    assert hours_to_read(many, many, None) == hours[:1]
    assert hours_to_read(many, many, Cursor(noon() + timedelta(minutes=30), "r1")) == hours[:2]


def test_a_request_has_its_texts_masked_its_signals_and_its_conversation(
    olga: Client, team: Team
) -> None:
    change_settings(project=team.project, by=team.olga, text_share=1.0)
    messages = (
        {"role": "system", "content": "You answer customers."},
        {"role": "user", "content": [{"type": "text", "text": "I am olga@example.org."}]},
        {"role": "assistant", "tool_calls": [{"name": "look_up"}]},
    )
    first = a_request("turn/1 ü?", conversation="c", turn=0, time=noon() - timedelta(minutes=5))
    second = a_request(
        "turn/2", conversation="c", turn=1, messages=messages, output="Good day, olga@example.org."
    )
    edit = a_signal("s1", request="turn/2", name="edit", value=None, text="Good morning.")
    taken(team.project, [first, second], [edit])
    request = Request.objects.get(key="turn/2")
    text = read(olga.get(request_address(request, team.project.slug)).text)
    assert "System You answer customers." in text
    assert "User I am [mail-1]." in text
    assert '"name": "look_up"' in text
    assert "Answer Good day, [mail-1]." in text
    assert "olga@example.org" not in text
    assert "replaced before the texts were stored" in text
    assert "edit by person" in text
    assert "Good morning." in text
    links = olga.get(request_address(request, team.project.slug)).text
    assert request_address(Request.objects.get(key="turn/1 ü?"), team.project.slug) in links


def test_a_request_without_texts_says_why_there_are_none(olga: Client, team: Team) -> None:
    taken(team.project, [a_request("r1", error_type="Timeout", first_token_ms=80)])
    address = request_address(Request.objects.get(), team.project.slug)
    text = read(olga.get(address).text)
    assert "Its texts aren’t kept: it isn’t in the share" in text
    assert "error: Timeout" in text
    assert "first token after 80 ms" in text
    assert "Nobody has said or done anything" in text
    assert "which version that is nobody has said" in text


@pytest.mark.parametrize(
    "address",
    ["2026-02-30/?key=r1", "2026-11-03/?key=r1", "x/?key=r1", "2026-11-03/"],
)
def test_a_request_that_is_not_there_is_not_found(olga: Client, team: Team, address: str) -> None:
    taken(team.project, [a_request("r1")])
    requests = reverse("site:production_requests", args=[team.project.slug])
    assert olga.get(f"{requests}{address}").status_code == 404


def test_another_project_s_request_is_not_there(team: Team) -> None:
    taken(team.project, [a_request("r1")])
    other = a_team("Others", "others")
    other.project.memberships.create(user=other.sam, role="owner")
    request = Request.objects.get()
    sam = team.signed_in(team.sam)
    assert sam.get(request_address(request, team.project.slug)).status_code == 404
    assert sam.get(request_address(request, "others")).status_code == 404


def test_the_version_of_a_request_is_that_of_its_time(olga: Client, team: Team) -> None:
    base, lora = a_version(team, "base"), a_version(team, "lora")
    taken(team.project, [a_request("early", time=noon(3)), a_request("late")])
    for version, since in ((base, noon(5)), (lora, noon(2))):
        name_served_version(
            project=team.project, by=team.olga, name="support-7b", version=version, since=since
        )
    text = page(olga, team, "requests")
    assert re.search(r"12:00:00 lora v1 .* 12:00:00 base v1 ", text)
    early = olga.get(request_address(Request.objects.get(key="early"), team.project.slug))
    assert "Answered by base v1, served as support-7b" in read(early.text)
