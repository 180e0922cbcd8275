"""Reviewers go on while an evaluator sends the heaviest requests of every kind to a real site."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

TIMES, MORE_MS = 10, 3_000
"""What a busy machine may make of it. Where a heavy request held the threads, or the interpreter's
lock, reviewers waited for tens of seconds; the promise itself, 150 ms, is the benchmark's."""

LONGEST_S = 0.5
"""Of CPU, while nobody else can write: such a search for near-copies took 4 s, then 18 s."""


@pytest.mark.heavy
@pytest.mark.alone
def test_reviewers_hardly_notice_a_flood_of_heavy_requests(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "tests.benchmarks.heavy_flood"),
            *("--count", "3", "--items", "2000", "--pairs", "600", "--seconds", "60"),
            *("--report", str(report), "--writer-log", str(tmp_path / "writer.jsonl")),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(report.read_text())
    assert found["judgments"] > 20
    assert found["flooded_p95_ms"] < TIMES * found["alone_p95_ms"] + MORE_MS, done.stdout
    assert 0 < found["longest_transaction_cpu_s"] < LONGEST_S, done.stdout
    statuses = {int(code) for kind in found["kinds"].values() for code in kind["statuses"]}
    assert not {code for code in statuses if code >= 500 and code != 503}, done.stdout
    assert 0 not in statuses, "each request was answered"
    assert 202 in statuses
    assert 201 in statuses
