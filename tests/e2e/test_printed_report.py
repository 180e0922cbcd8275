"""A decision's report in one file: opened from a disk, without a network, and printed whole."""

from pathlib import Path

import pytest
from playwright.sync_api import Page

from evalhub.features.exporters.report import export_report
from tests.cast import Team
from tests.e2e.width import overflows
from tests.features.exporters.desk import a_decision

pytestmark = [pytest.mark.browser, pytest.mark.heavy, pytest.mark.django_db(transaction=True)]


def test_it_asks_for_nothing_and_shows_on_paper_what_is_folded_on_the_screen(
    team: Team, page: Page, tmp_path: Path
) -> None:
    file = tmp_path / "report.html"
    file.write_text(export_report(decision=a_decision(team), by=None), encoding="utf-8")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    folded = page.locator("details:not([open]) > :not(summary)").first
    assert not folded.is_visible()
    page.emulate_media(media="print")
    assert folded.is_visible()
    hidden = page.locator("details > :not(summary)").evaluate_all(
        "all => all.filter(each => !each.checkVisibility({contentVisibilityAuto: true})).length"
    )
    assert hidden == 0
    paper = page.pdf(format="A4")
    assert paper.startswith(b"%PDF")
    assert paper.count(b"/Type /Page\n") > 1
    assert [each for each in asked if each.startswith("http")] == []
    assert not overflows(page)
