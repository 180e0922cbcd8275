"""`evalhub compare --from KIND --study FOLDER`: the same question, as a study to be registered."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from evalhub.cli.app import run
from evalhub.registry.models import Run
from tests.cli.test_full_disk import files_of_at_most
from tests.importers.logs import compare, counts, refusal

ASKED = (
    *("lm-eval/base", "lm-eval/tuned", "--primary", "sums", "--margin", "0.1"),
    *("--metric", "sums=exact_match,strict-match", "--metric", "share_right,majority"),
)


@pytest.mark.heavy
@pytest.mark.django_db(transaction=True)
def test_a_question_about_logs_is_registered_as_a_study_that_asks_the_same(
    logs: Path, capsys: pytest.CaptureFixture[str], settings: Any
) -> None:
    settings.REDIS_URL = ""
    assert compare("lm-eval", *ASKED, "--study", "asked", "--json") == 2
    printed = capsys.readouterr()
    assert printed.err == (
        "evalhub: the same question as a study: evalhub study run asked/study.yaml\n"
    )
    alone = json.loads(printed.out)
    assert run(["import", "lm-eval", "lm-eval/base", "--project", "default"]) == 0
    imported = set(Run.objects.values_list("answers_digest", flat=True))
    capsys.readouterr()
    assert run(["study", "run", "asked/study.yaml", "--json"]) == 2
    registered = json.loads(capsys.readouterr().out)
    assert registered["registered"]
    assert [counts(each) for each in registered["criteria"]] == [
        counts(each) for each in alone["criteria"]
    ]
    assert [(each["role"], each["margin"]) for each in registered["criteria"]] == [
        ("primary", None),
        ("guard", 0.1),
    ]
    # what was imported is what the study's files are; both tasks' items are one version there
    used = Run.objects.filter(pk__in={each["baseline_run"] for each in registered["evidence"]})
    assert set(used.values_list("answers_digest", flat=True)) == imported


def test_clusters_and_tags_are_the_items_own_in_the_study(
    logs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("json/base.json", "json/tuned.json", "--metric", "exact")
    assert compare("json", *asked, "--cluster", "size", "--tag", "size", "--study", "asked") == 2
    items = Path("asked/items/items.jsonl").read_text().splitlines()
    assert {json.loads(each)["cluster"] for each in items} == {"small", "large"}
    assert {json.loads(each)["tags"][0] for each in items} == {"small", "large"}
    document = yaml.safe_load(Path("asked/study.yaml").read_text())
    assert (document["baseline"], document["candidate"]) == ("base", "tuned")
    assert document["test_sets"]["items"]["metric"] == {"name": "recorded", "score": "exact"}
    capsys.readouterr()


def test_a_folder_that_holds_something_is_left_as_it_is(
    logs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = refusal(capsys, "lm-eval", *ASKED, "--study", "json", code=64)
    assert "--study json: isn't empty, and nothing there is written over" in said
    ours = ("json/base.json", "json/tuned.json", "--metric", "exact_match", "--study", "asked")
    said = refusal(capsys, "json", *ours, code=64)
    assert "--study: doesn't go with a metric of Evalhub's own" in said
    assert not Path("asked").exists()


@pytest.mark.parametrize("was_there", [True, False])
def test_a_full_disk_leaves_the_folder_as_it_was(
    logs: Path, capsys: pytest.CaptureFixture[str], was_there: bool
) -> None:
    """The tuned arm's answers to the second task are longest, and don't fit."""
    if was_there:
        Path("asked").mkdir()
    with files_of_at_most(3000):
        assert compare("lm-eval", *ASKED, "--study", "asked") == 74
    said = capsys.readouterr().err
    assert re.search(r"disk is full: asked/answers/\S+/votes.jsonl can't be written", said), said
    assert Path("asked").exists() == was_there
    assert not was_there or list(Path("asked").iterdir()) == []
