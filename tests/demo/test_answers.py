"""The recorded answers: one to each item, small, and with a provenance that fits the files."""

import json
from pathlib import Path

import pytest

from evalhub.declare.declaration import validate
from evalhub.declare.prompt import Prompt
from evalhub.declare.sampling import Sampling
from evalhub.demo import record, server
from evalhub.studies.file.origin import OperatorFile
from evalhub.studies.file.spec import read_study

DEMO = Path(record.__file__).parent
STUDY = read_study(DEMO / "study.yaml", OperatorFile())
PROVENANCE = json.loads((DEMO / "PROVENANCE.json").read_text(encoding="utf-8"))


RECORDED = [
    (name, test_set) for name, arm in STUDY.arms.items() for test_set in arm.only or STUDY.test_sets
]


@pytest.mark.parametrize(("arm", "test_set"), RECORDED)
def test_every_item_is_answered_exactly_once(arm: str, test_set: str) -> None:
    path = DEMO / "answers" / f"{arm}.{test_set}.jsonl"
    answers = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    items = (DEMO / STUDY.test_sets[test_set].file).read_text(encoding="utf-8").splitlines()
    assert [answer["id"] for answer in answers] == [json.loads(item)["id"] for item in items]
    for answer in answers:
        assert isinstance(answer["output"], str)
        assert answer["latency_ms"] >= 0
        assert answer["prompt_tokens"] > 0
        assert 0 < answer["completion_tokens"] <= 48


def test_there_are_no_other_files_of_answers() -> None:
    there = {path.name for path in (DEMO / "answers").iterdir()}
    assert there == {f"{arm}.{test_set}.jsonl" for arm, test_set in RECORDED}


def test_all_the_demo_s_data_is_below_five_megabytes() -> None:
    assert sum(path.stat().st_size for path in DEMO.rglob("*.json*")) < 5_000_000


def test_the_provenance_is_that_of_the_committed_files() -> None:
    assert PROVENANCE["adapter_sha256"] == record.sha256(server.ADAPTER)
    for name, digest in PROVENANCE["test_sets_sha256"].items():
        assert digest == record.sha256(DEMO / "test_sets" / f"{name}.jsonl")
    assert PROVENANCE["training"] == json.loads((DEMO / "training.json").read_text())
    for name, arm in STUDY.arms.items():
        assert validate(Prompt, PROVENANCE["arms"][name]["prompt"] or {}) == arm.prompt
        assert validate(Sampling, PROVENANCE["arms"][name]["sampling"]) == arm.sampling
