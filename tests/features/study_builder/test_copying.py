"""A study is copied into the builder, filled in as it asks."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from evalhub.registry.models import Run, Study
from tests.cast import Team
from tests.features.study_builder.posting import decided, post, started
from tests.site.cases import a_measured_study


@pytest.fixture(autouse=True)
def a_home_of_its_own(settings: Any, tmp_path: Path) -> None:
    settings.HOME = tmp_path / "home"


def copy(client: Client, study: Study) -> Any:
    return client.post(reverse("site:copy_study", args=[study.pk]), follow=True)


def test_a_copy_asks_the_same_of_the_same_answers(olga: Client, team: Team) -> None:
    asked = {"t:test_sets.sums.role": "guard", "n:test_sets.sums.min_gain": ""}
    started(olga, asked | {"t:test_sets.sums.metric.extract": r"is (\d+)"})
    first = Study.objects.get()
    page = copy(olga, first)
    assert page.status_code == 200
    assert Study.objects.count() == 1
    assert page.context["outlook"].plan.looks, "its price is worked out"
    runs = Run.objects.count()
    post(olga, page, run="1")
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
    started(olga)
    page = copy(olga, Study.objects.get())
    post(olga, page, {"t:name": "Stricter", "n:test_sets.sums.min_gain": "0.1"}, run="1")
    assert Study.objects.get(name="Stricter").test_sets.get().min_gain == 0.1


def test_another_teams_study_isnt_there(stranger: Client, rui: Client, team: Team) -> None:
    study = a_measured_study(team)
    assert copy(stranger, study).status_code == 403
    assert copy(rui, study).status_code == 403
