"""A project's production: figures, versions, slices and signals, read from roll-ups alone."""

import html
import json
import os
import re
import shlex
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from evalhub.accounts.tokens import add_token
from evalhub.cli.app import run as cli
from evalhub.features.lifecycle.moves import put_in_shadow, retire
from evalhub.features.lifecycle.promotion import override_champion
from evalhub.features.traffic.models import ServedModel
from evalhub.features.traffic.served import name_served_version
from tests.cast import Team, a_team, a_version
from tests.features.traffic.rows_of import a_request, a_signal, noon, taken
from tests.site.test_query_counts import queries

pytestmark = pytest.mark.django_db


def read(page: str) -> str:
    """What a page says, a space between its parts."""
    text = html.unescape(re.sub(r"<[^>]*>", " ", page))
    return re.sub(r"\s+([.,;:)])", r"\1", re.sub(r"\s+", " ", text))


def page(client: Client, team: Team, name: str = "figures", **query: str) -> str:
    """A page of the project's production as it reads."""
    address = reverse(f"site:production_{name}", args=[team.project.slug], query=query)
    response = client.get(address)
    assert response.status_code == 200, address
    return read(response.text)


def some_traffic(team: Team) -> None:
    """Six requests of two served names on two days: one error, two languages, three routes."""
    taken(
        team.project,
        [
            a_request("r1", latency_ms=500, prompt_tokens=100, completion_tokens=20, cost_usd=0.01),
            a_request("r2", latency_ms=1000, language="de", route="billing", cost_usd=0.03),
            a_request("r3", latency_ms=1500, language="de", route="returns", error_type="Timeout"),
            a_request("r4", time=noon(9), language="en", tags=("vip",)),
            a_request("r5", time=noon(9), language="en", aborted=True),
            a_request("r6", time=noon(9), model="support-eu", arm="b"),
        ],
    )


def test_the_figures_add_up_all_requests_of_their_time(olga: Client, team: Team) -> None:
    some_traffic(team)
    text = page(olga, team)
    assert "Requests 6 Errors 1 (17%) Aborted by the client 1" in text
    assert "Tokens in 100 (100 a request) Tokens out 20 (20.0 a request)" in text
    assert "Cost $0.04" in text
    assert "cost 2, tokens 1 of 6" in text
    # the medians of 500, 1000 and 1500 ms, within 1%: 1,002.4
    assert "p50 1 s · p95 1 s" in text


def test_an_address_narrows_what_is_shown(olga: Client, team: Team) -> None:
    some_traffic(team)
    for query, requests in (
        ({"days": "7"}, 3),
        ({"days": "90"}, 6),
        ({"model": "support-eu"}, 1),
        ({"arm": "b"}, 1),
        ({"slice": "language:de"}, 2),
        ({"slice": "language:"}, 2),
        ({"slice": "route:billing"}, 1),
        ({"slice": "tag:vip"}, 1),
        ({"slice": "length:64-127"}, 1),
        ({"slice": "language:en", "model": "support-eu"}, 0),
        ({"days": "8", "slice": "colour:red", "version": "x"}, 6),  # nothing is called so
    ):
        shown = page(olga, team, **query)
        total = f"In all Requests {requests} " if requests else "No request in this time"
        assert total in shown, query
    assert "Ignored, as nothing is called so: days, version, slice." in shown
    assert "one that answered nothing" in page(olga, team, version="4711")


def test_a_name_is_unknown_until_somebody_says_which_version_it_is(
    olga: Client, team: Team
) -> None:
    some_traffic(team)
    version, before = a_version(team, "lora"), page(olga, team)
    assert "unknown support-7b 5" in before
    assert "unknown support-eu 1" in before
    address = reverse("site:production_served", args=[team.project.slug])
    form = {"name": "support-7b", "version": version.pk, "since": f"{noon(5):%Y-%m-%dT%H:%M}"}
    response = olga.post(address, form, follow=True)
    assert "support-7b is lora v1 from" in read(response.text)
    after = page(olga, team)
    assert "unknown support-7b 2" in after
    assert "lora v1 support-7b 3" in after
    assert "In all Requests 3 " in page(olga, team, version=str(version.pk))


def test_a_day_on_which_a_name_got_another_version_is_parted_by_the_hour(
    olga: Client, team: Team
) -> None:
    base, lora = a_version(team, "base"), a_version(team, "lora")
    times = [noon(2), noon() - timedelta(hours=2), noon(), noon() + timedelta(hours=11)]
    taken(team.project, [a_request(f"r{n}", time=time) for n, time in enumerate(times)])
    for version, since in ((base, noon(5)), (lora, noon() - timedelta(hours=1))):
        name_served_version(
            project=team.project, by=team.olga, name="support-7b", version=version, since=since
        )
    text = page(olga, team)
    assert "base v1 support-7b 2 " in text
    assert "lora v1 support-7b 2 " in text
    assert "In all Requests 2 " in page(olga, team, version=str(base.pk))


