"""What tests of tasks of lm-evaluation-harness have in common."""

import json
from pathlib import Path

import pytest

from tests.fakes.openai_server import OpenAIServer
from tests.studies.desks import Desk
from tests.studies.harness.tasks import (
    CHOICES,
    CORPUS,
    ERRORS,
    GROUPS,
    LABELS,
    ROLLING,
    STRICT,
    THRICE,
    WORDS,
)


@pytest.fixture
def tasks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with tasks on six documents: choices, answers in words, and groups of those."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    data = tmp_path / "data.jsonl"
    rows = (
        {
            "q": i,
            "choices": ["yes", "absolutely not"],
            "answer": i % 2,
            "page": "é" * (i + 1) + " etc.",
            "about": f"text {i // 3}",
        }
        for i in range(6)
    )
    data.write_text("".join(f"{json.dumps(each)}\n" for each in rows))
    (tmp_path / "tasks").mkdir()
    for group in GROUPS:
        (tmp_path / "tasks" / f"{group['group']}.yaml").write_text(json.dumps(group))
    again = WORDS | {"task": "say_again", "tag": "word_tasks", "metadata": {"version": 1.5}}
    for each in (CHOICES, WORDS, again, THRICE, ROLLING, CORPUS, LABELS, STRICT, ERRORS):
        told = {
            **each,
            "dataset_path": "json",
            "dataset_kwargs": {"data_files": str(data)},
            "test_split": "train",
        }
        (tmp_path / "tasks" / f"{each['task']}.yaml").write_text(json.dumps(told))
    return tmp_path / "tasks"


@pytest.fixture
def desk(tmp_path: Path, tasks: Path, server: OpenAIServer) -> Desk:
    """Two arms at one server, which repeats what it is told, and the task in words."""
    desk = Desk(tmp_path)
    backend = {name: value for name, value in server.backend().items() if name != "type"}
    desk.study["arms"] = {
        "base": {"kind": "base", "backend": {"openai": backend}},
        "tuned": {
            "kind": "prompted",
            "parent": "base",
            "backend": {"openai": backend | {"model": "tuned"}},
        },
    }
    said = {"task": "say_even", "include_path": "tasks", "score": "exact_match", "limit": 5}
    desk.study["test_sets"] = {"even": {"lm_eval": said, "role": "development"}}
    return desk
