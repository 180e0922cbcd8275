"""The pages of production, as a browser has them."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from evalhub.features.traffic.keeping import change_settings
from tests.cast import Team, a_version
from tests.e2e.conftest import Opens
from tests.e2e.width import overflows
from tests.features.traffic.rows_of import a_request, a_signal, noon, taken
from tests.features.traffic.shadow.production import served

pytestmark = [pytest.mark.browser, pytest.mark.heavy, pytest.mark.django_db(transaction=True)]

PAGES = (
    "", "slices/", "requests/", "signals/", "samples/", "not-taken/", "keeping/", "sending/",
)  # fmt: skip
PATH = "/projects/support-desk/production/"


def some_days(team: Team) -> None:
    """Requests of nine days with texts, long names, signals, and a row that isn't taken."""
    change_settings(project=team.project, by=team.olga, text_share=1.0)
    messages = ({"role": "user", "content": "Where is my parcel? I am olga@example.org."},)
    rows = [
        a_request(
            f"r{n}",
            time=noon(n % 9 + 1),
            model=f"support-of-the-whole-shop/{'a-long-name' * 12}/{'x' * 40}" if n % 2 else "eu",
            route=f"account/settings/of/the/{n % 3}",
            latency_ms=400 + 40 * n,
            cost_usd=0.003,
            prompt_tokens=100 * n,
            error_type="RateLimitError" if n % 11 == 0 else "",
            messages=messages,
            conversation="c",
            output="أين طردي؟" if n % 3 else "x" * 300,
        )
        for n in range(60)
    ]
    signals = [a_signal(f"s{n}", request=f"r{n}", label="up", value=1.0) for n in range(20)]
    taken(team.project, [*rows, a_request("ahead", time=noon(-3))], signals)


@pytest.mark.parametrize(("dark", "phone"), [(False, False), (True, False), (False, True)])
def test_axe_finds_nothing_and_all_fits(
    opens: Opens, axe: Callable[[Page], None], team: Team, dark: bool, phone: bool
) -> None:
    some_days(team)
    page = opens(team.olga, PATH, dark=dark, phone=phone)
    site = page.url.removesuffix(PATH)
    for name in PAGES:
        page.goto(f"{site}{PATH}{name}")
        axe(page)
        assert not overflows(page), name
    page.goto(f"{site}{PATH}requests/")
    page.get_by_role("table").get_by_role("link").first.click()
    expect(page.get_by_text("[mail-1]").first).to_be_visible()
    axe(page)
    assert not overflows(page)


@pytest.mark.parametrize(("dark", "phone"), [(False, False), (True, False), (False, True)])
def test_a_sample_is_previewed_and_frozen_by_keyboard(
    opens: Opens, axe: Callable[[Page], None], team: Team, dark: bool, phone: bool
) -> None:
    served(team, [f"Where is parcel {n}?" for n in range(30)], users=3, language=["de", "en"])
    page = opens(team.eva, f"{PATH}samples/", dark=dark, phone=phone)
    page.get_by_label("Requests to draw").fill("10")
    page.get_by_label("by language").check()
    page.get_by_role("button", name="Preview").press("Enter")
    expect(page.get_by_role("rowheader", name="language:de")).to_be_visible()
    axe(page)
    assert not overflows(page)
    page.get_by_role("button", name="Freeze it as the next version of traffic").press("Enter")
    expect(page.get_by_text("traffic v1 is frozen.")).to_be_visible()
    expect(page.get_by_label("Command 1")).to_contain_text("--test-set traffic@1")
    axe(page)
    assert not overflows(page)
    page.get_by_role("link", name="10 items").press("Enter")
    expect(page.get_by_text("Where is parcel").first).to_be_visible()


def test_a_served_name_gets_its_version_by_keyboard(opens: Opens, team: Team) -> None:
    some_days(team)
    a_version(team, "lora")
    page = opens(team.eva, PATH)
    page.get_by_label("Served name").select_option("eu")
    page.get_by_label("Is this version").select_option("lora v1")
    page.get_by_label("For requests from (UTC)").fill("2026-01-01T00:00")
    page.get_by_role("button", name="Say so").press("Enter")
    expect(page.get_by_text("eu is lora v1 from 1 Jan 2026 on.")).to_be_visible()
    expect(page.get_by_role("rowheader", name="lora v1")).to_be_visible()


def test_a_filter_narrows_the_figures_and_stands_in_the_address(opens: Opens, team: Team) -> None:
    some_days(team)
    page = opens(team.eva, PATH)
    page.get_by_label("Served as").focus()
    page.get_by_label("Served as").select_option("eu")
    expect(page.locator("#live dd").first).to_have_text("30")
    assert "model=eu" in page.url
    expect(page.get_by_label("Served as")).to_be_focused()
    page.get_by_role("link", name="Slices").press("Enter")
    page.get_by_role("link", name="Route").press("Enter")
    expect(page.get_by_role("rowheader")).to_have_count(3)
    assert "model=eu" in page.url


def test_figures_are_read_again_but_not_in_a_hidden_tab_or_in_use(opens: Opens, team: Team) -> None:
    some_days(team)
    page = opens(team.eva, PATH)
    page.clock.install()
    page.reload()
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if PATH in request.url else None)
    requests, numbers = page.locator("#live dd").first, page.get_by_text("The numbers").first
    expect(requests).to_have_text("60")
    taken(team.project, [a_request("one-more")])
    numbers.click()
    page.clock.run_for(11_000)
    assert sent == []
    numbers.click()
    page.get_by_label("Served as").focus()
    page.clock.run_for(11_000)
    expect(requests).to_have_text("61")
    expect(page.get_by_label("Served as")).to_be_focused()
    sent.clear()
    page.evaluate("Object.defineProperty(document, 'hidden', {value: true})")
    page.clock.run_for(11_000)
    assert sent == []
