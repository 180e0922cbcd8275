"""Two runs and two prompts beside each other, as a browser has them."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from evalhub.registry.development import read_freely
from evalhub.registry.models import Run
from tests.cast import Team, a_run, a_test_set, a_version
from tests.e2e.conftest import Opens
from tests.e2e.width import overflows
from tests.fakes.openai_server import OpenAIServer, saying

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def runs(team: Team, server: OpenAIServer, settings: Any) -> list[Run]:
    """Two prompts of one model on a development set; asked in one word the model is right."""
    settings.ENDPOINTS = json.dumps({"here": {"url": server.url, "private": True}})
    server.misbehave = lambda prompt, attempt: saying(
        "narrow" if "one word" in prompt else "It is narrow."
    )
    rows = [{"input": f"The opposite of wide, {n}?", "references": ["narrow"]} for n in range(12)]
    over = a_test_set(team, "opposites", items=rows)
    read_freely(over)
    example = {"input": "hot", "output": "cold"}
    backend = {"type": "openai", "endpoint": "here", "model": "small"}
    prompts: list[dict[str, Any]] = [
        {"system": "Be brief. " * 90, "examples": [example]},
        {"system": "Be polite.", "examples": [example, example]},
    ]
    versions = [a_version(team, "support", backend=backend, prompt=each) for each in prompts]
    scores: list[list[float | None]] = [[1] * 12, [0] * 12]
    said = [["narrow"] * 12, ["It is narrow."] * 12]
    return [
        a_run(version, over, scores=values, answers=answers)
        for version, values, answers in zip(versions, scores, said, strict=True)
    ]


def test_from_two_runs_to_a_mended_prompt_in_four_steps(
    opens: Opens, team: Team, runs: list[Run]
) -> None:
    page = opens(team.eva, f"/runs/{runs[0].pk}/")
    page.get_by_role("link", name="Lay another run beside it").click()
    page.get_by_label("Another").select_option(str(runs[1].pk))
    page.get_by_role("button", name="Show both").click()
    expect(page.get_by_role("heading", name="−1.00 exact_match")).to_be_visible()
    page.get_by_role("link", name="Edit the prompt and ask again").nth(1).click()
    page.get_by_label("Around each item").nth(1).fill("In one word: {input}")
    page.get_by_role("button", name="Ask this item").click()
    right = page.get_by_role("region", name="support v2, edited")
    expect(right).to_contain_text("exact_match ✓ 1.00")
    left = page.get_by_role("region", name="support v2", exact=True)
    expect(left).to_contain_text("exact_match ✗ 0.00")


@pytest.mark.heavy
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("phone", [False, True], ids=["laptop", "phone"])
def test_axe_finds_nothing_and_all_fits(
    opens: Opens,
    axe: Callable[[Page], None],
    team: Team,
    runs: list[Run],
    dark: bool,
    phone: bool,
) -> None:
    item = runs[0].test_set_version.items.all()[1].pk
    left, right = (run.version_id for run in runs)
    pages = [
        "/runs/beside/",
        f"/runs/beside/?left={runs[0].pk}&right={runs[1].pk}",
        "/prompts/beside/",
        f"/prompts/beside/?item={item}&left={left}&right={right}",
        f"/prompts/beside/?item={item}&left={left}&right=endpoint:here",
    ]
    for address in pages:
        page = opens(team.eva, address, dark=dark, phone=phone)
        axe(page)
        assert not overflows(page), address
