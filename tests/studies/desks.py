"""A folder with a study file, its test sets and its answers, as a team keeps it in git."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import yaml

from evalhub.registry.models import Run, Study
from evalhub.studies.file.origin import OperatorFile
from evalhub.studies.file.spec import read_study
from evalhub.studies.run.register import register_study
from runners.execute import process_shard


class Desk:
    """Two arms, 60 questions as primary and 300 sums as guard; the tuned arm gains 30."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "study.yaml"
        self.test_set("triage", 60)
        self.test_set("sums", 300)
        self.answers("base", "triage", ["wrong"] * 60)
        self.answers("tuned", "triage", ["right"] * 30 + ["wrong"] * 30)
        self.answers("base", "sums", ["right"] * 300)
        self.answers("tuned", "sums", ["right, too"] * 300)
        self.study = {
            "schema": "evalhub.study/1",
            "project": "desk",
            "name": "Shall we?",
            "baseline": "base",
            "arms": {
                "base": {"kind": "base", "backend": {"recorded": "base.{test_set}.jsonl"}},
                "tuned": {
                    "kind": "lora",
                    "parent": "base",
                    "backend": {"recorded": "tuned.{test_set}.jsonl"},
                },
            },
            "test_sets": {
                "triage": {
                    "file": "triage.jsonl",
                    "role": "primary",
                    "metric": {"name": "exact_match"},
                },
                "sums": {"file": "sums.jsonl", "role": "guard", "metric": {"name": "contains"}},
            },
        }

    def write(self) -> Path:
        """The study file as `study` says now."""
        self.file.write_text(yaml.safe_dump(self.study, sort_keys=False))
        return self.file

    def test_set(self, name: str, items: int, **fields: Any) -> None:
        rows = (
            {"id": f"q{i}", "input": f"Question {i}?", "reference": "right"} | fields
            for i in range(items)
        )
        self.rows(f"{name}.jsonl", rows)

    def answers(self, arm: str, test_set: str, texts: Sequence[str]) -> None:
        rows = ({"id": f"q{i}", "output": text} for i, text in enumerate(texts))
        self.rows(f"{arm}.{test_set}.jsonl", rows)

    def rows(self, file: str, rows: Iterable[dict[str, Any]]) -> None:
        self.line(file, *(json.dumps(row) for row in rows))

    def line(self, file: str, *lines: str) -> None:
        (self.folder / file).write_text("".join(f"{line}\n" for line in lines))


class EchoDesk(Desk):
    """60 questions, the primary and only test set, that an echo answers rightly."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        rows = ({"id": f"q{i}", "input": f"Say {i}?", "reference": f"Say {i}?"} for i in range(60))
        self.rows("triage.jsonl", rows)
        self.study["test_sets"] = {
            "triage": {"file": "triage.jsonl", "role": "primary", "metric": {"name": "contains"}}
        }


def registered(desk: Desk) -> Study:
    """The desk's study, registered now."""
    return register_study(read_study(desk.write(), OperatorFile()))


def ran(desk: Desk) -> Study:
    """The desk's study, all of whose runs have ended, and which nobody has looked at since."""
    study = registered(desk)
    for run in Run.objects.unfinished():
        while process_shard(run.pk):
            pass
    return study
