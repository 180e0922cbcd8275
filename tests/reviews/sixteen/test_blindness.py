"""What would let a reviewer know which arm is which, tried one by one."""

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from evalhub.accounts.models import Membership, Project, Role
from evalhub.registry.models import Output
from reviews.models import Assignment, Campaign
from tests.cast import Team, a_team
from tests.reviews.assignments.test_assign import answer, deal
from tests.reviews.conftest import CANARIES, a_campaign
from tests.reviews.pages.test_pages import choose, form, page
from tests.reviews.steps import next_assignment
from tests.tampering import administrator


def scrubbed(html: str) -> str:
    """Without the CSRF token, which Django masks anew each time."""
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", html)


def everything(response: Any) -> str:
    """Body, headers and cookies of a response."""
    body = b"".join(response) if response.streaming else response.content
    return "\n".join([str(response.headers), str(response.cookies), body.decode(errors="replace")])


def addresses(ids: list[int]) -> Iterator[str]:
    """Every address of the site, with each of these ids and some words filled in.

    Those of the admin with one id alone: it asks who comes before it looks at the rest.
    """

    def walk(patterns: list[URLPattern | URLResolver], before: str) -> Iterator[str]:
        for entry in patterns:
            route = before + str(entry.pattern).replace("^", "").replace("$", "")
            if isinstance(entry, URLResolver):
                yield from walk(entry.url_patterns, route)
            else:
                yield route

    for route in walk(get_resolver().url_patterns, "/"):
        for i in ids if "<" in route and not route.startswith("/admin/") else ids[:1]:
            uuid = "00000000-0000-4000-8000-000000000000"
            filled = re.sub(r"<uuid:\w+>", uuid, re.sub(r"<(int|path):\w+>", str(i), route))
            yield re.sub(r"<[^>]+>|\(\?P.*", "x", filled)


@pytest.mark.heavy
def test_names_of_the_arms_are_on_no_page_that_a_reviewer_can_reach(
    rui: Client, campaign: Campaign, team: Team
) -> None:
    study = campaign.study
    ids = {1, 2, study.pk, campaign.pk, campaign.baseline_id, campaign.candidate_id}
    ids |= {run.pk for run in campaign.baseline.runs.all()}
    seen = [rui.get(address) for address in addresses(sorted(ids))]
    first = page(rui, campaign)
    seen.append(rui.get(f"/reviews/{campaign.pk}/"))
    for fragment in ("ahead", "pause"):
        seen.append(rui.get(f"/reviews/{campaign.pk}/{fragment}/?view=diff"))
    sheet = form(first)[0].replace("/judge/", "/sheet/")
    seen += [rui.get(f"{sheet}?view={view}") for view in ("read", "raw", "diff")]
    seen.append(choose(rui, first, "left", hx_request="true"))
    seen.append(rui.post(f"/reviews/{campaign.pk}/undo/", headers={"hx-request": "true"}))
    seen.append(choose(rui, first, "left", hx_request="true"))
    second = page(rui, campaign)
    skip = form(second)[0].replace("/judge/", "/skip/")
    seen.append(rui.post(skip, form(second)[1], headers={"hx-request": "true"}))
    seen.append(rui.post(skip, form(second)[1] | {"reason": "It upsets me"}))
    seen.append(choose(rui, first, "right"))
    seen.append(rui.post(form(first)[0], {"choice": "left", "nonce": "x"}))
    while isinstance(dealt := next_assignment(campaign=campaign, user=team.rui), Assignment):
        answer(dealt, team.rui)
    seen.append(rui.get(f"/reviews/{campaign.pk}/"))
    assert {response.status_code for response in seen} >= {200, 404, 409}
    for response in seen:
        for canary in CANARIES:
            assert canary not in everything(response), response.request["PATH_INFO"]


def test_an_owner_does_see_them(olga: Client, campaign: Campaign) -> None:
    html = everything(olga.get(f"/studies/{campaign.study_id}/"))
    assert "canary-heron" in html
    assert "canary-osprey" in html


@pytest.mark.heavy
def test_evaluating_elsewhere_opens_nothing_here(
    rui: Client, campaign: Campaign, team: Team
) -> None:
    elsewhere = Project.objects.create(slug="elsewhere", name="Elsewhere")
    Membership.objects.create(project=elsewhere, user=team.rui, role=Role.EVALUATOR)
    ids = {campaign.study_id, campaign.baseline_id, campaign.candidate_id}
    ids |= {run.pk for run in campaign.baseline.runs.all()}
    for address in addresses(sorted(ids)):
        for canary in CANARIES:
            assert canary not in everything(rui.get(address)), address
    assert page(rui, campaign)


