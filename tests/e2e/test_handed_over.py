"""A version that was handed over, in Chromium: what servers answered, and what MLflow was told."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from evalhub.features.deployment.models import Probe
from evalhub.features.exporters.models import MlflowAlias
from evalhub.features.lifecycle.promotion import promote
from evalhub.registry.models import Run
from tests.cast import Team, a_version
from tests.e2e.conftest import Opens
from tests.e2e.width import overflows
from tests.features.lifecycle.test_promotion import decided

pytestmark = [pytest.mark.browser, pytest.mark.heavy, pytest.mark.django_db(transaction=True)]

LONG = "https://models.example.org/" + "serving-of-the-support-desk/" * 6 + "v1"


def address(team: Team) -> str:
    """The page of a champion that three servers were asked for."""
    base = a_version(team, "base")
    tuned = a_version(team, "tuned", parent=base)
    decision = decided(team, base, tuned, slug="first")
    promote(decision=decision, by=team.olga, reason="It ran for a week.")
    run = Run.objects.filter(version=tuned).latest("pk")
    for outcome, why, url in (
        ("same", "32 of 32 probes are answered as they were", "http://127.0.0.1:8000/v1"),
        (
            "differs",
            "32 of 32 probes are answered otherwise; of the 16 that its base answers "
            "otherwise, 16 are answered as the base does: the adapter isn't applied",
            LONG,
        ),
        (
            "unknown",
            "its base answers all but 2 of the 32 probes alike, so that they don't tell "
            "the two apart",
            "endpoint support",
        ),
    ):
        Probe.objects.create(
            version=tuned,
            run=run,
            address=url,
            model="support-v1",
            outcome=outcome,
            why=why,
            report={},
        )
    now = datetime(2026, 11, 26, tzinfo=UTC)
    MlflowAlias.objects.create(
        project=team.project,
        alias="champion",
        version=tuned,
        decision=decision,
        due_at=now,
        error="MLflow answers 503 to registered-models/create",
    )
    return reverse("site:version", args=[tuned.pk])


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_axe_finds_nothing_amiss_and_nothing_is_too_wide(
    opens: Opens, team: Team, axe: Callable[[Page], None], dark: bool, phone: bool
) -> None:
    page = opens(team.olga, address(team), dark=dark, phone=phone)
    expect(page.get_by_role("heading", name="Handed over")).to_be_visible()
    axe(page)
    assert not overflows(page)
