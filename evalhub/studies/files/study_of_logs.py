"""Write a question about two logs as a study file with its data files."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from evalhub.importers.kinds import log_kinds
from evalhub.importers.pairing import PairedTask, pair
from evalhub.importers.plain import answers_file, item_row
from evalhub.io.full_disk import folder_whole_or_gone, whole_or_gone
from evalhub.registry.slugs import slug_of
from evalhub.studies.files.compare_logs import (
    LogQuestion,
    LogQuestionError,
    choose_arms,
    item_info,
    policy_of,
)

STUDY = "study.yaml"


def write_study(
    base: Path, candidate: Path | None, question: LogQuestion, folder: Path, *, project: str
) -> Path:
    """Writes study.yaml, items and answers into a new or empty folder. Returns the study's path.

    What it asks is what `compare_logs` asks. Its arms are of the kind base: only a person knows
    what they are.

    Raises:
        DataError: what is wrong with a log, or why the two can't be paired.
        LogQuestionError: a question that can't be asked of the tasks, or a folder that isn't empty.
    """
    arms = choose_arms(base, candidate, question)
    tasks = pair(*arms, question.metrics, other_prompts=question.other_prompts)
    policy = policy_of(tasks, question)
    if folder.exists() and any(folder.iterdir()):
        raise LogQuestionError(f"--study {folder}: isn't empty, and nothing there is written over")
    names = [slug_of(each.name, limit=60) for each in arms]
    criteria = policy.criteria
    study = {
        "schema": "evalhub.study/1",
        "project": project,
        "name": f"{arms[1].name} against {arms[0].name} ({log_kinds()[question.kind].words})",
        "baseline": names[0],
        "candidate": names[1],
        "arms": {
            name: {"kind": "base", "backend": {"recorded": f"answers/{name}/{{test_set}}.jsonl"}}
            for name in names
        },
        "test_sets": {
            slug_of(task.name): {
                "file": f"items/{slug_of(task.name)}.jsonl",
                **question.terms.demand(criteria[task.name].role),
                "metric": {"name": "recorded", **task.measures[0].as_recorded()},
            }
            for task in tasks
        },
        "policy": question.terms.rule(),
    }
    path = folder / STUDY
    with folder_whole_or_gone(folder):
        for task in tasks:
            called = slug_of(task.name)
            _write_rows(folder / "items" / f"{called}.jsonl", _items(task, question))
            for name, side in zip(names, task.sides, strict=True):
                answers_file(side, folder / "answers" / name / f"{called}.jsonl")
        text = yaml.safe_dump(study, sort_keys=False, allow_unicode=True)
        with whole_or_gone(path):
            path.write_text(text, encoding="utf-8")
    return path


def _items(task: PairedTask, question: LogQuestion) -> Iterator[dict[str, Any]]:
    """Every item of either log, sorted by key."""
    items = {**task.candidate.items, **task.baseline.items}
    for key in sorted(items):
        info = item_info(items[key], task.baseline.file, question)
        row = item_row(items[key])
        if info.cluster:
            row["cluster"] = info.cluster
        if info.tags:
            row["tags"] = info.tags
        yield row


def _write_rows(path: Path, rows: Iterator[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_or_gone(path), path.open("w", encoding="utf-8") as file:
        file.writelines(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)