def test_what_can_t_be_said_of_a_name_is_refused_at_its_field(olga: Client, team: Team) -> None:
    some_traffic(team)
    version = a_version(team, "lora")
    other = a_team("Others", "others")
    elsewhere = a_version(other, "theirs")
    address = reverse("site:production_served", args=[team.project.slug])
    good = {"name": "support-7b", "version": str(version.pk), "since": "2026-11-03T00:00"}
    assert olga.post(address, good).status_code == 302
    for wrong, message in (
        ({}, "has a version from 2026-11-03T00:00:00+00:00 on: say another time"),
        ({"name": "nobody"}, "nobody is not one of the available choices"),
        ({"version": str(elsewhere.pk)}, "is not one of the available choices"),
        ({"since": "yesterday"}, "Say a day and a time in UTC, such as"),
    ):
        response = olga.post(address, good | wrong)
        assert response.status_code == 400
        assert message in read(response.text)
    assert ServedModel.objects.count() == 1


def test_promotions_are_drawn_into_the_charts_and_head_the_page(olga: Client, team: Team) -> None:
    some_traffic(team)
    assert "No version is promoted yet" in page(olga, team)
    override_champion(version=a_version(team, "lora"), by=team.olga, reason="It runs.")
    text = page(olga, team)
    assert "lora v1 is the champion since" in text
    assert "Dashed lines are promotions: lora v1 on" in text
    response = olga.get(reverse("site:production_figures", args=[team.project.slug]))
    assert response.text.count('class="rule promotion"') == 4


def test_versions_in_shadow_stand_at_the_head_and_are_marked(olga: Client, team: Team) -> None:
    some_traffic(team)
    version = a_version(team, "next")
    name_served_version(project=team.project, by=team.olga, name="support-eu", version=version)
    put_in_shadow(version=version, by=team.olga, reason="Mirrored.")
    text = page(olga, team)
    assert "next v1 is in shadow since" in text
    assert "next v1 shadow support-eu" in text
    retire(version=version, by=team.olga, reason="It lost.")
    assert "shadow" not in page(olga, team)


def test_the_head_says_how_many_come_a_day_and_what_is_kept(olga: Client, team: Team) -> None:
    some_traffic(team)
    # of the last seven full days: three requests
    assert "0.43 requests a day · texts aren’t kept" in page(olga, team)
    keeping = reverse("site:production_keeping", args=[team.project.slug])
    form = {"text_share": "0.05", "text_days": "30", "days": "90", "languages": "de, en"}
    assert "is changed" in olga.post(keeping, form, follow=True).text
    assert "texts of 5% kept for 30 days" in page(olga, team)


def test_slices_have_figures_of_their_own(olga: Client, team: Team) -> None:
    some_traffic(team)
    languages = page(olga, team, "slices")
    assert "de 33% 2 50%" in languages
    assert "unknown 33% 2 0%" in languages
    assert "billing 17% 1 0%" in page(olga, team, "slices", by="route")
    assert "vip 17% 1" in page(olga, team, "slices", by="tag")
    assert "64-127 17% 1" in page(olga, team, "slices", by="length")
    of_one = page(olga, team, "slices", model="support-7b")
    assert "en 40% 2 0%" in of_one


def test_signals_have_a_row_a_version_and_a_curve(olga: Client, team: Team) -> None:
    some_traffic(team)
    version = a_version(team, "lora")
    name_served_version(
        project=team.project, by=team.olga, name="support-7b", version=version, since=noon(20)
    )
    taken(
        team.project,
        signals=[
            a_signal("s1", request="r1", value=1.0, label="up"),
            a_signal("s2", request="r2", value=0.0, label="down"),
            a_signal("s3", request="r6", value=1.0, label="up"),
            a_signal("s4", request="r3", name="edit", value=None),
        ],
    )
    text = page(olga, team, "signals")
    assert "thumb by person lora v1 2 0.50" in text
    assert "support-eu unknown 1 1.00 up: 1" in text
    assert "edit by person lora v1 1 –" in text
    assert "Mean of thumb" in text
    assert "support-eu unknown" not in page(olga, team, "signals", version=str(version.pk))


def test_of_many_names_and_signals_the_largest_are_listed(olga: Client, team: Team) -> None:
    requests = [a_request(f"r{n}", model=f"name-{n:02}") for n in range(12)]
    more = [a_request("more", model="name-11")]
    signals = [a_signal(f"s{n}", request=f"r{n}") for n in range(12)]
    names = [a_signal(f"n{n}", request="r0", name=f"signal-{n:02}") for n in range(20)]
    taken(team.project, [*requests, *more], [*signals, *names])
    text = page(olga, team)
    by_version = text[text.index("By version") : text.index("Which version is it?")]
    assert by_version.count("unknown name-") == 10
    assert by_version.index("name-11") < by_version.index("name-00")
    assert "The largest; 2 more aren’t listed." in by_version
    text = page(olga, team, "signals")
    assert "2 more versions of thumb with fewer signals" in text
    assert "The most frequent; 1 more signal isn’t listed." in text


