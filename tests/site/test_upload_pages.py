"""Pairs uploaded through the page, planned and opened like a study's review."""

import json
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from evalhub.registry.models import Run
from reviews.models import Campaign
from tests.cast import Team
from tests.site.test_campaign_pages import filled, page_of

PAIRS = "".join(
    json.dumps({"id": f"k{i}", "ask": f"Say {i}", "left": f"L{i}", "right": f"R{i}"}) + "\n"
    for i in range(5)
)


def upload(client: Client, content: str, **more: Any) -> Any:
    path = reverse("site:upload_pairs")
    given = filled(client.get(path), name="Tone", prompt="ask", project="support-desk")
    given["file"] = SimpleUploadedFile("pairs.jsonl", content.encode())
    return client.post(path, given | more, follow=True)


def test_an_upload_leads_to_the_same_form_and_is_opened(olga: Client, team: Team) -> None:
    page = upload(olga, PAIRS)
    assert "Plan a review: Tone" in page.text
    assert "gold" not in page.context["form"].fields, "there is no metric to be certain"
    (path, _) = page.redirect_chain[-1]
    olga.post(path, filled(page) | {"open": "1"})
    campaign = Campaign.objects.get()
    assert (campaign.name, campaign.study, campaign.project) == ("Tone", None, team.project)
    assert campaign.pairs.filter(kind="main").count() == 5
    assert olga.get(page_of(campaign)).status_code == 200
    assert "Tone" in olga.get(reverse("site:new_campaign") + f"?campaign={campaign.pk}").text


def test_the_plan_of_an_upload_can_be_changed_and_keeps_its_sides(olga: Client, team: Team) -> None:
    """Both sides are recorded versions of one specification: only their answers differ."""
    page = upload(olga, PAIRS)
    form = page.redirect_chain[-1][0]
    olga.post(form, filled(page, items=8) | {"open": "1"})
    first = Campaign.objects.get()
    path = reverse("site:new_campaign") + f"?campaign={first.pk}"
    page = olga.get(path)
    assert page.status_code == 200
    olga.post(path, filled(page, items=4) | {"open": "1"})
    later = Campaign.objects.get(supersedes=first)
    assert (later.baseline, later.candidate) == (first.baseline, first.candidate)
    assert later.baseline != later.candidate
    assert first.baseline.digest == first.candidate.digest
    assert len(later.plan["items"]) == 4


def test_what_is_wrong_with_an_upload_is_said_with_its_line(olga: Client, team: Team) -> None:
    answer = upload(olga, PAIRS + '{"id": "k9", "ask": "Say 9", "left": "L"}\n')
    assert answer.status_code == 400
    assert "pairs.jsonl, line 6, field &#x27;right&#x27;: missing" in answer.text
    assert not Run.objects.exists()


def test_a_second_file_is_joined_on_the_id(olga: Client, team: Team) -> None:
    rows = [json.loads(line) for line in PAIRS.splitlines()]
    left = "".join(
        json.dumps({"id": r["id"], "ask": r["ask"], "left": r["left"]}) + "\n" for r in rows
    )
    right = "".join(json.dumps({"id": r["id"], "right": r["right"]}) + "\n" for r in rows[::-1])
    file = SimpleUploadedFile("right.jsonl", right.encode())
    upload(olga, left, right_file=file)
    found = dict(Run.objects.latest("pk").outputs.values_list("item__key", "text"))
    assert found == {f"k{i}": f"R{i}" for i in range(5)}
