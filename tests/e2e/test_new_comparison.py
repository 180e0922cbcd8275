"""An evaluator who never opened a terminal builds a study with two files and two guards."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from evalhub.registry.models import Study
from runners.suites import SUITES
from tests.cast import Team
from tests.e2e.conftest import Opens
from tests.e2e.width import overflows
from tests.fakes.openai_server import OpenAIServer
from tests.features.study_builder.posting import BASE, TUNED, decided, in_folder, lines, sums
from tests.site.cases import a_measured_study

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

COUNTED = (
    "addEventListener('click', () => { sessionStorage.n = +(sessionStorage.n ?? 0) + 1 }, true)"
)
DROP = """async ([form, files]) => {
  const held = new DataTransfer();
  for (const [name, text] of files) held.items.add(new File([text], name));
  for (const kind of ["dragover", "drop"])
    form.dispatchEvent(new DragEvent(kind, {dataTransfer: held, bubbles: true, cancelable: true}));
}"""


GUARDS = ("facts", "dates")
GENERAL = lines(
    *(
        {"id": item["id"], "output": item["reference"]}
        for skill in GUARDS
        for item in SUITES[skill].generate(1, 100)
    )
)
"""Right answers to two shipped skills."""


@pytest.fixture
def folder(tmp_path: Path, settings: Any) -> Path:
    settings.HOME = tmp_path / "home"
    in_folder(tmp_path, sums=sums(), base=BASE + GENERAL, lora=TUNED + GENERAL)
    return tmp_path


def files_in(folder: Path) -> list[Path]:
    return [folder / f"{name}.jsonl" for name in ("sums", "base", "lora")]


def test_two_files_with_two_guards_take_at_most_eight_clicks_to_a_verdict(
    opens: Opens, team: Team, folder: Path
) -> None:
    page = opens(team.olga, "/studies/")
    page.add_init_script(COUNTED)
    page.reload()
    began = time.monotonic()
    page.get_by_role("link", name="New comparison").first.click()
    with page.expect_file_chooser() as chooser:
        page.locator("#files").click()
    chooser.value.set_files(files_in(folder))
    expect(page.locator("#builder .row")).to_have_count(3)
    for skill in GUARDS:
        page.get_by_role("checkbox", name=skill).click()
    expect(page.locator("#live")).to_contain_text("1 of sums, at")
    expect(page.locator("#live")).to_contain_text("Chance to ship")
    expect(page.locator(".covers").first).to_contain_text("240 of 240")
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("lora against base on sums")
    assert Study.objects.get().test_sets.count() == 3
    decided(Study.objects.get())  # as a worker does meanwhile
    expect(page.locator(".verdict-card .word")).to_be_visible(timeout=20_000)
    assert int(page.evaluate("sessionStorage.n")) <= 8
    assert time.monotonic() - began < 120


@pytest.mark.heavy
def test_files_are_dropped_anywhere_all_at_once(opens: Opens, team: Team, folder: Path) -> None:
    page = opens(team.olga, "/studies/new/")
    files = [["lora.jsonl", TUNED], ["sums.jsonl", sums()], ["base.jsonl", BASE]]
    page.evaluate(DROP, [page.locator("#builder").element_handle(), files])
    expect(page.locator("#builder .row")).to_have_count(3)
    page.get_by_text("Options and preview").click()
    page.get_by_label("Score only what this pattern finds").fill(r"is (\d+)")
    expect(page.locator("#file")).to_contain_text("extract: is")
    page.get_by_role("button", name="Show what the metric takes").click()
    expect(page.locator(".preview")).to_contain_text("Answer of")
    page.get_by_label("Metric of sums").select_option("token_f1")
    expect(page.get_by_label("Tolerance")).to_have_count(0)


@pytest.mark.heavy
def test_it_is_built_without_a_script(
    team: Team, new_context: Callable[..., BrowserContext], live_server: LiveServer, folder: Path
) -> None:
    client = Client()
    client.force_login(team.olga)
    context = new_context(java_script_enabled=False)
    session = client.cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    page = context.new_page()
    page.goto(f"{live_server.url}/studies/new/")
    page.locator("#files").set_input_files(files_in(folder))
    page.get_by_role("button", name="Add these files").click()
    for skill in GUARDS:
        page.get_by_role("checkbox", name=skill).check()
    page.get_by_role("button", name="Look again").click()
    expect(page.locator("#live")).to_contain_text("1 of sums, at")
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("lora against base on sums")
    assert Study.objects.count() == 1


@pytest.mark.heavy
def test_what_is_wrong_takes_the_focus_and_leads_to_its_input(
    opens: Opens, team: Team, folder: Path
) -> None:
    page = opens(team.olga, "/studies/new/")
    page.locator("#files").set_input_files(files_in(folder))
    expect(page.locator("#builder .row")).to_have_count(3)
    page.get_by_label("Gain needed on").first.fill("much")
    page.get_by_role("button", name="Start").click()
    expect(page.locator("#flaws")).to_be_focused()
    page.locator("#flaws a").first.click()
    expect(page.locator("[aria-invalid]")).to_have_value("much")


@pytest.mark.heavy
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_axe_finds_nothing_amiss_and_nothing_overflows(
    opens: Opens,
    team: Team,
    axe: Callable[[Page], None],
    folder: Path,
    dark: bool,
    phone: bool,
) -> None:
    page = opens(team.olga, "/studies/new/", dark=dark, phone=phone)
    axe(page)
    page.locator("#files").set_input_files(files_in(folder))
    expect(page.locator("#builder .row")).to_have_count(3)
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    axe(page)
    assert not overflows(page)


@pytest.mark.heavy
@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_a_study_s_file_is_sound(
    opens: Opens, team: Team, axe: Callable[[Page], None], phone: bool
) -> None:
    study = a_measured_study(team)
    page = opens(team.olga, f"/studies/{study.pk}/file/", phone=phone, dark=phone)
    axe(page)
    assert not overflows(page)


@pytest.mark.heavy
@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_a_prompt_is_written_and_one_item_tried(
    opens: Opens, team: Team, axe: Callable[[Page], None], folder: Path, settings: Any, phone: bool
) -> None:
    with OpenAIServer() as server:
        settings.ENDPOINTS = json.dumps({"desk": {"url": server.url, "private": True}})
        page = opens(team.olga, "/studies/new/", phone=phone, dark=phone)
        page.locator("#files").set_input_files(folder / "sums.jsonl")
        expect(page.locator("#builder .row")).to_have_count(1)
        page.get_by_role("button", name="Add an arm").click()
        page.get_by_text("Edit prompt").click()
        page.get_by_label("Model", exact=True).fill("tuned")
        page.get_by_label("System message").fill("Add.")
        page.get_by_role("button", name="Try one item").click()
        expect(page.locator(".tried-item")).to_contain_text("You said: 0 + 0?")
        expect(page.get_by_label("System message")).to_have_value("Add.")
        axe(page)
        assert not overflows(page)
