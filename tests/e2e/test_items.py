"""The item browser in Chromium: a worst loss shared, by clicks and by keys, on a phone, by axe."""

from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from evalhub.ledger.decide import decide_study
from evalhub.registry.models import Run, Study
from tests.cast import Team, a_test_set
from tests.e2e.conftest import WAYS, Opens
from tests.e2e.width import overflows
from tests.site.cases import a_measured_study

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def a_decided_study(team: Team) -> Study:
    study = a_measured_study(team)
    decide_study(study=study)
    return study


def list_of(study: Study, query: str = "") -> str:
    return reverse("site:study_items", args=[study.pk]) + query


def item_of(study: Study, query: str = "") -> str:
    return reverse("site:study_item", args=[study.pk, "triage-reading", "q0003"]) + query


def test_a_worst_loss_is_found_and_shared_in_two_clicks(opens: Opens, team: Team) -> None:
    study = a_decided_study(team)
    page = opens(team.olga, reverse("site:study", args=[study.pk]))
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator("#answers").get_by_role("link", name="q0000").click()
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("button", name="Copied ✓")).to_be_visible()
    shared = page.evaluate("navigator.clipboard.readText()")
    page.goto(shared)
    expect(page.get_by_role("heading", level=1)).to_have_text("q0000")
    expect(page.get_by_text("1 of 40")).to_be_visible()


def test_ids_that_a_browser_would_resolve_have_pages_of_their_own(opens: Opens, team: Team) -> None:
    ids = ["..", ".", "a/../b", "a\\..\\b", "100% of #1?", "%2e%2e"]
    version = a_test_set(team, items=[{"key": each} for each in ids])
    page = opens(team.olga, reverse("site:test_set_items", args=[version.test_set_id]))
    heading = page.get_by_role("heading", level=1)
    for key in ids:
        page.get_by_role("link", name=key, exact=True).click()
        expect(heading).to_have_text(key)
        page.reload()
        expect(heading).to_have_text(key)
        page.go_back()
        expect(page.locator("[data-item]")).to_have_count(len(ids))


@pytest.mark.heavy
def test_the_keyboard_walks_through_what_was_found(opens: Opens, team: Team) -> None:
    page = opens(team.olga, list_of(a_decided_study(team), "?outcome=lost"))
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.keyboard.press("/")
    expect(page.locator("#items-text")).to_be_focused()
    page.keyboard.type("question 1")  # an item's own keys are letters here
    expect(page.get_by_role("region", name="11 items of 40")).to_be_visible()
    assert "text=question%201&" in page.url
    page.get_by_role("heading", level=1).click()
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.get_by_role("link", name="q0010")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("2 of 11")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_text("3 of 11")).to_be_visible()
    page.keyboard.press("k")
    expect(page.get_by_role("heading", level=1)).to_have_text("q0010")
    page.keyboard.press("c")
    expect(page.get_by_role("button", name="Copied ✓")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == page.url
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("u")
    expect(page.locator("#items-text")).to_have_value("question 1")
    page.get_by_label("Order").select_option("best")
    expect(page.locator("[data-item]").first).to_have_text("q0019")


@pytest.mark.heavy
def test_on_a_phone_one_answer_may_be_hidden(opens: Opens, team: Team) -> None:
    page = opens(team.olga, item_of(a_decided_study(team)), phone=True)
    base = page.get_by_role("region", name="triage-base", exact=True)
    lora = page.get_by_role("region", name="triage-lora", exact=True)
    expect(base).to_be_visible()
    page.get_by_role("radio", name="triage-lora").check()
    expect(base).to_be_hidden()
    expect(lora).to_be_visible()
    page.get_by_role("radio", name="triage-base").check()
    expect(lora).to_be_hidden()


@pytest.mark.heavy
def test_what_only_one_answer_has_is_marked_in_no_colour_of_right_or_wrong(
    opens: Opens, team: Team
) -> None:
    study = a_decided_study(team)
    for dark in (False, True):
        page = opens(team.olga, item_of(study, "?view=diff"), dark=dark)
        marks = page.locator(".answer mark")
        expect(marks).to_have_count(2)
        looks = marks.evaluate_all(
            "all => all.map(each => { const s = getComputedStyle(each);"
            " return [s.color, s.backgroundColor, s.textDecorationColor].join() })"
        )
        assert len(set(looks)) == 1, "the right answer's and the wrong one's are marked alike"
        tones = page.evaluate(
            "['pass', 'fail'].map(name => getComputedStyle("
            "document.querySelector(`span.${name}`)).color)"
        )
        assert not any(tone in looks[0] for tone in tones)


@pytest.mark.heavy
def test_axe_finds_nothing_amiss_and_nothing_scrolls_sideways(
    opens: Opens, team: Team, axe: Callable[[Page], None]
) -> None:
    study = a_decided_study(team)
    run = Run.objects.filter(studies__arm__study=study).latest("pk")
    pages = [
        list_of(study),
        list_of(study, "?text=nothing+like+it&outcome=splendid"),
        item_of(study, "?outcome=lost"),
        item_of(study, "?view=diff"),
        list_of(study, "?view=raw&columns=arm:triage-prompted&columns=time"),
        reverse("site:run_items", args=[run.pk]),
        reverse("site:run_item", args=[run.pk, "q0003"]),
        reverse("site:test_set_items", args=[run.test_set_version.test_set_id]),
        reverse("site:test_set_item", args=[run.test_set_version.test_set_id, "q0003"]),
        reverse("site:add_to_test_set", query={"item": run.test_set_version.items.first().pk}),
    ]
    for way in WAYS:
        page = opens(team.olga, list_of(study), **way)
        root = page.url.partition("/studies")[0]
        for each in pages:
            page.goto(root + each)
            axe(page)
            assert not overflows(page), (each, way)
        page.goto(root + list_of(study))
        page.get_by_role("button", name="Keys").click()
        axe(page)