def test_what_was_not_taken_is_counted_by_reason(olga: Client, team: Team) -> None:
    assert "Every row of this time was taken." in page(olga, team, "refused")
    ahead = noon(0) + timedelta(days=2)
    taken(team.project, [a_request("r1", time=ahead), a_request("r2", time=noon(500))])
    taken(team.project, [a_request("r3", time=ahead)], [a_signal(request="nobody")])
    text = page(olga, team, "refused")
    assert "Its time lies ahead rest 2" in text
    assert "Its time is too long ago rest 1" in text
    assert "1 signal waits for the request that it is about." in text


def test_a_project_without_traffic_says_how_to_send_the_first_request(
    olga: Client, team: Team
) -> None:
    for name in ("figures", "slices", "requests", "signals", "sending"):
        text = page(olga, team, name)
        assert "/api/v1/projects/support-desk/requests" in text
        assert "export OTEL_EXPORTER_OTLP_ENDPOINT=" in text
        assert "evalhub traffic import requests.ndjson --project support-desk" in text
    assert "Send the first request" in page(olga, team)


@pytest.mark.django_db(transaction=True)
def test_the_commands_on_the_page_send_the_first_request(
    olga: Client,
    team: Team,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    live_server: LiveServer,
    settings: Settings,
) -> None:
    """As they are, but that the file's is run here: its own process has another database."""
    settings.SITE_URL = live_server.url
    shown = olga.get(reverse("site:production_figures", args=[team.project.slug])).text
    by_http, by_spans, by_file = (
        html.unescape(each) for each in re.findall(r"<pre[^>]*>(.*?)</pre>", shown, re.S)
    )
    made = add_token(
        project=team.project, user=team.olga, name="gateway", scopes=["traffic"], by=team.olga
    )
    environment = {**os.environ, "EVALHUB_TOKEN": made.secret}
    answers = [
        subprocess.run(
            ["sh", "-c", each], cwd=tmp_path, env=environment, capture_output=True, check=True
        ).stdout
        for each in (by_http, by_spans)
    ]
    assert json.loads(answers[0])["requests"] == 1
    assert json.loads(answers[1]) == {}
    monkeypatch.chdir(tmp_path)
    assert cli(shlex.split(by_file.splitlines()[1])[1:]) == 0
    assert "support-large 2 " in page(olga, team)


def test_one_project_s_production_opens_at_once_and_several_are_listed(
    olga: Client, team: Team
) -> None:
    production = reverse("site:production")
    assert olga.get(production)["Location"] == "/projects/support-desk/production/"
    other = a_team("Returns desk", "returns-desk")
    some_traffic(other)
    text = read(olga.get(production).text)
    assert "Returns desk – 3" in text
    assert "Support desk – 0 –" in text


def test_reviewers_and_strangers_see_nothing_of_it(team: Team) -> None:
    some_traffic(team)
    address = reverse("site:production_figures", args=[team.project.slug])
    assert team.signed_in(team.rui).get(address).status_code == 403
    other = a_team("Others", "others")
    other.project.memberships.create(user=other.sam, role="owner")
    assert team.signed_in(team.sam).get(address).status_code == 404


def test_only_an_owner_changes_what_is_kept(olga: Client, eva: Client, team: Team) -> None:
    keeping = reverse("site:production_keeping", args=[team.project.slug])
    form = {"text_share": "0.05", "text_days": "30", "days": "90", "languages": ""}
    assert "An owner of the project can change it." in eva.get(keeping).text
    assert eva.post(keeping, form).status_code == 403
    for field, value, message in (
        ("text_share", "1.5", "must be at most 1"),
        ("text_days", "91", "a text is kept no longer than its request"),
        ("days", "0", "must be 1 or more"),
        ("languages", "xx", "can&#x27;t be detected"),
    ):
        response = olga.post(keeping, form | {field: value})
        assert (response.status_code, message in response.text) == (400, True), field


@pytest.mark.parametrize("name", ["figures", "slices", "requests", "signals", "refused"])
def test_pages_take_as_many_queries_for_ten_times_as_much(
    olga: Client, team: Team, name: str
) -> None:
    address = reverse(f"site:production_{name}", args=[team.project.slug])
    some_traffic(team)
    taken(team.project, signals=[a_signal(request="r1")])
    olga.get(address)
    few = queries(olga, address)
    taken(
        team.project,
        [
            a_request(f"more-{n}", time=noon(n % 9 + 1), model=f"m{n % 5}", route=f"r{n}")
            for n in range(60)
        ],
        [a_signal(f"s-{n}", request=f"more-{n}", label=f"l{n}") for n in range(60)],
    )
    assert queries(olga, address) == few


@pytest.mark.parametrize("name", ["figures", "slices", "signals"])
def test_figures_are_read_from_roll_ups_alone(olga: Client, team: Team, name: str) -> None:
    some_traffic(team)
    with CaptureQueriesContext(connection) as captured:
        page(olga, team, name)
    read_tables = " ".join(query["sql"] for query in captured)
    assert "traffic_rollup" in read_tables
    for table in ('"traffic_request"', '"traffic_requesttext"', '"traffic_signal"'):
        assert table not in read_tables
