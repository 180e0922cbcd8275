"""What doesn't load a model loads neither torch nor transformers: each takes seconds."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.test_growing_up import environment
from tests.fakes.openai_server import OpenAIServer

LOOKED_AT = """
import sys
from evalhub.cli.app import run
code = run(sys.argv[1:])
loaded = {"torch", "transformers", "peft", "tokenizers"} & set(sys.modules)
sys.exit(f"loaded {sorted(loaded)}" if loaded else code)
"""


def evalhub(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", LOOKED_AT, *arguments],
        cwd=folder,
        env=environment(folder, {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def written(path: Path, *rows: dict[str, object]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.mark.heavy
def test_comparing_loads_no_torch(tmp_path: Path) -> None:
    items = [{"id": at, "input": f"{at}?", "reference": str(at)} for at in range(30)]
    written(tmp_path / "items.jsonl", *items)
    for name in ("a", "b"):
        written(tmp_path / f"{name}.jsonl", *({"id": at, "output": str(at)} for at in range(30)))
    asked = ["a.jsonl", "b.jsonl", "--test-set", "items.jsonl", "--metric", "exact_match"]
    process = evalhub(tmp_path, "compare", *asked, "--json")
    said, errors = process.communicate(timeout=60)
    assert "loaded" not in errors
    assert json.loads(said)["verdict"]


@pytest.mark.heavy
def test_a_study_of_a_server_loads_no_torch(tmp_path: Path) -> None:
    written(
        tmp_path / "items.jsonl",
        *({"id": at, "input": f"{at}?", "reference": f"You said: {at}?"} for at in range(30)),
    )
    with OpenAIServer() as server:
        arm = f"backend: {{openai: {{url: '{server.url}', model: echo}}}}"
        (tmp_path / "study.yaml").write_text(
            "schema: evalhub.study/1\nproject: desk\nname: Echo\nbaseline: a\n"
            f"arms:\n  a: {{kind: base, {arm}}}\n"
            f"  b: {{kind: prompted, prompt: {{system: Say}}, {arm}}}\n"
            "test_sets:\n  words:\n    {file: items.jsonl, role: primary, "
            "metric: {name: exact_match}}\npolicy: {ledger: 'off'}\n"
        )
        process = evalhub(tmp_path, "study", "run", "study.yaml", "--json")
        said, errors = process.communicate(timeout=60)
        assert len(server.requests) == 60
    assert "loaded" not in errors
    assert json.loads(said)["verdict"]


@pytest.mark.heavy
def test_up_loads_no_torch(tmp_path: Path) -> None:
    process = evalhub(tmp_path, "up", "--port", "0")
    assert process.stdout
    assert "http://" in process.stdout.readline()
    process.terminate()
    _, errors = process.communicate(timeout=60)
    assert "loaded" not in errors
    assert process.returncode == 0
