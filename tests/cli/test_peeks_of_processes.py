"""Files compared in a home by commands of their own."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.cli.peeking import candidate, look
from tests.database.homes import evalhub
from tests.serving.site import ask, up
from tests.studies.desks import Desk

pytestmark = pytest.mark.heavy
FILES = ["base.triage.jsonl", "tuned.triage.jsonl", "--test-set", "triage.jsonl"]
COMPARE = ["compare", *FILES, "--metric", "exact_match"]


def test_a_home_of_processes_keeps_its_peeks_through_a_backup(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    del desk.study["test_sets"]["sums"]

    def command(*words: object, home: str) -> str:
        done = evalhub(*words, "--home", tmp_path / home, at=tmp_path)
        assert done.returncode in (0, 1, 2), done.stderr
        return done.stdout

    def number(*words: object, home: str = "home") -> int:
        return look(json.loads(command(*words, "--json", home=home)))[0]

    assert "Unregistered" in command(*COMPARE, home="home")
    assert not (tmp_path / "home").exists()
    assert number("study", "run", desk.write()) == 1
    candidate(desk, 1)
    assert (number(*COMPARE), number(*COMPARE)) == (2, 2)
    command("backup", tmp_path / "b.jsonl.gz", home="home")
    command("restore", tmp_path / "b.jsonl.gz", home="copy")
    assert number(*COMPARE, home="copy") == 2
    assert "Note: this ledger was restored from a backup of" in command(*COMPARE, home="copy")
    assert "Note:" not in command(*COMPARE, home="home")
    desk.study["slug"] = "later"
    assert number("study", "run", desk.write(), home="copy") == 2
    candidate(desk, 2)
    assert number(*COMPARE, home="copy") == 3
    assert "chain" in command("doctor", home="copy")


def test_four_compares_at_once_take_four_numbers(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    del desk.study["test_sets"]["sums"]
    first = evalhub("study", "run", desk.write(), "--home", "home", at=tmp_path)
    assert first.returncode == 0, first.stderr

    def number(right: int) -> int:
        words = [*COMPARE[:2], f"tuned-{right}.jsonl", *COMPARE[3:]]
        done = evalhub(*words, "--json", "--home", "home", at=tmp_path)
        assert done.returncode in (0, 1, 2), done.stderr
        return look(json.loads(done.stdout))[0]

    candidates = range(40, 44)
    for right in candidates:
        texts = ["right"] * right + ["wrong"] * (60 - right)
        desk.rows(
            f"tuned-{right}.jsonl", ({"id": f"q{i}", "output": t} for i, t in enumerate(texts))
        )
    with ThreadPoolExecutor() as threads:
        numbers = list(threads.map(number, candidates))
    assert sorted(numbers) == [2, 3, 4, 5]
    assert [number(right) for right in candidates] == numbers


@pytest.mark.services
def test_a_site_that_runs_judges_files_of_a_folder_without_a_home(tmp_path: Path) -> None:
    """By a job, since there are many items."""
    desk = Desk(tmp_path)
    del desk.study["test_sets"]["sums"]
    desk.study["project"] = "desk"
    desk.test_set("triage", 20_000)
    for arm, right in (("base", 10_000), ("tuned", 10_400)):
        texts = ["right"] * right + [f"wrong of {arm}"] * (20_000 - right)
        desk.answers(arm, "triage", texts)
    (tmp_path / "site").mkdir()
    with up(tmp_path / "site") as site:
        site.command("user", "add", "olga", "--project", "desk", "--role", "owner")
        scopes = [
            part for each in ("read", "ingest", "run", "decide") for part in ("--scope", each)
        ]
        secret = site.command("token", "add", "ci", "--project", "desk", *scopes).strip()
        at_site = {"EVALHUB_SERVER": site.url, "EVALHUB_TOKEN": secret}

        def command(*words: object) -> str:
            done = evalhub(*words, at=tmp_path, **at_site)
            assert done.returncode in (0, 1, 2), done.stderr
            return done.stdout

        def number() -> int:
            return look(json.loads(command(*COMPARE, "--json")))[0]

        command("push", desk.write())
        assert number() == 1
        desk.answers("tuned", "triage", ["right"] * 10_100 + ["wrong, too"] * 9_900)
        assert (number(), number()) == (2, 2)
        jobs = ask(site.port, "/api/v1/projects/desk/jobs", Authorization=f"Bearer {secret}")
        titles = [job["title"] for job in json.loads(jobs.text)["results"]]
        assert titles.count("Take the look of files") == 3
    assert not (tmp_path / ".evalhub").exists()
