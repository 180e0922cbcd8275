"""A sample of requests on a page: previewed, then frozen; and a request shows what used it."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from evalhub.features.traffic.models import Request
from evalhub.features.traffic.page_data.request_page import request_address
from evalhub.jobs import weight
from evalhub.registry.models import Item, SampledRequest, TestSetVersion, TrafficSample
from tests.api.test_jobs import work_all
from tests.cast import Team, a_run, a_study, a_version
from tests.features.traffic.shadow.production import SERVED, question, served, stands_for
from tests.features.traffic.test_pages import read

pytestmark = pytest.mark.django_db
PATH = "/projects/support-desk/production/samples/"
WEEK = {
    "n": "20",
    "since": "2020-01-01T00:00",
    "allocation": "proportional",
    "test_set": "traffic",
    "planned_gain": "0.1",
    "seed": "1",
}


def post(client: Client, button: str, **fields: Any) -> Any:
    return client.post(PATH, WEEK | fields | {button: "1"})


def hidden(page: str) -> dict[str, list[str]]:
    """What the button that freezes sends with it."""
    section = page.partition('id="preview"')[2].partition("</form>")[0]
    fields: dict[str, list[str]] = {}
    for tag in re.findall(r'<input type="hidden"[^>]*>', section):
        name = re.search(r'name="([^"]*)"', tag)
        value = re.search(r'value="([^"]*)"', tag)
        if name and value:
            fields.setdefault(name[1], []).append(value[1])
    return fields


def test_a_preview_says_what_would_be_frozen_and_stores_nothing(olga: Client, team: Team) -> None:
    served(team, [f"Wo {i}?" for i in range(30)], users=1, language="de", name="de")
    served(team, ["I am nora@example.org."] * 10, language="en", name="en")
    page = post(olga, "preview", n="8", by=["language"])
    assert page.status_code == 200
    text = read(page.text)
    assert "from 8 of 40 requests that support answered (nobody has said which version" in text
    assert "language:de 30 6 20% 5.00 language:en 10 2 20% 5.00" in text, text
    assert f"One user has 75% of it: {0:032x}" in text, text
    assert "In a replay the baseline has to be asked again on 1 item" in text
    oldest = Request.objects.order_by("day").values_list("day", flat=True)[0]
    assert f"All of its texts are kept until {oldest + timedelta(days=30):%-d %b %Y}" in text
    assert "To find a gain of 0.10" in text
    assert "the power of this sample is" in text
    assert not TestSetVersion.objects.exists()
    assert not TrafficSample.objects.exists()


def test_a_link_may_fill_the_form_in(olga: Client, team: Team) -> None:
    served(team, ["Where?"], name="route")
    query = {
        "since": "2026-11-02T00:00",
        "model": SERVED,
        "route": "search",
        "by": "route",
        "x": "",
    }
    page = olga.get(PATH, query).text
    assert f'<option value="{SERVED}" selected>' in page
    assert 'value="2026-11-02T00:00"' in page
    assert 'name="route" value="search"' in page


def test_what_is_frozen_is_what_was_previewed(olga: Client, team: Team) -> None:
    stands_for(team, a_version(team, "tuned"))
    served(team, [f"Where {i}?" for i in range(30)], language=["de", "en"])
    preview = post(olga, "preview", n="10", by=["language"], model=SERVED, until="")
    answer = olga.post(PATH, hidden(preview.text) | {"freeze": "1"})
    sample = TrafficSample.objects.get()
    assert answer.headers["Location"] == f"{PATH}{sample.pk}/"
    assert (sample.by, sample.drawn, sample.query["by"]) == (team.olga, 10, ["language"])
    assert sample.query["until"], "the preview's own end"
    text = read(olga.get(f"{PATH}{sample.pk}/").text)
    assert "traffic v1 is frozen." in text
    assert "10 items from 10 of 30 requests that support answered ( tuned v1)" in text, text
    assert "language:de 15 5 33% 3.00" in text
    assert "--from-traffic --project support-desk --test-set traffic@1" in text
    assert "traffic v1 support 10 30 0" in read(olga.get(PATH).text)


def test_a_second_draw_says_what_the_first_has_taken(olga: Client, team: Team) -> None:
    served(team, [f"Where {i}?" for i in range(30)])
    assert post(olga, "freeze", n="10").status_code == 302
    text = read(post(olga, "preview", n="10").text)
    assert "Not drawn from: 10 requests that ask what an earlier sample asks" in text


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"n": "1"}, "must be 2 or more, not 1"),
        ({"n": "many"}, "Enter a whole number"),
        ({"since": "yesterday"}, "such as 2026-11-03T00:00"),
        ({"since": "2020-01-02T00:00", "until": "2020-01-01T00:00"}, "lies before since"),
        ({"until": "2020-01-02T00:00"}, "no request came in this time"),
        ({"model": "another"}, "Select a valid choice"),
        ({"route": "nowhere"}, "none of 3 requests whose texts are stored has route=nowhere"),
        ({"by": ["user"]}, "Select a valid choice"),
        ({"planned_gain": "0"}, "must be above 0"),
        ({"test_set": "No Slug"}, "isn"),
        ({"seed": "-1"}, "must be 0 or more"),
        ({}, "the requests were answered by 2 models"),
    ],
)
@pytest.mark.parametrize("button", ["preview", "freeze"])
def test_a_sample_that_cannot_be_is_refused_at_its_field(
    olga: Client, team: Team, button: str, fields: dict[str, Any], message: str
) -> None:
    served(team, ["Where is it?", "Wo ist es?"])
    served(team, ["And?"], name="new", model="new")
    page = post(olga, button, **fields)
    assert page.status_code == 400
    assert message in read(page.text)
    assert not TestSetVersion.objects.exists()


def test_a_request_has_the_samples_and_the_studies_that_use_it(olga: Client, team: Team) -> None:
    served(team, ["a?", "b?"])
    assert post(olga, "freeze").status_code == 302
    served(team, ["c?"], name="later")
    version = TestSetVersion.objects.get()
    base, tuned = a_version(team, "base"), a_version(team, "tuned")
    a_run(base, version, scores=[0, 1])
    a_run(tuned, version, scores=[1, 1])
    study = a_study(team, baseline=base, candidate=tuned, primary=version)
    pages = {row.key: request_address(row, "support-desk") for row in Request.objects.all()}
    used = olga.get(pages["r-000"]).text
    assert f'href="{PATH}{version.pk}/"' in used
    assert reverse("site:study", args=[study.pk]) in used
    assert "Samples and studies that use it" not in olga.get(pages["later-000"]).text
    assert study.name in olga.get(f"{PATH}{version.pk}/").text


def test_a_sample_of_another_project_is_not_there(olga: Client, team: Team) -> None:
    assert olga.get(f"{PATH}1/").status_code == 404
    assert olga.get(f"{PATH}{'9' * 20}/").status_code == 404
    assert team.signed_in(team.sam).get(PATH).status_code in (403, 404)
    assert team.signed_in(team.rui).post(PATH, WEEK | {"freeze": "1"}).status_code == 403
    assert not SampledRequest.objects.exists()


def test_an_item_s_messages_are_those_of_its_request(olga: Client, team: Team) -> None:
    served(team, ["Where is it?"])
    assert post(olga, "freeze").status_code == 302
    assert Item.objects.get().input == question("Where is it?")


def test_a_large_sample_is_previewed_and_frozen_by_a_job(
    olga: Client, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weight, "HEAVY_ROWS", 20)
    served(team, [f"Where {i}?" for i in range(21)])
    job = post(olga, "preview", n="10")["Location"]
    assert "It begins in a moment" in olga.get(job).text
    work_all()
    preview = olga.get(job).text
    assert "10 items from 10 of 21 requests" in read(preview)
    assert f'<form method="post" action="{PATH}"' in preview
    job = olga.post(PATH, hidden(preview) | {"freeze": "1"})["Location"]
    work_all()
    text = read(olga.get(job, follow=True).text)
    assert "traffic v1 is frozen." in text
    assert TrafficSample.objects.get().by == team.olga
