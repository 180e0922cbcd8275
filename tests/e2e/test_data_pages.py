"""The pages of training data, as a browser has them."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from evalhub.ledger.data_signoff import sign_report
from evalhub.registry.models import StoredDataReport
from tests.cast import Team, a_version
from tests.e2e.conftest import Opens
from tests.e2e.width import overflows
from tests.features.data.files import a_training_file
from tests.features.data.reports import FILE, a_kept_report

pytestmark = [pytest.mark.browser, pytest.mark.heavy, pytest.mark.django_db(transaction=True)]
LIST, CHECK = "/data/", "/data/check/"
SCREEN = 844


@pytest.mark.parametrize(("dark", "phone"), [(False, False), (True, False), (True, True)])
def test_axe_finds_nothing_and_a_hundred_findings_leave_the_page_short(
    opens: Opens, axe: Callable[[Page], None], team: Team, dark: bool, phone: bool
) -> None:
    report = a_kept_report(team, ("serious", *["important"] * 60, *["minor"] * 39))
    sign_report(report=report, by=team.olga, verdict="rejected", reason="A key stands in it.")
    version = a_version(team, "tuned", kind="lora", training={"dataset_sha256": FILE})
    page = opens(team.olga, LIST, dark=dark, phone=phone)
    site = page.url.removesuffix(LIST)
    for path in (LIST, CHECK, f"/data/{report.pk}/", f"/versions/{version.pk}/"):
        page.goto(f"{site}{path}")
        axe(page)
        assert not overflows(page), path
        if path.startswith("/data/"):
            height = page.evaluate("document.documentElement.scrollHeight")
            assert height <= 3 * SCREEN, f"{path} is {height} px high"


def test_a_report_is_read_and_signed_by_keyboard(opens: Opens, team: Team) -> None:
    report = a_kept_report(team, ("important", "minor"))
    page = opens(team.eva, f"/data/{report.pk}/")
    second = page.locator("details.finding").nth(1)
    expect(second).not_to_have_attribute("open", "")
    second.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(second).to_have_attribute("open", "")
    page.get_by_label("Why").focus()
    page.keyboard.type("Read every finding.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Accepted. Your reason is stored with it.")).to_be_visible()
    expect(page.locator("#sign-off")).to_contain_text("Read every finding.")


def test_a_file_is_checked_on_the_page(opens: Opens, team: Team, tmp_path: Path) -> None:
    page = opens(team.eva, CHECK)
    page.get_by_label("Training file").set_input_files(a_training_file(tmp_path, empty=1))
    page.get_by_label("What is to be learnt").select_option("style")
    page.get_by_role("button", name="Check it").click()
    expect(page.get_by_role("heading", name="train.jsonl")).to_be_visible()
    assert StoredDataReport.objects.get().serious == 1
