"""What needs somebody, and finding it again: home, lists and the search in a real browser."""

import re
from collections.abc import Callable
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Page, expect

from evalhub.ledger.decide import decide_study
from evalhub.registry.models import Run, Study
from tests.cast import Team, a_team, a_version
from tests.e2e.conftest import WAYS, Opens
from tests.e2e.width import overflows
from tests.site.cases import a_measured_study, many_like

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PAGES = [
    "/",
    "/studies/",
    "/studies/?q=no+such+thing",
    "/runs/?state=failed",
    "/versions/",
    "/test-sets/",
    "/campaigns/",
    "/campaigns/choose/",
    "/search/",
    "/search/?q=triage",
    "/overview/",
]


@pytest.fixture
def desk(team: Team) -> Team:
    """Thirty studies, a run that failed, a version that answered nothing, and another project."""
    study = a_measured_study(team, items=8)
    decide_study(study=study)
    many_like(study, 29)
    run = Run.objects.latest("pk")
    Run.objects.filter(pk=run.pk).update(state="failed", error="the server was away")
    a_version(team, "newest")
    a_team("Others", "others")
    return team


def test_a_list_is_narrowed_as_one_types_and_the_way_back_is_kept(opens: Opens, desk: Team) -> None:
    page = opens(desk.olga, "/studies/")
    rows = page.locator("#listed tbody tr")
    expect(rows).to_have_count(25)
    page.get_by_label("Name of a study or of an arm").press_sequentially("like 0012")
    expect(rows).to_have_count(1)
    expect(page).to_have_url(re.compile(r"q=like(\+|%20)0012"))
    expect(page.get_by_label("Name of a study or of an arm")).to_be_focused()
    page.get_by_role("link", name="Like 0012").click()
    expect(page.get_by_role("navigation", name="Breadcrumbs")).to_contain_text("Studies")
    page.go_back()
    expect(rows).to_have_count(1)
    expect(page.get_by_label("Name of a study or of an arm")).to_have_value("like 0012")
    page.get_by_role("link", name="Show all").click()
    page.get_by_role("link", name="Study", exact=True).click()
    expect(rows.first).to_contain_text("Like 0001")
    expect(page.locator("#list-sort")).to_have_value("name")
    expect(page.locator("th[aria-sort=ascending]")).to_have_text(re.compile("Study"))
    page.get_by_role("link", name="Next").click()
    expect(rows).to_have_count(5)
    expect(page).to_have_url(re.compile(r"sort=name.*page=2|page=2.*sort=name"))


def test_the_slash_leads_to_the_search_and_nowhere_while_one_writes(
    opens: Opens, desk: Team
) -> None:
    page = opens(desk.olga, "/")
    field = page.get_by_label("Search everything")
    page.keyboard.press("/")
    expect(field).to_be_focused()
    page.keyboard.type("and/or")
    expect(field).to_have_value("and/or")
    field.fill("triage-lora")
    field.press("Enter")
    expect(page.get_by_role("link", name="triage-lora v1")).to_be_visible()


def test_axe_finds_nothing_and_nothing_overflows(
    opens: Opens, desk: Team, axe: Callable[[Page], None]
) -> None:
    for way in WAYS:
        page = opens(desk.olga, PAGES[0], **way)
        for path in PAGES if way["dark"] or way["phone"] else PAGES[:2]:
            page.goto(urljoin(page.url, path))
            axe(page)
            assert not overflows(page), (path, way)
    assert Study.objects.count() == 30


@pytest.mark.heavy
def test_without_a_script_a_list_is_narrowed_by_its_button(
    new_context: Callable[..., object], opens: Opens, desk: Team
) -> None:
    state = opens(desk.olga, "/studies/").context.storage_state()
    context: object = new_context(java_script_enabled=False, storage_state=state)
    page: Page = context.new_page()  # type: ignore[attr-defined]
    page.goto(opens(desk.olga, "/studies/").url)
    page.get_by_label("Verdict").select_option("need-more-data")
    page.get_by_label("Name of a study or of an arm").fill("like 0003")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#listed tbody tr")).to_have_count(1)
    expect(page).to_have_url(re.compile("verdict=need-more-data"))
