"""A study's own file, put together from its rows, asks the same of the same answers."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.test import Client

from evalhub.accounts.models import Action, LogEntry
from evalhub.cli.app import run as command
from evalhub.decision.verify import verify
from evalhub.declare.declaration import validate
from evalhub.features.exporters.study import export_study
from evalhub.ledger.decide import decide_study
from evalhub.ledger.models import Decision
from evalhub.registry.models import ModelVersion, Run, Study, TestSetVersion
from evalhub.studies.file.origin import OperatorFile
from evalhub.studies.file.requirements import study_requirements
from evalhub.studies.file.spec import StudyFile, read_study
from evalhub.studies.run.register import register_study
from evalhub.studies.web.pairs_upload import complete
from tests.cast import Team, a_metric, a_run, a_study, a_test_set, a_version
from tests.features.study_builder.posting import decided, started
from tests.studies.desks import Desk, ran

pytestmark = pytest.mark.django_db


def unpacked(study: Study, folder: Path) -> Path:
    """The study file of an export, with its data beside it."""
    folder.mkdir()
    export_study(study=study, by=None, to=folder / "study.zip")
    zipfile.ZipFile(folder / "study.zip").extractall(folder)
    return folder / "study.yaml"


def all_that_a_file_can_say(desk: Desk) -> Study:
    """A study with most of what a file of recorded answers can ask."""
    asked = ({"id": f"q{i}", "input": f"Seen {i}?", "reference": "right"} for i in range(20))
    desk.rows("seen.jsonl", asked)
    desk.answers("base", "seen", ["wrong"] * 20)
    desk.answers("tuned", "seen", ["right"] * 20)
    desk.answers("again", "triage", ["wrong"] * 60)
    desk.answers("again", "sums", ["right"] * 300)
    desk.study |= {
        "slug": "shall-we",
        "candidate": "tuned",
        "policy": {
            "alpha": 0.05,
            "min_reviewers": 2,
            "ledger": "all",
            "jumps": "off",
            "budgets": {"ownership": {"traffic": 5, "tier": "supporting"}},
        },
        "ownership": {
            "currency": "USD",
            "training": {"hours": [4, 8], "price": 32},
            "data": {"reviewed": {"hours": 3, "rate": 20}},
            "serving": {"base": {"monthly": 500}, "tuned": {"monthly": [300, 400]}},
            "upkeep": {"monthly": 0},
            "retraining": {"times_a_year": 0},
        },
    }
    arms, test_sets = desk.study["arms"], desk.study["test_sets"]
    arms["base"] |= {
        "repeat": {"recorded": "again.{test_set}.jsonl"},
        "prompt": {"system": "Be brief.", "examples": [{"input": "a", "output": "b"}]},
        "sampling": {"temperature": 0.0, "max_tokens": 9},
        "price": {"prompt": 1.0, "completion": 2.0},
    }
    arms["tuned"] |= {"training": {"method": "lora", "rank": 8}, "notes": "the second try"}
    arms["prompted"] = {
        "kind": "prompted",
        "parent": "base",
        "only": ["triage"],
        "backend": {"recorded": {"triage": "base.triage.jsonl"}},
    }
    test_sets["triage"] |= {"min_gain": 0.01, "planned_gain": 0.1, "form": {"guards": ["empty"]}}
    test_sets["sums"] |= {"relative_margin": 0.1, "tier": "supporting", "purpose": "safety"}
    test_sets["seen"] = {
        "file": "seen.jsonl",
        "role": "development",
        "metric": {"name": "exact_match", "lower": True},
    }
    return ran(desk)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    (tmp_path / "desk").mkdir()
    return Desk(tmp_path / "desk")


def test_it_asks_what_the_file_asked_that_it_was_registered_from(
    desk: Desk, tmp_path: Path
) -> None:
    study = all_that_a_file_can_say(desk)
    file = unpacked(study, tmp_path / "out")
    said, written = (
        validate(StudyFile, yaml.safe_load(each.read_text())) for each in (desk.file, file)
    )
    asked, asks = study_requirements(said), study_requirements(written)
    for each in (*asked.criteria.values(), *asks.criteria.values()):
        each.pop("file", None)  # type: ignore[attr-defined]
    assert asked == asks
    assert "# Left out" not in file.read_text()


def test_handed_in_again_it_is_the_same_items_versions_and_decision(
    desk: Desk, tmp_path: Path
) -> None:
    study = all_that_a_file_can_say(desk)
    before = [each.digest for each in decide_study(study=study)]
    file = unpacked(study, tmp_path / "out")
    kept = [list(kind.objects.values()) for kind in (TestSetVersion, ModelVersion)]
    assert register_study(read_study(file, OperatorFile())) == study
    for run in Run.objects.unfinished():
        complete(run)
    assert [list(kind.objects.values()) for kind in (TestSetVersion, ModelVersion)] == kept
    assert [each.digest for each in decide_study(study=study)] == before


@pytest.mark.heavy
@pytest.mark.django_db(transaction=True)
def test_a_study_made_on_the_web_is_decided_alike_in_a_home_of_nothing(
    olga: Client, team: Team, settings: Any, tmp_path: Path
) -> None:
    settings.HOME = tmp_path / "home"
    started(olga)
    decision = decided(Study.objects.get())
    file = unpacked(decision.study, tmp_path / "out")
    done = subprocess.run(
        [Path(sys.executable).with_name("evalhub"), "study", "run", str(file), "--json"],
        env={"EVALHUB_HOME": str(tmp_path / "elsewhere"), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    printed, record = json.loads(done.stdout), decision.record
    assert verify(printed).content == decision.content
    assert verify(printed).digest != decision.digest
    for each in (printed, record):
        each["ledger"] = {**each["ledger"], "home": "", "sentences": []}  # a random id, its home's
        each["ledger_head"] = None  # of that ledger
        for of in each["evidence"]:
            of |= {"baseline_run": 0, "candidate_run": 0}  # numbers that each home gives
    beside = {"others", "changed_since", "readings"}
    assert {name: printed[name] for name in printed.keys() - beside} == record


def in_another_project(file: Path, slug: str) -> list[Decision]:
    """The decisions on the study of `file`, registered and worked off in a project of its own."""
    said = yaml.safe_load(file.read_text()) | {"project": slug}
    file.write_text(yaml.safe_dump(said, sort_keys=False))
    study = register_study(read_study(file, OperatorFile()))
    for run in Run.objects.unfinished():
        complete(run)
    return list(decide_study(study=study))


@pytest.mark.heavy
def test_elsewhere_it_says_the_same_by_another_record_unless_an_answer_was_changed(
    desk: Desk, tmp_path: Path
) -> None:
    study = all_that_a_file_can_say(desk)
    first = list(decide_study(study=study))
    file = unpacked(study, tmp_path / "out")
    again = in_another_project(file, "elsewhere")
    assert [each.content for each in again] == [each.content for each in first]
    assert {each.digest for each in again}.isdisjoint(each.digest for each in first)
    answers = file.parent / "answers/tuned.triage.jsonl"
    rows = answers.read_text().splitlines(keepends=True)
    rows[0] = json.dumps(json.loads(rows[0]) | {"output": "another answer"}) + "\n"
    answers.write_text("".join(rows))
    other = in_another_project(file, "changed")
    assert {each.content for each in other}.isdisjoint(each.content for each in first[:1])


def test_what_it_can_t_say_stands_at_its_top(team: Team, tmp_path: Path) -> None:
    base = a_version(team, "base")
    hidden = {"type": "openai", "url": "http://m/v1", "model": "m", "extra": {"top_k": 3}}
    tuned = a_version(team, "tuned", parent=base, backend=hidden, training={"data": "rows.jsonl"})
    over = a_test_set(team, items=4)
    a_run(base, over, scores=[0, 1, 0, 1])
    a_run(tuned, over, scores=[1, 1, 1, 1])
    study = a_study(team, baseline=base, candidate=tuned, primary=over)
    text = unpacked(study, tmp_path / "out").read_text()
    assert "# Left out. tuned: what its backend's extra holds isn't written." in text
    assert "top_k" not in text
    assert "# Left out. tuned: its training rows aren't kept here" in text
    assert "openai:" in text


def test_scores_that_came_with_answers_leave_once_a_decision_has_read_them(
    desk: Desk, tmp_path: Path
) -> None:
    for arm, tone in (("base", 0.25), ("tuned", 0.75)):
        rows = ({"id": f"q{i}", "output": arm, "scores": {"tone": tone}} for i in range(60))
        desk.rows(f"{arm}.triage.jsonl", rows)
    metric = {"name": "recorded", "score": "tone", "bounds": [0, 1]}
    desk.study["test_sets"]["triage"]["metric"] = metric
    study = ran(desk)
    file = unpacked(study, tmp_path / "sealed")
    assert "sealed until a decision" in file.read_text()
    assert "tone" not in (file.parent / "answers/tuned.triage.jsonl").read_text()
    decide_study(study=study)
    file = unpacked(study, tmp_path / "open")
    (first, *_) = (file.parent / "answers/tuned.triage.jsonl").read_text().splitlines()
    assert json.loads(first)["scores"] == {"tone": 0.75}


def test_whoever_takes_it_is_noted(team: Team, tmp_path: Path) -> None:
    base, tuned, over = a_version(team, "base"), a_version(team, "tuned"), a_test_set(team, items=2)
    metric = a_metric("exact_match")
    for version in (base, tuned):
        a_run(version, over, scores=[0, 1], metric=metric)
    study = a_study(team, baseline=base, candidate=tuned, primary=over, metric=metric)
    export_study(study=study, by=team.eva, to=tmp_path / "study.zip")
    (entry,) = LogEntry.objects.filter(action=Action.EXPORTED)
    assert entry.by == team.eva


def test_the_command_writes_it(desk: Desk, tmp_path: Path) -> None:
    study = ran(desk)
    zipped = tmp_path / "study.zip"
    asked = ["export", "study", "--project", "desk", "--study", study.slug]
    assert command([*asked, "--out", str(zipped)]) == 0
    assert "study.yaml" in zipfile.ZipFile(zipped).namelist()


def test_it_can_be_read_where_it_lies(desk: Desk, tmp_path: Path) -> None:
    file = unpacked(ran(desk), tmp_path / "out")
    assert read_study(file, OperatorFile()).candidate == "tuned"
