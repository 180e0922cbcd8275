"""From SQLite to PostgreSQL and Redis by the environment alone, as docs/how-to/growing-up.md has
it."""

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.migrated import a_migrated_database

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
STUDY = """\
schema: evalhub.study/1
project: sums
name: Shall we ship?
arms:
  base: {kind: base, backend: {recorded: base.jsonl}}
  tuned: {kind: lora, parent: base, backend: {recorded: tuned.jsonl}}
baseline: base
candidate: tuned
test_sets:
  sums: {file: sums.jsonl, role: primary, metric: {name: exact_match}}
"""
DIGESTS = "SELECT digest FROM ledger_decision"

pytestmark = [pytest.mark.heavy, pytest.mark.services]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A study of a candidate that is right on 160 of 200 items, where 120 were right."""
    right = {"base": range(120), "tuned": range(160)}
    items = [{"id": str(i), "input": f"{i} + 1 =", "reference": str(i + 1)} for i in range(200)]
    rows = {"sums": items} | {
        arm: [{"id": str(i), "output": str(i + 1 if i in right[arm] else i)} for i in range(200)]
        for arm in right
    }
    for name, lines in rows.items():
        (tmp_path / f"{name}.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in lines))
    (tmp_path / "study.yaml").write_text(STUDY)
    return tmp_path


def environment(folder: Path, variables: dict[str, str]) -> dict[str, str]:
    """The shell's variables without Evalhub's and the tests' own, and these."""
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("EVALHUB_", "DJANGO_"))}
    return plain | {"EVALHUB_HOME": str(folder / "home")} | variables


def call(*command: str | Path, folder: Path, **variables: str) -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment(folder, variables),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def verdict(folder: Path, **variables: str) -> dict[str, Any]:
    out = call(BIN / "evalhub", "study", "run", "study.yaml", "--json", folder=folder, **variables)
    record: dict[str, Any] = json.loads(out)
    return record


def test_a_study_has_the_same_verdict_with_a_worker_elsewhere(
    folder: Path, postgres_url: str, redis_url: str
) -> None:
    grown = {"EVALHUB_DATABASE_URL": postgres_url, "EVALHUB_REDIS_URL": redis_url}
    small = verdict(folder)
    assert small["verdict"] == "ship"
    call(BIN / "evalhub", "migrate", folder=folder, **grown)
    worker = subprocess.Popen(
        [BIN / "evalhub", "worker"],
        cwd=folder,
        env=environment(folder, grown),
        stderr=subprocess.DEVNULL,
    )
    try:
        large = verdict(folder, **grown)
    finally:
        worker.terminate()
        worker.wait(timeout=30)
    same = ["verdict", "headline", "reasons", "criteria", "breakdown", "arms", "policy"]
    assert {part: large[part] for part in same} == {part: small[part] for part in same}


def test_the_data_is_taken_along(folder: Path, postgres_url: str) -> None:
    page = (ROOT / "docs" / "how-to/growing-up.md").read_text()
    assert "evalhub backup everything.jsonl.gz" in page
    assert "evalhub restore everything.jsonl.gz" in page
    before = verdict(folder)
    with psycopg.connect(postgres_url, autocommit=True) as database:
        database.execute("CREATE DATABASE moved")
    url = urlsplit(postgres_url)._replace(path="/moved").geturl()
    call(BIN / "evalhub", "backup", "everything.jsonl.gz", folder=folder)
    call(
        *[BIN / "evalhub", "restore", "everything.jsonl.gz"],
        folder=folder, EVALHUB_DATABASE_URL=url,
    )  # fmt: skip
    with closing(sqlite3.connect(folder / "home" / "evalhub.sqlite3")) as database:
        kept = database.execute(DIGESTS).fetchall()
    with psycopg.connect(url) as moved:
        assert moved.execute(DIGESTS).fetchall() == kept
    [(digest,)] = kept
    assert digest != ""
    after = verdict(folder, EVALHUB_DATABASE_URL=url)
    # its ledger goes on under an id of its own, and every record says from which backup
    of_the_ledger = {"ledger", "ledger_head", "headline", "reasons", "caveats"}
    assert {name for name in after if after[name] != before.get(name)} == of_the_ledger
    assert after["headline"].startswith(f"{before['headline']} Note: this ledger was restored from")
    assert after["reasons"][:-1] == before["reasons"]
    assert [each["code"] for each in after["caveats"]] == ["ledger-restored"]


def test_a_study_that_no_worker_takes_up_says_so_and_ends_once_there_is_one(
    folder: Path, postgres_url: str, redis_url: str
) -> None:
    url = a_migrated_database(postgres_url, f"unattended_{os.getpid()}")
    grown = environment(
        folder, {"EVALHUB_DATABASE_URL": url, "EVALHUB_REDIS_URL": f"{redis_url}/9"}
    )
    study = subprocess.Popen(
        [BIN / "evalhub", "study", "run", "study.yaml"],
        cwd=folder,
        env=grown,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert study.stdout is not None
    said = next(line for line in study.stdout if "o worker has taken" in line)
    assert "start `evalhub worker`" in said
    worker = subprocess.Popen(
        [BIN / "evalhub", "worker"], cwd=folder, env=grown, stderr=subprocess.DEVNULL
    )
    try:
        output = study.communicate(timeout=120)[0]
        assert study.returncode == 0, output
        assert "o worker has taken" not in output
    finally:
        study.kill()
        worker.terminate()
        assert worker.wait(30) == 0
