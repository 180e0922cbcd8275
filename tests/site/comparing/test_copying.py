"""A study is copied into the form of a new comparison, filled in as it asks."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from evalhub.registry.models import Run, Study
from tests.cast import Team
from tests.site.cases import a_measured_study
from tests.site.comparing.handing_in import compared, decided, new
from tests.site.test_campaign_pages import filled


@pytest.fixture(autouse=True)
def a_home_of_its_own(settings: Any, tmp_path: Path) -> None:
    settings.HOME = tmp_path / "home"


def copy(client: Client, study: Study) -> Any:
    return client.post(reverse("site:copy_study", args=[study.pk]), follow=True)


def test_a_copy_asks_the_same_of_the_same_answers(olga: Client, team: Team) -> None:
    compared(olga, role="guard", margin="0.2", metric="exact_match", option_extract=r"is (\d+)")
    first = Study.objects.get()
    page = copy(olga, first)
    assert page.status_code == 200
    assert Study.objects.count() == 1
    assert page.context["plan"].looks, "its price is worked out"
    runs = Run.objects.count()
    olga.post(new(), filled(page) | {"run": "1"})
    second = Study.objects.exclude(pk=first.pk).get()
    assert second.name == f"{first.name} (copy)"
    mine, theirs = (
        each.test_sets.values("role", "margin", "metric", "test_set_version").get()
        for each in (first, second)
    )
    assert mine == theirs
    assert Run.objects.count() == runs, "the same answers, which stand in the same runs"
    assert decided(first).verdict == decided(second).verdict


def test_what_was_changed_in_the_copy_is_asked(olga: Client, team: Team) -> None:
    compared(olga)
    page = copy(olga, Study.objects.get())
    olga.post(new(), filled(page, name="Stricter", min_gain="0.1") | {"run": "1"})
    assert Study.objects.get(name="Stricter").test_sets.get().min_gain == 0.1


def test_another_teams_study_isnt_there(stranger: Client, rui: Client, team: Team) -> None:
    study = a_measured_study(team)
    assert copy(stranger, study).status_code == 403
    assert copy(rui, study).status_code == 403
