"""A part of the live demo that takes minutes: every fourth item or so, drawn by a seed."""

import json
from pathlib import Path
from random import Random
from typing import Any

import yaml

SHARE = 4
"""One item in so many, of each test set."""
SEED = 7
SUFFIX = "-share"


def a_share(study: Path, folder: Path) -> Path:
    """The study with a share of its items, written into `folder`; the same each time.

    It has a slug of its own, so that it is another study than the whole one.
    """
    document: dict[str, Any] = yaml.safe_load(study.read_text(encoding="utf-8"))
    document["name"] += f", one item in {SHARE}"
    document["slug"] += SUFFIX
    folder.mkdir(parents=True, exist_ok=True)
    for name, test_set in document["test_sets"].items():
        lines = (study.parent / test_set["file"]).read_text(encoding="utf-8").splitlines()
        drawn = sorted(Random(f"{name}/{SEED}").sample(range(len(lines)), len(lines) // SHARE))
        file = folder / f"{name}.jsonl"
        file.write_text("".join(f"{lines[number]}\n" for number in drawn), encoding="utf-8")
        test_set["file"] = file.name
    path = folder / study.with_suffix(".json").name
    path.write_text(json.dumps(document, ensure_ascii=False, indent=1), encoding="utf-8")
    return path