def test_results_and_admin_are_forbidden_to_a_reviewer(rui: Client, campaign: Campaign) -> None:
    for view in ("studies", "runs", "test_sets", "versions"):
        assert rui.get(reverse(f"site:{view}")).status_code == 403
    for view in ("study", "study_panel", "study_progress"):
        assert rui.get(reverse(f"site:{view}", args=[campaign.study_id])).status_code == 403
    admin = rui.get(reverse("admin:reviews_campaign_changelist"))
    assert admin.status_code == 302
    assert admin["Location"].startswith(reverse("admin:login"))


def test_a_page_is_the_same_however_often_it_is_loaded(rui: Client, campaign: Campaign) -> None:
    loads = {scrubbed(page(rui, campaign)) for _ in range(20)}
    assert len(loads) == 1
    assert Assignment.objects.count() == 1


def test_exchanging_the_arms_changes_no_byte_but_the_tokens(rui: Client, team: Team) -> None:
    """The same texts on the same sides, with candidate and baseline exchanged."""
    one, two = ["Answer one."], ["Answer two."]
    there = a_campaign(team, items=1, answers=(one, two))
    back = a_campaign(a_team("Support desk", "other-desk"), items=1, answers=(two, one))
    pages = []
    for campaign in (there, back):
        dealt = deal(campaign, team.rui)
        with administrator() as sql:
            sql("UPDATE reviews_assignment SET candidate_on_left = %s", campaign == there)
        html = scrubbed(page(rui, campaign))
        html = re.sub(r'name="nonce" value="[^"]+"', "", html)
        html = re.sub(rf'(/reviews/|data-campaign="){campaign.pk}\b', r"\1campaign", html)
        pages.append(html.replace(str(dealt.token), "token"))
    assert pages[0] == pages[1]


def test_the_byte_shape_of_an_answer_does_not_show(rui: Client, team: Team) -> None:
    campaign = a_campaign(team, items=1, answers=(["\ufeffYes.\r\n\r\n"], ["No. \t"]))
    html = page(rui, campaign)
    texts = re.findall(r'<div class="text laid-out" dir="auto">(.*?)</div>', html, re.DOTALL)
    assert sorted(texts[1:]) == ["<p>No.</p>\n", "<p>Yes.</p>\n"]


def test_tokens_say_nothing_about_the_side(team: Team) -> None:
    campaign = a_campaign(team, items=60)
    for user in (team.rui, team.ruth):
        while isinstance(dealt := next_assignment(campaign=campaign, user=user), Assignment):
            answer(dealt, user)
    rows = list(Assignment.objects.values_list("token", "candidate_on_left"))
    assert all(token.version == 4 for token, _ in rows)
    # 128 bits, each agreeing with the side in binomial(120, ½) rows: mean 60, sd 5.5;
    # 7 sd is passed by chance about once in 3 billion tests
    for bit in range(128):
        ones = [(token.int >> bit & 1, on_left) for token, on_left in rows]
        if len({one for one, _ in ones}) == 2:
            assert abs(sum(one == on_left for one, on_left in ones) - 60) < 7 * 5.5


def test_order_and_sides_follow_neither_the_file_nor_the_length(team: Team, rui: Client) -> None:
    campaign = a_campaign(team, items=60)
    while isinstance(dealt := next_assignment(campaign=campaign, user=team.rui), Assignment):
        answer(dealt, team.rui)
    rows = list(
        Assignment.objects.order_by("turn").values_list("pair__item__position", "candidate_on_left")
    )
    rising = sum(a < b for (a, _), (b, _) in pairwise(rows))
    assert 15 < rising < 45  # of 59 neighbours; in the file's order it would be 59
    by_parity = Counter((position % 2, on_left) for position, on_left in rows)
    assert min(by_parity.values()) > 5


def test_no_latency_and_no_score_is_on_the_page(rui: Client, campaign: Campaign) -> None:
    Output.objects.update(latency_ms=98765, prompt_tokens=43210, completion_tokens=56789)
    html = page(rui, campaign)
    for number in ("98765", "98.765", "43210", "56789"):
        assert number not in html


@pytest.mark.parametrize("header", ["ETag", "Last-Modified"])
def test_no_header_identifies_the_content(rui: Client, campaign: Campaign, header: str) -> None:
    response = rui.get(f"/reviews/{campaign.pk}/")
    assert header not in response.headers
    assert "no-store" in response["Cache-Control"]
