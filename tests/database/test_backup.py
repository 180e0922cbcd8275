"""Everything in one file and back, whichever the database, while everything goes on."""

import gzip
import hashlib
import json
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.database.homes import (
    a_home,
    all_decisions,
    decisions,
    evalhub,
    fresh_postgresql,
    header,
    lines,
    rows_of,
    without_restores,
)
from tests.database.test_tables import environment

WRITES = """
import sqlite3, sys, uuid
database = sqlite3.connect(sys.argv[1], timeout=20, isolation_level=None)
names = [name for _, name, *_ in database.execute("PRAGMA table_info(accounts_user)")]
names = ", ".join(name for name in names if name not in ("id", "username", "email"))
print("writing", flush=True)
while True:
    name = uuid.uuid4().hex
    database.execute("BEGIN IMMEDIATE")
    user = database.execute(
        f"INSERT INTO accounts_user (username, email, {names}) "
        f"SELECT ?, '', {names} FROM accounts_user ORDER BY id LIMIT 1", [name]
    ).lastrowid
    database.execute(
        "INSERT INTO accounts_membership (project_id, user_id, role) VALUES (1, ?, 'reviewer')",
        [user],
    )
    database.execute("COMMIT")
"""


pytestmark = pytest.mark.heavy


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a home, and a backup of it in b.jsonl.gz."""
    folder = tmp_path_factory.mktemp("kept")
    a_home(folder)
    done = evalhub("backup", "b.jsonl.gz", at=folder)
    assert done.returncode == 0, done.stderr
    return folder


def there(at: Path) -> Path:
    at.mkdir()
    return at


def test_a_fresh_home_is_the_same_again(kept: Path, tmp_path: Path) -> None:
    done = evalhub("restore", kept / "b.jsonl.gz", at=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Restored: " in done.stdout
    assert decisions(tmp_path) == all_decisions()
    assert evalhub("backup", "again.jsonl.gz", at=tmp_path).returncode == 0
    again, first = rows_of(tmp_path / "again.jsonl.gz"), rows_of(kept / "b.jsonl.gz")
    assert without_restores(again) == without_restores(first)
    assert len(again) == len(first) + 2, "that it was restored, and its link"


def test_a_backup_goes_through_pipes_and_has_the_sum_that_sha256sum_prints(
    kept: Path, tmp_path: Path
) -> None:
    command = str(Path(sys.executable).with_name("evalhub"))
    through = (
        f"{command} backup - 2>said | tee copy.jsonl.gz | "
        f"{command} --home {tmp_path / 'again'} restore -"
    )
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", through],
        cwd=kept, env=environment(kept), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    sums = [
        hashlib.sha256((kept / name).read_bytes()).hexdigest()
        for name in ("copy.jsonl.gz", "b.jsonl.gz")
    ]
    assert (kept / "said").read_text().splitlines()[-1] == f"SHA-256 {sums[0]}"
    assert done.stdout.splitlines()[-1] == f"SHA-256 {sums[0]}"
    assert "standard input" in done.stdout
    assert not list((tmp_path / "again").glob(".restored*"))
    said = evalhub("restore", kept / "b.jsonl.gz", "--home", tmp_path / "third", at=tmp_path)
    assert said.stdout.splitlines()[-1] == f"SHA-256 {sums[1]}"
    assert rows_of(kept / "copy.jsonl.gz")[:-1] == rows_of(kept / "b.jsonl.gz")[:-1]


@pytest.mark.parametrize("redirection", [">/dev/full", ">&-", "| true; exit ${PIPESTATUS[0]}"])
def test_a_backup_that_could_not_be_written_is_no_success(kept: Path, redirection: str) -> None:
    command = str(Path(sys.executable).with_name("evalhub"))
    done = subprocess.run(
        ["bash", "-c", f"{command} backup - {redirection}"],
        cwd=kept, env=environment(kept), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 74
    assert "standard output can't be written: " in done.stderr
    assert "SHA-256" not in done.stderr


def test_a_restored_home_is_worked_in(kept: Path, tmp_path: Path) -> None:
    """New rows get new ids: the counters go on after those that were restored."""
    assert evalhub("restore", kept / "b.jsonl.gz", at=tmp_path).returncode == 0
    added = evalhub(
        "user", "add", "paul", "--project", "support-desk", "--role", "owner", at=tmp_path
    )
    assert added.returncode == 0, added.stderr
    listed = evalhub("user", "list", at=tmp_path).stdout
    assert "paul: owner of support-desk" in listed
    assert "ruth: reviewer of support-desk" in listed


@pytest.mark.services
def test_from_either_database_to_either(kept: Path, tmp_path: Path, postgres_url: str) -> None:
    url = fresh_postgresql(postgres_url, "restored")
    first, second = there(tmp_path / "first"), there(tmp_path / "second")
    done = evalhub("restore", kept / "b.jsonl.gz", at=first, EVALHUB_DATABASE_URL=url)
    assert done.returncode == 0, done.stderr
    added = evalhub("user", "add", "paul", at=first, EVALHUB_DATABASE_URL=url)
    assert added.returncode == 0, added.stderr
    saved = evalhub("backup", "pg.jsonl.gz", at=first, EVALHUB_DATABASE_URL=url)
    assert saved.returncode == 0, saved.stderr
    back = evalhub("restore", first / "pg.jsonl.gz", at=second)
    assert back.returncode == 0, back.stderr
    assert decisions(second) == all_decisions()
    there_now = without_restores(rows_of(first / "pg.jsonl.gz"))
    new = set(there_now) - set(rows_of(kept / "b.jsonl.gz"))
    assert all(line.startswith(('["accounts.user"', '["accounts.signinlink"')) for line in new), new
    assert evalhub("backup", "again.jsonl.gz", at=second).returncode == 0
    assert without_restores(rows_of(second / "again.jsonl.gz")) == there_now


def test_it_is_the_state_of_one_moment_while_others_write(tmp_path: Path) -> None:
    """A person and their role are written together: no backup has the one without the other."""
    a_home(tmp_path)
    database = tmp_path / "home" / "evalhub.sqlite3"
    assert evalhub("user", "list", at=tmp_path).returncode == 0
    with subprocess.Popen(
        [sys.executable, "-c", WRITES, database],
        env=environment(tmp_path), stdout=subprocess.PIPE, text=True,
    ) as writer:  # fmt: skip
        assert writer.stdout is not None
        assert writer.stdout.readline() == "writing\n"
        with closing(sqlite3.connect(database)) as opened:
            before = opened.execute("SELECT count(*) FROM accounts_user").fetchone()[0]
        done = evalhub("backup", "b.jsonl.gz", at=tmp_path)
        with closing(sqlite3.connect(database)) as opened:
            after = opened.execute("SELECT count(*) FROM accounts_user").fetchone()[0]
        writer.kill()
    assert done.returncode == 0, done.stderr
    assert after > before, "nobody wrote meanwhile"
    rows = [json.loads(each) for each in rows_of(tmp_path / "b.jsonl.gz")]
    users = {row[0] for label, row in rows if label == "accounts.user"}
    members = {row[2] for label, row in rows if label == "accounts.membership"}
    assert users == members


def test_a_backup_is_its_owner_s_alone_and_replaces_nothing(kept: Path) -> None:
    file = kept / "b.jsonl.gz"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = file.read_bytes()
    again = evalhub("backup", "b.jsonl.gz", at=kept)
    assert again.returncode == 64
    assert "is there already" in again.stderr
    assert file.read_bytes() == before
    nowhere = evalhub("backup", "no/such/folder/b.jsonl.gz", at=kept)
    assert nowhere.returncode == 64
    assert "No such file or directory" in nowhere.stderr
    assert sorted(each.name for each in kept.iterdir() if each.name.startswith(".")) == []


def test_who_is_signed_in_and_the_signing_key_stay_behind(kept: Path) -> None:
    text = "".join(lines(kept / "b.jsonl.gz"))
    assert '["sessions.session"' not in text
    key = kept / "home" / "secret_key"
    assert not key.exists() or key.read_text() not in text


def cut(lines: list[str]) -> list[str]:
    return lines[:-1]


def with_a_row_less(lines: list[str]) -> list[str]:
    return [*lines[:40], *lines[41:]]


def with_a_changed_vote(lines: list[str]) -> list[str]:
    place = next(i for i, each in enumerate(lines) if each.startswith('["reviews.judgment"'))
    was = next(each for each in ("left", "right", "tie") if f'"{each}"' in lines[place])
    changed = lines[place].replace(f'"{was}"', '"both-bad"', 1)
    return [*lines[:place], changed, *lines[place + 1 :]]


def of_a_later_version(lines: list[str]) -> list[str]:
    told = json.loads(lines[0])
    told["migrations"].append(["registry", "9999_later"])
    return [json.dumps(told) + "\n", *lines[1:]]


def of_something_else(lines: list[str]) -> list[str]:
    return ['{"a": 1}\n', *lines[1:]]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (cut, "isn't a whole backup: its last line is missing"),
        (with_a_row_less, "was changed since it was written"),
        (with_a_changed_vote, "was changed since it was written"),
        (of_a_later_version, "was changed since it was written"),
        (of_something_else, "isn't a backup of Evalhub"),
    ],
)
def test_what_isn_t_a_whole_backup_changes_nothing(
    kept: Path, tmp_path: Path, change: object, words: str
) -> None:
    assert callable(change)
    with gzip.open(tmp_path / "b.jsonl.gz", "wt", encoding="utf-8") as file:
        file.writelines(change(list(lines(kept / "b.jsonl.gz"))))
    done = evalhub("restore", "b.jsonl.gz", at=tmp_path)
    assert (done.returncode, words in done.stderr) == (65, True), done.stderr
    assert not list((tmp_path / "home").glob("*.sqlite3")) or not tables(tmp_path)


def tables(at: Path) -> list[str]:
    with closing(sqlite3.connect(at / "home" / "evalhub.sqlite3")) as database:
        found = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        return [name for (name,) in found]


def test_a_cut_file_changes_nothing(kept: Path, tmp_path: Path) -> None:
    whole = (kept / "b.jsonl.gz").read_bytes()
    (tmp_path / "b.jsonl.gz").write_bytes(whole[: len(whole) // 2])
    done = evalhub("restore", "b.jsonl.gz", at=tmp_path)
    assert done.returncode == 65
    assert "isn't a whole backup" in done.stderr
    missing = evalhub("restore", "none.jsonl.gz", at=tmp_path)
    assert (missing.returncode, missing.stderr) == (65, "evalhub: there is no file none.jsonl.gz\n")


def test_where_there_is_data_nothing_is_restored(kept: Path, tmp_path: Path) -> None:
    assert evalhub("user", "add", "olga", at=tmp_path).returncode == 0
    done = evalhub("restore", kept / "b.jsonl.gz", at=tmp_path)
    assert done.returncode == 65
    assert "this database holds data" in done.stderr
    assert evalhub("user", "list", at=tmp_path).stdout == "olga: no role\n"


def test_a_home_that_was_made_and_never_used_is_fresh(kept: Path, tmp_path: Path) -> None:
    assert evalhub("user", "list", at=tmp_path).returncode == 0
    done = evalhub("restore", kept / "b.jsonl.gz", at=tmp_path)
    assert done.returncode == 0, done.stderr
    assert decisions(tmp_path) == all_decisions()


def test_the_header_names_version_and_migrations(kept: Path) -> None:
    told = header(kept / "b.jsonl.gz")
    assert told["format"] == "evalhub-backup/1"
    assert ["accounts", "0001_initial"] in told["migrations"]
