"""From a finished study to the first judgment: an owner and an invited person in Chromium."""

import re
import time
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from evalhub.declare.review import Design
from evalhub.registry.models import Study
from evalhub.studies.run.reviewing import arms_to_review
from reviews.models import Campaign
from reviews.planning.plan_preview import _ONE
from tests.cast import Team
from tests.e2e.conftest import Opens
from tests.e2e.test_results_pages import keep
from tests.e2e.width import overflows
from tests.reviews.asking import a_review
from tests.reviews.joining.test_invite import practised
from tests.reviews.planning.test_planning import a_certain_campaign
from tests.site.cases import a_measured_study

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LIST = "/campaigns/"


def a_running_campaign(team: Team) -> Campaign:
    study = a_measured_study(team)
    first, second = (arm.run for arm in arms_to_review(study, "triage-task")[:2])
    return a_review(
        study=study,
        baseline_run=first,
        candidate_run=second,
        items=10,
        reviewers_per_item=2,
        seed=1,
    )


def plan_of(study: Study) -> str:
    return f"{reverse('site:new_campaign')}?study={study.pk}"


def test_a_review_is_open_and_somebody_judges_within_two_minutes(
    opens: Opens,
    team: Team,
    new_context: Callable[..., BrowserContext],
    live_server: LiveServer,
) -> None:
    """Planned, sealed and invited in four clicks, with one field to fill in."""
    a_measured_study(team)
    began = time.monotonic()
    owner = opens(team.olga, LIST)
    clicks: list[None] = []
    owner.expose_function("clicked", lambda: clicks.append(None))
    owner.add_init_script("addEventListener('click', clicked, true)")
    owner.reload()
    owner.get_by_role("button", name="Plan a review").click()  # 1
    expect(owner.locator("#preview")).to_contain_text("hours")
    owner.get_by_role("button", name="Seal the plan and open").click()  # 2
    expect(owner.locator(".messages")).to_contain_text("The plan is sealed")
    owner.get_by_label("Mail addresses").fill("nora@example.org")  # 3
    owner.get_by_role("button", name="Invite", exact=True).click()  # 4
    expect(owner.locator("#invited")).to_be_in_viewport()
    expect(owner.locator("#invited")).to_have_text(re.compile("nora@example.org is invited."))
    link = owner.get_by_label("Link for nora@example.org").input_value()
    assert len(clicks) <= 4
    assert link.startswith(live_server.url)

    invited = new_context().new_page()
    invited.goto(link)
    expect(invited.get_by_role("heading", level=1)).to_contain_text("asked to review")
    invited.get_by_role("button", name="Join the review").click()
    invited.get_by_role("link", name="Begin").click()
    expect(invited.locator(".pane")).to_have_count(2)
    invited.keyboard.press("1")
    expect(invited.locator("#state")).to_have_text("1 saved ✓")
    assert time.monotonic() - began < 120

    owner.reload()
    expect(owner.locator("#running")).to_contain_text("1 of")
    expect(owner.get_by_role("row", name=re.compile("nora"))).to_contain_text("reviewing")


@pytest.mark.heavy
def test_the_price_follows_the_form_as_it_is_filled_in(opens: Opens, team: Team) -> None:
    page = opens(team.olga, plan_of(a_measured_study(team)))
    before = page.locator("#preview .big").inner_text()
    page.get_by_label("Reviewers an item").fill("4")
    expect(page.locator("#preview .big")).not_to_have_text(before)
    page.get_by_label("Cost of an hour").fill("40")
    expect(page.locator("#preview")).to_contain_text("at your rate")
    page.get_by_label("Question", exact=True).fill("Is triage-lora better?")
    expect(page.locator("#preview")).to_contain_text("names an arm")


@pytest.mark.heavy
def test_a_review_is_planned_without_a_script(
    team: Team, new_context: Callable[..., BrowserContext], live_server: LiveServer
) -> None:
    study = a_measured_study(team)
    client = Client()
    client.force_login(team.olga)
    context = new_context(java_script_enabled=False)
    session = client.cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    page = context.new_page()
    page.goto(live_server.url + plan_of(study))
    page.get_by_label("Items", exact=True).fill("4")
    page.get_by_role("button", name="Work it out").click()
    expect(page.locator("#preview")).to_contain_text("4 items, 2 reviewers each")
    page.get_by_role("button", name="Seal the plan and open").click()
    expect(page.get_by_role("heading", name="How far it is")).to_be_visible()
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Resume")).to_be_visible()


def test_a_review_is_planned_by_keyboard_alone(opens: Opens, team: Team) -> None:
    page = opens(team.olga, plan_of(a_measured_study(team)))
    page.get_by_label("Items", exact=True).focus()
    page.keyboard.type("0")
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "Seal the plan and open":
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="How far it is")).to_be_visible()


@pytest.mark.parametrize(
    "dark", [pytest.param(False, marks=pytest.mark.heavy), True], ids=["light", "dark"]
)
@pytest.mark.parametrize(
    "phone", [pytest.param(False, marks=pytest.mark.heavy), True], ids=["desk", "phone"]
)
def test_axe_finds_nothing_amiss_and_nothing_overflows(
    opens: Opens, team: Team, axe: Callable[[Page], None], dark: bool, phone: bool
) -> None:
    campaign = a_running_campaign(team)
    assert campaign.study is not None
    team.signed_in(team.rui).get(reverse("reviews:campaign", args=[campaign.pk]))
    for path in (
        LIST,
        plan_of(campaign.study),
        "/campaigns/upload/",
        reverse("site:campaign", args=[campaign.pk]),
    ):
        page = opens(team.olga, path, dark=dark, phone=phone)
        page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
        axe(page)
        assert not overflows(page), path


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_amiss_on_the_way_in(
    opens: Opens,
    team: Team,
    new_context: Callable[..., BrowserContext],
    live_server: LiveServer,
    axe: Callable[[Page], None],
    dark: bool,
) -> None:
    campaign = a_running_campaign(team)
    client = team.signed_in(team.olga)
    path = reverse("site:invite_people", args=[campaign.pk])
    shown = client.post(path, {"emails": "nora@example.org"}, follow=True).text
    found = re.search(r"/reviews/join/[^\"]+", shown)
    assert found
    context = new_context(
        color_scheme="dark" if dark else "light", viewport={"width": 390, "height": 844}
    )
    page = context.new_page()
    page.goto(live_server.url + found[0])
    axe(page)
    assert not overflows(page)
    page.goto(live_server.url + "/reviews/join/nonsense/")
    axe(page)


def test_axe_finds_nothing_amiss_on_how_practice_went(
    opens: Opens, team: Team, axe: Callable[[Page], None]
) -> None:
    campaign = a_certain_campaign(team, Design(practice=3))
    practised(campaign, team.rui, right=False)
    page = opens(team.rui, reverse("reviews:campaign", args=[campaign.pk]), phone=True)
    page.get_by_role("link", name="How it went").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Not this time")
    axe(page)
    assert not overflows(page)


@pytest.mark.heavy
def test_a_plan_that_waits_for_another_one_comes_by_itself(
    opens: Opens, team: Team, axe: Callable[[Page], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reviews.planning.answers.MANY", 1)
    study = a_measured_study(team)
    with _ONE:
        page = opens(team.olga, plan_of(study), phone=True)
        preview = page.locator("#preview")
        expect(preview).to_contain_text("Another plan is being worked out.")
        axe(page)
        keep(page, "busy-preview-phone")
    expect(preview).to_contain_text("hours", timeout=30_000)
    page.get_by_label("People").first.fill("4")
    expect(preview).to_contain_text("By 4 people", timeout=30_000)
