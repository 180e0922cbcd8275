"""Homes that forget, by the real commands: a fresh one in CI, and an old backup restored."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.database.homes import evalhub
from tests.migrated import a_migrated_database
from tests.studies.desks import Desk

pytestmark = pytest.mark.heavy

NOT_KNOWN_HERE = "it counts no look that was taken elsewhere since that backup was written."


class Team:
    """A folder of files, with homes in it; a candidate is known by how many answers are right."""

    def __init__(self, folder: Path, **more: str) -> None:
        self.folder, self.desk, self.more = folder, Desk(folder), more
        del self.desk.study["test_sets"]["sums"]

    def command(self, *words: object, home: str, code: int = 0, **more: str) -> str:
        done = evalhub(*words, "--home", home, at=self.folder, **self.more | more)
        assert done.returncode == code, done.stderr
        return done.stdout + done.stderr

    def decides(self, right: int, *, home: str, **more: str) -> dict[str, Any]:
        """The record of `study run` on this candidate, which is kept in a file, too."""
        self.desk.answers("tuned", "triage", ["right"] * right + ["wrong"] * (60 - right))
        self.desk.study["slug"] = f"candidate-{right}"
        words = ("study", "run", self.desk.write(), "--json", "--home", home)
        done = evalhub(*words, at=self.folder, **self.more | more)
        assert done.returncode == 0, done.stderr
        (self.folder / f"{home}-{right}.json").write_text(done.stdout)
        record: dict[str, Any] = json.loads(done.stdout)
        return record

    def verifies(self, record: str, *, home: str, code: int = 0) -> str:
        return self.command("decision", "verify", f"{record}.json", home=home, code=code)


def look(record: dict[str, Any]) -> int:
    (row,) = record["ledger"]["test_sets"]
    return int(row["number"])


def caveats(record: dict[str, Any]) -> dict[str, str]:
    """Those that are about the ledger."""
    told = {each["code"]: each["sentence"] for each in record.get("caveats", ())}
    return {code: sentence for code, sentence in told.items() if code.startswith("ledger-")}


def test_a_fresh_home_in_ci_says_so_each_time_and_another_home_by_one_line(tmp_path: Path) -> None:
    team = Team(tmp_path)
    for job, right in (("job-1", 30), ("job-2", 35)):  # containers without a cache
        record = team.decides(right, home=job, CI="true")
        assert look(record) == 1
        assert caveats(record) == {"ledger-begun": "this ledger was begun by this command, in CI"}
        assert team.decides(right, home=job, CI="true") == record, "the same again is the same"
        assert "✗" not in team.verifies(f"{job}-{right}", home=job)
    later = team.decides(40, home="job-2", GITHUB_ACTIONS="true")
    assert look(later) == 2
    assert "was begun less than a day before this look, in CI" in caveats(later)["ledger-begun"]
    on_purpose = team.decides(30, home="another")
    assert caveats(on_purpose) == {}
    assert on_purpose["ledger"]["sentences"][-1].startswith("This ledger was begun by this command")


def restored_and_asked_again(team: Team) -> None:
    first = team.decides(30, home="true")
    parent = first["ledger"]["home"]
    team.command("backup", "old.jsonl.gz", home="true")
    assert look(team.decides(35, home="true")) == 2
    told = team.command("restore", "old.jsonl.gz", home="copy")
    second = team.decides(40, home="copy")
    own = second["ledger"]["home"]
    assert own != parent
    assert f"Its ledger goes on as {own}" in told
    assert look(second) == 2, "the look of before is there; the true home's second one isn't"
    sentence = caveats(second)["ledger-restored"]
    assert sentence.startswith(f"this ledger was restored from a backup of the ledger {parent}, 1 ")
    assert second["headline"].endswith(f"{sentence}.")
    assert " Note: " in second["headline"]
    line = second["ledger"]["sentences"][-1]
    assert line.startswith(f"T{sentence[1:]}: ")
    assert line.endswith(NOT_KNOWN_HERE)
    assert second["ledger"]["restored"]["entries"] == 1
    for record in ("true-30", "copy-40"):  # the parent's decision is the copy's own
        assert "✗" not in team.verifies(record, home="copy")
    assert "tuned: ledger: differs" in team.verifies("copy-40", home="true", code=65)
    assert "tuned: look on triage: differs" in team.verifies("true-35", home="copy", code=65)
    assert "links of its chain hold" in team.command("doctor", home="copy")
    fresh = (
        {"id": f"q{i}", "input": f"Not in it: {i + 900}", "reference": "right"} for i in range(60)
    )
    team.desk.rows("triage.jsonl", fresh)
    assert caveats(team.decides(45, home="copy")) == {}


def test_an_old_backup_restored_has_a_ledger_of_its_own_and_says_so(tmp_path: Path) -> None:
    restored_and_asked_again(Team(tmp_path))


def test_a_copy_of_a_copy_names_the_newest_and_knows_all_its_decisions(tmp_path: Path) -> None:
    team = Team(tmp_path)
    ran = team.decides(30, home="true")
    team.command("backup", "first.jsonl.gz", home="true")
    team.command("restore", "first.jsonl.gz", home="copy")
    team.command("backup", "second.jsonl.gz", home="copy")
    team.command("restore", "second.jsonl.gz", home="copy-of-copy")
    record = team.decides(35, home="copy-of-copy")
    assert record["ledger"]["restored"]["parent"] not in (ran["ledger"]["home"], "")
    for file in ("true-30", "copy-of-copy-35"):
        assert "✗" not in team.verifies(file, home="copy-of-copy")
    assert "links of its chain hold" in team.command("doctor", home="copy-of-copy")


@pytest.mark.services
def test_so_it_is_on_postgresql(tmp_path: Path, postgres_url: str) -> None:
    """The true home on SQLite, its copy on PostgreSQL."""

    class OnPostgreSQL(Team):
        def command(self, *words: object, home: str, code: int = 0, **more: str) -> str:
            return super().command(*words, home=home, code=code, **url(home) | more)

        def decides(self, right: int, *, home: str, **more: str) -> dict[str, Any]:
            return super().decides(right, home=home, **url(home) | more)

    database = a_migrated_database(postgres_url, "restored_ledger")

    def url(home: str) -> dict[str, str]:
        return {"EVALHUB_DATABASE_URL": database} if home == "copy" else {}

    restored_and_asked_again(OnPostgreSQL(tmp_path))
