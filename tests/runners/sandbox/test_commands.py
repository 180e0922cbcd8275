"""The sandbox by the commands: `doctor` tries it, and `compare` and a study are refused without."""

import json
from pathlib import Path

import pytest

from tests.database.homes import evalhub

pytestmark = pytest.mark.heavy
ITEMS = [
    {
        "task_id": f"HumanEval/{900 + n}",
        "prompt": f'def add(number: int) -> int:\n    """The number and {n}."""\n',
        "entry_point": "add",
        "canonical_solution": f"    return number + {n}\n",
        "test": f"def check(candidate):\n    assert candidate(1) == 1 + {n}\n",
    }
    for n in range(20)
]
STUDY = """\
schema: evalhub.study/1
name: Which model writes code
project: code
baseline: base
test_sets:
  tasks: {file: tasks.jsonl, role: primary, metric: {name: code_tests}}
arms:
  base: {kind: base, backend: {recorded: base.jsonl}}
  tuned: {kind: lora, parent: base, backend: {recorded: tuned.jsonl}}
policy: {}
"""


def written(folder: Path) -> Path:
    for name, right in (("base", 10), ("tuned", 20)):
        (folder / f"{name}.jsonl").write_text(
            "".join(
                json.dumps(
                    {
                        "id": item["task_id"],
                        "output": item["canonical_solution"] if n < right else "    return None\n",
                    }
                )
                + "\n"
                for n, item in enumerate(ITEMS)
            )
        )
    (folder / "tasks.jsonl").write_text("".join(json.dumps(item) + "\n" for item in ITEMS))
    return folder


COMPARE = ["compare", "base.jsonl", "tuned.jsonl", "--test-set", "tasks.jsonl"]
COMPARE += ["--metric", "code_tests"]


REFUSED = (
    "code_tests runs what an answer says, in a sandbox that can't be had here: bubblewrap isn't "
    "installed (`apt-get install bubblewrap`)"
)


def test_code_is_compared_by_the_tests_of_humaneval_s_file(tmp_path: Path) -> None:
    done = evalhub(*COMPARE, "--json", at=written(tmp_path))
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)
    (criterion,) = record["criteria"]
    assert (record["verdict"], criterion["baseline"], criterion["candidate"]) == ("ship", 0.5, 1)
    refused = evalhub(*COMPARE, at=tmp_path, PATH=str(tmp_path))
    assert (refused.returncode, refused.stdout) == (64, "")
    assert REFUSED in " ".join(refused.stderr.split())


def test_a_study_of_code_is_decided_and_refused_without_a_sandbox(tmp_path: Path) -> None:
    written(tmp_path).joinpath("study.yaml").write_text(STUDY)
    refused = evalhub("study", "run", "study.yaml", at=tmp_path, PATH=str(tmp_path))
    assert refused.returncode == 65
    assert REFUSED in " ".join(refused.stderr.split())
    done = evalhub("study", "run", "study.yaml", at=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "ship" in done.stdout


def test_the_doctor_tries_the_sandbox(tmp_path: Path) -> None:
    tried = evalhub("doctor", "--json", at=tmp_path)
    missing = evalhub("doctor", "--json", at=tmp_path, PATH=str(tmp_path))
    one, other = (
        next(row for row in json.loads(done.stdout) if row["name"] == "sandbox")
        for done in (tried, missing)
    )
    assert one["seen"] == "bubblewrap holds a program that tries to leave it"
    assert other["seen"] == "none: bubblewrap isn't installed (`apt-get install bubblewrap`)"
    assert other["advice"] == "code_tests, pass_at_k, sql_result are refused here."
