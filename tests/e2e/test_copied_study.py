"""A study copied into the builder, mended and run, on a phone and in the dark too."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from evalhub.registry.models import ModelVersion, Study
from tests.cast import Team
from tests.e2e.width import overflows
from tests.site.cases import a_measured_study

pytestmark = [pytest.mark.browser, pytest.mark.heavy, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def a_home_of_its_own(settings: Any, tmp_path: Path) -> None:
    settings.HOME = tmp_path / "home"
    settings.ENDPOINTS = json.dumps({"desk": {"url": "https://models.example.org/v1"}})


@pytest.mark.parametrize(("dark", "phone"), [(False, False), (True, True)])
def test_a_copy_is_changed_and_run(
    opens: Callable[..., Page], axe: Callable[[Page], None], team: Team, dark: bool, phone: bool
) -> None:
    study = a_measured_study(team)
    backend = {"type": "openai", "url": "http://m/v1", "model": "m", "extra": {"top_k": 3}}
    lora = study.arms.get(role="candidate").version
    ModelVersion.objects.filter(pk=lora.pk).update(backend=backend)
    page = opens(team.eva, f"/studies/{study.pk}/", dark=dark, phone=phone)
    page.get_by_role("button", name="Copy", exact=True).click()
    expect(page.get_by_role("heading", name="One thing to mend")).to_be_visible()
    axe(page)
    assert not overflows(page)
    page.locator("summary", has_text="Edit prompt").first.click()
    page.get_by_label("Endpoint").select_option("desk")
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"{study.name} (copy)")
    copied = Study.objects.exclude(pk=study.pk).get().arms.get(role="candidate").version
    assert copied.backend["endpoint"] == "desk"
