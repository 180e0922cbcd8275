"""The demo's study files say one thing: the same arms and test sets, replayed or live."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from evalhub.demo import record, server
from evalhub.studies.file.origin import OperatorFile
from evalhub.studies.file.spec import read_study
from runners.metrics import Answer, Scorer
from runners.suites import SUITES

DEMO = Path(record.__file__).parent
STUDY = read_study(DEMO / "study.yaml", OperatorFile())


def without_backends(path: Path) -> Mapping[str, Any]:
    study: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    del study["name"], study["slug"]
    for arm in study["arms"].values():
        del arm["backend"]
    return study


def test_the_live_study_differs_in_its_backends_and_name_only() -> None:
    assert without_backends(DEMO / "study.yaml") == without_backends(DEMO / "study_live.yaml")


def test_the_live_study_reads_as_a_study() -> None:
    assert list(read_study(DEMO / "study_live.yaml", OperatorFile()).arms) == [
        "base",
        "prompted",
        "lora",
    ]


def test_the_live_arms_differ_in_the_scale_of_the_adapter() -> None:
    arms = read_study(DEMO / "study_live.yaml", OperatorFile()).arms
    scales = {name: arm.spec.as_json()["extra"]["lora"][0]["scale"] for name, arm in arms.items()}
    assert scales == {"base": 0, "prompted": 0, "lora": 1}


def test_every_suite_is_a_guard_with_the_metric_of_the_suites_table() -> None:
    guards = {name: one for name, one in STUDY.test_sets.items() if one.role == "guard"}
    assert guards.keys() == SUITES.keys()
    for name, guard in guards.items():
        assert guard.metric.name == SUITES[name].metric
        assert guard.metric.options.get("extract") == SUITES[name].extract


@pytest.mark.parametrize("name", STUDY.test_sets)
def test_every_reference_passes_its_own_metric(name: str) -> None:
    test_set = STUDY.test_sets[name]
    score = Scorer(test_set.metric)
    lines = (DEMO / test_set.file).read_text(encoding="utf-8").splitlines()
    items = [json.loads(line) for line in lines]
    assert {score(Answer(item["reference"]), [item["reference"]]).value for item in items} == {1.0}


def test_the_training_record_is_that_of_the_committed_training_file_and_adapter() -> None:
    trained = json.loads((DEMO / "training.json").read_text(encoding="utf-8"))
    told = STUDY.arms["lora"].training.as_json()
    assert told["dataset_sha256"] == trained["dataset_sha256"]
    assert told["dataset_sha256"] == record.sha256(DEMO / "training.jsonl")
    assert told["loss"] == trained["loss_by_epoch"]
    for name in ("examples", "method", "rank", "alpha", "targets", "learning_rate", "epochs"):
        assert told[name] == trained[name]
    assert server.ADAPTER.stat().st_size < 1_000_000
