"""The study page in Chromium: by keyboard, on a phone, in the dark, and by axe's rules."""

from collections.abc import Callable
from urllib.parse import urljoin

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from evalhub.ledger.decide import decide_study
from evalhub.registry.models import Run, Study
from evalhub.registry.models.runs import RunState
from tests.cast import Team
from tests.e2e.conftest import WAYS, Opens
from tests.e2e.width import overflows
from tests.site.cases import a_measured_study

pytestmark = [pytest.mark.browser, pytest.mark.heavy, pytest.mark.django_db(transaction=True)]

LISTS = ["studies", "runs", "test_sets", "versions", "methods"]


def a_decided_study(team: Team) -> Study:
    study = a_measured_study(team)
    decide_study(study=study)
    return study


def address(study: Study) -> str:
    return reverse("site:study", args=[study.pk])


def criteria(study: Study) -> list[str]:
    """The pages of what the candidate in question is judged by."""
    decision = study.decisions.get(arm="triage-lora")
    numbers = range(1, len(decision.record["criteria"]) + 1)
    return [reverse("site:criterion", args=[decision.pk, number]) for number in numbers]


def test_axe_finds_nothing_amiss_on_a_decided_study_and_a_criterion(
    opens: Opens, team: Team, axe: Callable[[Page], None]
) -> None:
    study = a_decided_study(team)
    for way in WAYS:
        page = opens(team.olga, address(study), **way)
        axe(page)
        page.goto(urljoin(page.url, criteria(study)[1]))
        axe(page)


def test_axe_finds_nothing_amiss_on_the_other_pages(
    opens: Opens, team: Team, axe: Callable[[Page], None]
) -> None:
    study = a_decided_study(team)
    run = Run.objects.filter(studies__arm__study=study).latest("pk")
    pages = [
        *(reverse(f"site:{name}") for name in LISTS),
        reverse("site:run", args=[run.pk]),
        reverse("site:version", args=[run.version_id]),
        reverse("site:test_set", args=[run.test_set_version.test_set_id]),
        reverse("site:record", args=[study.decisions.get(arm="triage-lora").pk]),
    ]
    page = opens(team.olga)
    root = page.url.partition("/studies")[0]
    for each in pages:
        page.goto(root + each)
        axe(page)
    page.goto(root + reverse("accounts:account"))
    page.get_by_role("button", name="Sign out everywhere else").click()
    page.get_by_role("status").get_by_text("signed out everywhere else").wait_for()
    axe(page)


def test_no_page_scrolls_sideways_on_a_narrow_phone(opens: Opens, team: Team) -> None:
    study = a_decided_study(team)
    run = Run.objects.filter(studies__arm__study=study).latest("pk")
    page = opens(team.olga, address(study), phone=True)
    page.set_viewport_size({"width": 375, "height": 812})
    root = page.url.partition("/studies")[0]
    assert not overflows(page)
    for each in [
        *(reverse(f"site:{name}") for name in LISTS),
        *criteria(study),
        reverse("site:test_set", args=[run.test_set_version.test_set_id]),
        reverse("site:run", args=[run.pk]),
        reverse("site:version", args=[run.version_id]),
        reverse("site:record", args=[study.decisions.get(arm="triage-lora").pk]),
    ]:
        page.goto(root + each)
        assert not overflows(page), each


def test_the_keyboard_skips_to_the_content(opens: Opens, team: Team) -> None:
    page = opens(team.olga, address(a_decided_study(team)))
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()


def test_a_reason_leads_to_the_items_that_made_it_in_one_click(opens: Opens, team: Team) -> None:
    page = opens(team.olga, address(a_decided_study(team)))
    page.locator(".reasons").get_by_role("link", name="triage-reading −0.50").press("Enter")
    assert "test_set=triage-reading&outcome=lost" in page.url
    panel = page.locator("#panel")
    expect(panel.get_by_role("link", name="q0000")).to_be_visible()
    expect(panel.get_by_text("lost", exact=False).first).to_be_visible()


