"""Comments, saved views and links to a decision in a browser: few clicks, no script needed."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from evalhub.features.comments.models import Comment
from evalhub.ledger.decide import decide_study
from tests.cast import Team
from tests.e2e.conftest import PHONE, Opens
from tests.site.cases import a_measured_study

pytestmark = [pytest.mark.browser, pytest.mark.heavy, pytest.mark.django_db(transaction=True)]


def test_a_comment_takes_two_clicks_and_is_read_by_a_colleague(
    team: Team, opens: Opens, axe: Callable[[Page], None]
) -> None:
    decision = decide_study(study=a_measured_study(team))[0]
    page = opens(team.eva, f"/decisions/{decision.pk}/criteria/2/", phone=True)
    page.get_by_text("Write a comment").click()
    page.get_by_label("Your comment").fill("Half of reading is lost: see <https://example.org/a>.")
    page.get_by_role("button", name="Comment", exact=True).click()
    expect(page.locator("#comments li")).to_contain_text("eva")
    comment = Comment.objects.get()
    assert page.url.endswith(f"#comment-{comment.pk}")
    axe(page)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page = opens(team.olga, f"/decisions/{decision.pk}/", dark=True)
    written = page.locator(f"#comment-{comment.pk}")
    expect(written).to_contain_text("Half of reading is lost")
    name = decision.document.criteria[1].name
    expect(written.get_by_role("link", name=name)).to_be_visible()
    axe(page)
    page.get_by_role("button", name="Remove the comment of eva").click()
    expect(page.get_by_text("The comment is removed.")).to_be_visible()


def test_a_filtered_list_is_saved_as_it_is_shown(
    team: Team, opens: Opens, axe: Callable[[Page], None]
) -> None:
    decide_study(study=a_measured_study(team))
    page = opens(team.eva, "/studies/")
    page.get_by_label("Verdict").select_option("hold")  # by htmx: the page isn't loaded again
    page.get_by_text("Save this view").click()
    page.get_by_label("Its name").fill("Held")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("link", name="Held", exact=True)).to_have_attribute(
        "aria-current", "true"
    )
    expect(page.get_by_label("Verdict")).to_have_value("hold")
    axe(page)
    page.get_by_role("link", name="All views").click()
    expect(page.get_by_text("verdict hold, sorted by created")).to_be_visible()
    axe(page)


def test_a_stranger_reads_a_shared_decision_without_script_on_a_phone(
    team: Team,
    opens: Opens,
    axe: Callable[[Page], None],
    new_context: Callable[..., BrowserContext],
) -> None:
    decision = decide_study(study=a_measured_study(team))[0]
    page = opens(team.olga, f"/decisions/{decision.pk}/")
    page.get_by_text("Make a link for somebody without an account").click()
    axe(page)
    page.get_by_role("button", name="Make the link").click()
    address = page.get_by_role("textbox", name="The link").input_value()
    axe(page)
    stranger = new_context(java_script_enabled=False, **PHONE).new_page()
    stranger.goto(address)
    expect(stranger.get_by_text(decision.record["headline"])).to_be_visible()
    assert stranger.locator("script").count() == 0
    reader = new_context(**PHONE).new_page()
    errors: list[str] = []
    reader.on("console", lambda message: errors.append(message.text))
    reader.goto(address)
    axe(reader)
    assert reader.evaluate("document.documentElement.scrollWidth") == 390
    assert errors == []
    page.goto(page.url.replace("share/", ""))
    page.get_by_role("button", name="Withdraw the link").click()
    reader.goto(address)
    expect(reader.get_by_role("heading", name="This link opens nothing")).to_be_visible()
    axe(reader)
