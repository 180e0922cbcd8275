"""A study file as a site takes it: nothing in it names a file or a folder of this machine."""

import hashlib
import json
from pathlib import Path

import pytest

from evalhub.declare.outside import check_from_web
from evalhub.io.rows import DataError
from evalhub.studies.file.origin import OperatorFile
from evalhub.studies.file.spec import StudyFile, read_study
from evalhub.studies.web.bundle_upload import arms_asked_here, bundle_of
from tests.studies.desks import Desk


def digest(path: Path) -> str:
    return f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"


def test_every_file_goes_by_its_digest_and_the_answers_by_test_set(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.rows("train.jsonl", [{"text": "a"}])
    desk.rows("again.triage.jsonl", [{"id": "q0", "output": "x"}])
    desk.rows("read.jsonl", [{"id": "q0", "input": "x", "reference": "y"}])
    for arm in ("base", "tuned"):
        desk.rows(f"{arm}.read.jsonl", [{"id": "q0", "output": "x"}])
    study = desk.study
    study["test_sets"]["read"] = {
        "file": "read.jsonl", "role": "development", "metric": {"name": "contains"},
    }  # fmt: skip
    study["arms"]["tuned"] |= {"only": ["triage"], "training": {"data": "train.jsonl", "lr": 1e-8}}
    study["arms"]["base"]["repeat"] = {
        "recorded": {"triage": "again.triage.jsonl", "sums": "base.sums.jsonl"}
    }
    found = bundle_of(read_study(desk.write(), OperatorFile()))
    arms = found.document["arms"]
    assert set(arms["base"]["backend"]["recorded"]) == {"triage", "sums", "read"}
    assert arms["tuned"]["backend"]["recorded"] == {
        "triage": digest(tmp_path / "tuned.triage.jsonl")
    }
    assert arms["base"]["repeat"]["recorded"]["triage"] == digest(tmp_path / "again.triage.jsonl")
    assert arms["tuned"]["training"]["data"] == digest(tmp_path / "train.jsonl")
    assert "project" not in found.document
    assert all(digest(path) == name for name, path in found.files.items())
    assert str(tmp_path) not in json.dumps(found.document)
    whole = StudyFile.model_validate_json(json.dumps(found.document | {"project": "desk"}))
    check_from_web(whole, uploaded=found.files, aliases=())


def test_a_file_that_is_not_there_is_named_with_its_line(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    (tmp_path / "sums.jsonl").unlink()
    with pytest.raises(DataError, match=r"line \d+, field 'test_sets.sums.file': 'sums.jsonl'"):
        bundle_of(read_study(desk.write(), OperatorFile()))


def test_what_names_an_address_or_a_variable_is_asked_from_here(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    arms = desk.study["arms"]
    for name, backend in {
        "address": {"url": "http://127.0.0.1:8000/v1", "model": "m"},
        "variable": {"url": "${MY_MODEL_URL}", "model": "m"},
        "alias": {"endpoint": "vllm", "model": "m"},
    }.items():
        arms[name] = {"kind": "lora", "backend": {"openai": backend}}
    spec = read_study(desk.write(), OperatorFile())
    assert arms_asked_here(spec) == ["address", "variable"]
