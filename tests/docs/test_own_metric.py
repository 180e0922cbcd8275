"""The page on a metric of one's own, its example and its commands, run as they stand."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from evalhub.declare.declaration import default_of
from runners.metrics.own_source import MetricCommand

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "own-metric.md"
TEXT = PAGE.read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


def rows(folder: Path, name: str, field: str, texts: list[str]) -> None:
    lines = [json.dumps({"id": f"q{i}", field: text}) for i, text in enumerate(texts)]
    (folder / name).write_text("".join(f"{line}\n" for line in lines))


@pytest.mark.heavy
def test_the_example_is_short_and_its_commands_score_by_it(tmp_path: Path) -> None:
    [example] = blocks("python")
    code = [line for line in example.splitlines() if line.strip()]
    assert len(code) <= 15
    (tmp_path / "house.py").write_text(example)
    items = [{"id": f"q{i}", "input": f"{i}?", "reference": "A dog"} for i in range(60)]
    (tmp_path / "items.jsonl").write_text("".join(json.dumps(item) + "\n" for item in items))
    rows(tmp_path, "base.jsonl", "output", ["a dog"] * 60)
    rows(tmp_path, "tuned.jsonl", "output", ["A dog"] * 60)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    ours = ("EVALHUB_", "DJANGO_")
    env = {key: value for key, value in os.environ.items() if not key.startswith(ours)}
    done = subprocess.run(
        ["bash", "-c", blocks("sh")[0]],
        cwd=tmp_path,
        env={**env, "PATH": path, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "own metrics: words_kept" in done.stdout, done.stdout + done.stderr
    assert "0.50" in done.stdout, done.stdout + done.stderr
    assert done.returncode == 0, done.stdout + done.stderr
    assert yaml.safe_load(blocks("yaml")[0]) == {"metric": {"name": "words_kept", "lower": False}}


def test_the_page_has_a_command_s_fields_with_their_defaults() -> None:
    table = dict(re.findall(r"^\| `(\w+)` \| [^|]* \| `?([^|`]*)`? ?\|$", TEXT, re.MULTILINE))
    for field, default in table.items():
        assert field in MetricCommand.model_fields
        if default.strip():
            assert json.dumps(default_of(MetricCommand, field)) in (default, f"{default}.0")
    assert table.keys() == MetricCommand.model_fields.keys() - {"binary", "normalisation"}