def test_the_keyboard_opens_a_tab_without_leaving_the_page(opens: Opens, team: Team) -> None:
    page = opens(team.olga, address(a_decided_study(team)))
    page.evaluate("window.stayed = true")
    for tab, shows in (
        ("Slices", "4 slices were looked at."),
        ("Evidence", "What the verdict rests on"),
        ("Runs", "Cost beside quality"),
        ("History", "Decisions on triage-lora"),
    ):
        link = page.locator(f"#tab-{tab.lower()}")
        link.press("Enter")
        expect(page.locator("#panel").get_by_text(shows).first).to_be_visible()
        expect(link).to_be_focused()
        assert page.url.endswith(f"tab={tab.lower()}")
    assert page.evaluate("window.stayed")
    page.reload()
    expect(page.get_by_role("heading", name="Decisions on triage-lora")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="Cost beside quality")).to_be_visible()


def test_the_keyboard_goes_through_the_answers_without_leaving_the_page(
    opens: Opens, team: Team
) -> None:
    page = opens(team.olga, address(a_decided_study(team)))
    page.evaluate("window.stayed = true")
    answers = page.locator("#answers")
    answers.get_by_role("link", name="Next").press("Enter")
    expect(answers.get_by_text("Page 2 of 5")).to_be_visible()
    answers.get_by_label("Test set").select_option("triage-task")
    expect(answers.get_by_role("link", name="Won 20")).to_be_visible()
    answers.get_by_role("link", name="Won 20").press("Enter")
    expect(answers.get_by_role("link", name="Won 20")).to_have_attribute("aria-current", "true")
    assert page.evaluate("window.stayed")
    page.reload()
    expect(answers.get_by_role("link", name="Won 20")).to_have_attribute("aria-current", "true")


def test_axe_finds_nothing_amiss_in_any_tab(
    opens: Opens, team: Team, axe: Callable[[Page], None]
) -> None:
    study = a_decided_study(team)
    for phone in (False, True):
        page = opens(team.olga, address(study), phone=phone)
        for tab in ("slices", "people", "evidence", "runs", "history"):
            page.goto(page.url.partition("?")[0] + f"?tab={tab}")
            axe(page)
            assert not overflows(page), (tab, phone)


def test_the_keyboard_opens_a_criterion_and_goes_back_to_its_losses(
    opens: Opens, team: Team
) -> None:
    page = opens(team.olga, address(a_decided_study(team)))
    page.locator("#matrix").get_by_role("link", name="triage-reading").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("triage-reading")
    expect(page.get_by_role("img", name="must stay above −0.020: fails")).to_be_visible()
    expect(page.get_by_text("It is decided: nothing more is needed.")).to_be_visible()
    page.get_by_role("link", name="20", exact=True).press("Enter")
    expect(page.locator("#panel").get_by_role("link", name="Lost 20")).to_have_attribute(
        "aria-current", "true"
    )


def test_the_keyboard_overrides_a_decision(opens: Opens, team: Team) -> None:
    page = opens(team.olga, address(a_decided_study(team)))
    page.get_by_role("link", name="Sign off or override").press("Enter")
    page.get_by_label("Verdict from now on").select_option("ship")
    page.get_by_label("Why").fill("Nobody reads with it.")
    page.get_by_role("button", name="Sign", exact=True).press("Enter")
    expect(page.get_by_text("olga has overridden this verdict")).to_be_visible()


def test_the_page_follows_its_runs_and_turns_to_the_question_of_deciding(
    opens: Opens, team: Team
) -> None:
    study = a_measured_study(team)
    run = Run.objects.filter(studies__arm__study=study).latest("pk")
    Run.objects.filter(pk=run.pk).update(state=RunState.RUNNING)
    run.shards.update(done=5)
    page = opens(team.olga, address(study))
    expect(page.get_by_text("5 of 40")).to_be_visible()
    run.shards.update(done=25)
    expect(page.get_by_text("25 of 40")).to_be_visible()
    Run.objects.filter(pk=run.pk).update(state=RunState.DONE)
    page.get_by_role("button", name="Decide now").click()
    expect(page.locator(".verdict-card .word")).to_contain_text("Hold")
