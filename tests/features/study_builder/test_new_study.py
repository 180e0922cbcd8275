"""A study is built from files that somebody drops on a page."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from evalhub.registry.models import ModelVersion, Run, Study, TestSet
from tests.cast import Team
from tests.features.study_builder.posting import (
    BASE,
    TUNED,
    decided,
    file,
    lines,
    post,
    started,
    sums,
    three,
    with_files,
)


@pytest.fixture(autouse=True)
def a_home_of_its_own(settings: Any, tmp_path: Path) -> None:
    settings.HOME = tmp_path / "home"


def nothing_registered() -> bool:
    return not any(kind.objects.exists() for kind in (Study, Run, TestSet, ModelVersion))


def test_three_files_become_a_study_that_is_decided(olga: Client, team: Team) -> None:
    page = started(olga)
    study = Study.objects.get()
    assert page.redirect_chain[-1][0] == f"/studies/{study.pk}/"
    assert (study.project, study.name) == (team.project, "lora against base on sums")
    assert [(arm.name, arm.role, arm.version.kind) for arm in study.arms.all()] == [
        ("base", "baseline", "base"),
        ("lora", "candidate", "lora"),
    ]
    assert study.test_sets.get().metric.name == "numeric_match", "as the right answers are numbers"
    assert decided(study).verdict == "ship"


def test_what_it_can_show_and_costs_stands_there_before_anything_is_registered(
    olga: Client, team: Team
) -> None:
    page = with_files(olga)
    assert "1 of sums, at" in page.text
    assert "Chance to ship" in page.text
    assert "40 of 40" in page.text
    assert nothing_registered()
