"""The page shows the study file that says the same, and hands it out with its data."""

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.test import Client
from django.urls import reverse

from evalhub.accounts.models import Action, LogEntry
from evalhub.registry.models import Study
from tests.cast import Team
from tests.features.study_builder.posting import TUNED, started


@pytest.fixture
def study(olga: Client, team: Team, settings: Any, tmp_path: Path) -> Study:
    settings.HOME = tmp_path / "home"
    started(olga)
    return Study.objects.get()


def page(study: Study, name: str = "study_file") -> str:
    return reverse(f"site:{name}", args=[study.pk])


def test_the_file_is_shown_and_is_what_is_downloaded(olga: Client, study: Study) -> None:
    shown = olga.get(page(study))
    text = olga.get(page(study, "study_yaml")).content.decode()
    assert shown.context["text"] == text
    assert yaml.safe_load(text)["test_sets"]["sums"]["metric"]["name"] == "numeric_match"
    assert "items/sums.jsonl" in shown.text
    assert "40 items" in shown.text


def test_the_data_come_with_it_and_that_is_noted(olga: Client, study: Study) -> None:
    answer = olga.get(page(study, "study_zip"))
    archive = zipfile.ZipFile(io.BytesIO(b"".join(answer)))  # type: ignore[arg-type]
    assert sorted(archive.namelist()) == [
        "answers/base.sums.jsonl",
        "answers/lora.sums.jsonl",
        "items/sums.jsonl",
        "study.yaml",
    ]
    assert archive.read("answers/lora.sums.jsonl").decode() == TUNED
    assert LogEntry.objects.filter(action=Action.EXPORTED).count() == 1


def test_the_study_s_page_leads_there(olga: Client, study: Study) -> None:
    assert page(study) in olga.get(page(study, "study")).text
