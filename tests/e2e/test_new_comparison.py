"""An evaluator who never opened a terminal reaches a verdict by two files and a test set."""

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
from tests.cast import Team
from tests.e2e.conftest import Opens
from tests.e2e.width import overflows
from tests.fakes.openai_server import OpenAIServer
from tests.site.cases import a_measured_study
from tests.site.comparing.handing_in import BASE, TUNED, decided, in_folder, sums

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


@pytest.fixture
def folder(tmp_path: Path, settings: Any) -> Path:
    settings.HOME = tmp_path / "home"
    in_folder(tmp_path, sums=sums(), base=BASE, lora=TUNED)
    return tmp_path


def choose(page: Page, label: str, path: Path) -> None:
    """By a click on the plain input, and the file in the system's own dialogue."""
    with page.expect_file_chooser() as asked:
        page.get_by_label(label, exact=True).click()
    asked.value.set_files(path)
    expect(page.locator(".slot.filled", has_text=path.name)).to_be_visible()


def test_a_verdict_takes_at_most_six_clicks_and_two_minutes(
    opens: Opens, team: Team, folder: Path
) -> None:
    page = opens(team.olga, "/studies/")
    page.add_init_script(COUNTED)
    page.reload()
    began = time.monotonic()
    page.get_by_role("link", name="New comparison").first.click()
    choose(page, "Test set", folder / "sums.jsonl")
    choose(page, "The baseline’s answers", folder / "base.jsonl")
    choose(page, "The candidate’s answers", folder / "lora.jsonl")
    expect(page.locator("#live")).to_contain_text("look 1, at level")
    expect(page.locator("#live")).to_contain_text("It is 2.")
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("lora against base on sums")
    decided(Study.objects.get())  # as a worker does meanwhile
    expect(page.locator(".verdict .word")).to_contain_text("Ship", timeout=20_000)
    assert int(page.evaluate("sessionStorage.n")) <= 6
    assert time.monotonic() - began < 120


@pytest.mark.heavy
def test_files_are_dropped_all_at_once(opens: Opens, team: Team, folder: Path) -> None:
    page = opens(team.olga, "/studies/new/")
    files = [["lora.jsonl", TUNED], ["sums.jsonl", sums()], ["base.jsonl", BASE]]
    page.evaluate(DROP, [page.locator("#comparing").element_handle(), files])
    for slot, name in (("items", "sums"), ("baseline", "base"), ("candidate", "lora")):
        expect(page.locator(f"[data-slot={slot}]")).to_contain_text(f"{name}.jsonl")
    page.get_by_label("Extract").fill(r"is (\d+)")
    expect(page.locator("#live")).to_contain_text("2")
    page.get_by_label("Metric", exact=True).select_option("token_f1")
    expect(page.get_by_label("Tolerance")).to_have_count(0)


@pytest.mark.heavy
def test_it_is_made_without_a_script(
    team: Team, new_context: Callable[..., BrowserContext], live_server: LiveServer, folder: Path
) -> None:
    client = Client()
    client.force_login(team.olga)
    context = new_context(java_script_enabled=False)
    session = client.cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    page = context.new_page()
    page.goto(f"{live_server.url}/studies/new/")
    page.get_by_label("Test set", exact=True).set_input_files(folder / "sums.jsonl")
    page.get_by_label("The baseline’s answers").set_input_files(folder / "base.jsonl")
    page.get_by_label("The candidate’s answers").set_input_files(folder / "lora.jsonl")
    page.get_by_role("button", name="Add these files").click()
    expect(page.locator("#live")).to_contain_text("look 1, at level")
    page.get_by_label("Try an answer of your own").fill("It is 0")
    page.get_by_role("button", name="Work it out").click()
    expect(page.locator(".tried")).to_contain_text("1")
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("lora against base on sums")
    assert Study.objects.count() == 1


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
    page.locator("[name=items_file]").set_input_files(folder / "sums.jsonl")
    expect(page.locator(".slot.filled")).to_have_count(1)
    page.locator("[name=baseline_file]").set_input_files(folder / "base.jsonl")
    expect(page.locator(".slot.filled")).to_have_count(2)
    page.locator("[name=candidate_file]").set_input_files(folder / "lora.jsonl")
    expect(page.locator(".slot.filled")).to_have_count(3)
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
        page.locator("[name=items_file]").set_input_files(folder / "sums.jsonl")
        expect(page.locator(".slot.filled")).to_have_count(1)
        page.get_by_text("Or ask models").click()
        page.get_by_text("The candidate", exact=True).first.click()
        page.locator("[name=candidate_endpoint]").select_option("desk")
        page.locator("[name=candidate_model]").fill("tuned")
        page.locator("[name=candidate_system]").fill("Add.")
        page.locator("button[value=candidate]").click()
        expect(page.locator("#tried-candidate")).to_contain_text("What it answered")
        expect(page.locator("#tried-candidate")).to_contain_text("You said: 0 + 0?")
        axe(page)
        assert not overflows(page)
