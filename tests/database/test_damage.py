"""A damaged database is said to be one, with what to do; a killed restore leaves all or nothing."""

import json
import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.database.homes import a_backup, a_home, decisions, evalhub
from tests.database.test_tables import EVALHUB, environment

FILE = Path("home") / "evalhub.sqlite3"


def emptied(file: Path) -> None:
    file.write_bytes(b"")


def overwritten(file: Path) -> None:
    file.write_bytes(b"this is no database" * 1000)


def garbled_in_its_header(file: Path) -> None:
    with file.open("r+b") as opened:
        opened.write(b"\0" * 100)


def cut_to_half(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def cut_in_its_first_page(file: Path) -> None:
    os.truncate(file, 300)


def without(table: str) -> Callable[[Path], None]:
    def dropped(file: Path) -> None:
        with closing(sqlite3.connect(file)) as opened, opened:
            opened.execute("PRAGMA foreign_keys = OFF")
            opened.execute(f"DROP TABLE {table}")

    dropped.__name__ = f"without_{table}"
    return dropped


def without_any_table(file: Path) -> None:
    file.unlink()
    with closing(sqlite3.connect(file)) as opened:
        opened.execute("PRAGMA journal_mode = WAL")


@pytest.mark.heavy
@pytest.mark.parametrize(
    "harm",
    [
        emptied,
        overwritten,
        garbled_in_its_header,
        cut_to_half,
        cut_in_its_first_page,
        without("ledger_look"),
        without("django_migrations"),
        without_any_table,
    ],
    ids=lambda harm: harm.__name__,
)
def test_a_damaged_file_is_65_and_never_a_fresh_home(
    tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    a_home(tmp_path)
    file = tmp_path / FILE
    with closing(sqlite3.connect(file)) as opened:
        opened.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    harm(file)
    before = file.read_bytes()
    done = evalhub("user", "list", at=tmp_path)
    assert (done.returncode, done.stdout) == (65, ""), done.stderr
    for words in ("evalhub: the database is damaged", "evalhub restore BACKUP", str(file)):
        assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert file.read_bytes() == before
    checked = evalhub("doctor", "--json", at=tmp_path)
    found = {each["name"]: each for each in json.loads(checked.stdout)}
    assert not found["database"]["well"]
    assert "evalhub restore BACKUP" in found["database"]["advice"]
    for suffix in ("", "-wal", "-shm"):  # as the advice says
        beside = file.with_name(f"{file.name}{suffix}")
        if beside.exists():
            beside.rename(tmp_path / beside.name)
    restored = evalhub("restore", a_backup(), at=tmp_path)
    assert restored.returncode == 0, restored.stderr
    assert len(decisions(tmp_path)) == 3


@pytest.mark.heavy
def test_a_home_that_can_not_be_written_is_named_by_doctor(tmp_path: Path) -> None:
    """The row that doctor writes is taken back."""
    a_home(tmp_path)
    before = (tmp_path / FILE).read_bytes()
    checked = evalhub("doctor", "--json", at=tmp_path)
    found = {each["name"]: each for each in json.loads(checked.stdout)}
    assert found["database"]["well"]
    assert (tmp_path / FILE).read_bytes() == before
    with closing(sqlite3.connect(tmp_path / FILE)) as opened, opened:
        opened.execute(
            "CREATE TRIGGER full BEFORE UPDATE ON django_migrations "
            "BEGIN SELECT RAISE(ABORT, 'disk is full'); END"
        )
    checked = evalhub("doctor", "--json", at=tmp_path)
    found = {each["name"]: each for each in json.loads(checked.stdout)}
    assert not found["database"]["well"]
    assert "disk is full" in found["database"]["seen"]


@pytest.mark.heavy
def test_a_restore_that_is_killed_leaves_all_or_nothing(tmp_path: Path) -> None:
    """Killed as soon as it has begun to write, and at later moments; then done to the end."""
    at = tmp_path
    (at / "home").mkdir(mode=0o700)
    part = at / FILE.with_name(f"{FILE.name}.new")
    for written in (0, 1, 200_000, 1_000_000, 3_000_000):
        process = subprocess.Popen(
            [str(EVALHUB), "restore", str(a_backup())],
            cwd=at,
            env=environment(at),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        while process.poll() is None and size_with_log(part) < written:
            time.sleep(0.005)
        while process.poll() is None and not part.exists():
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.wait()
        if process.returncode == 0 or (at / FILE).exists():  # it was faster than we were
            assert len(decisions(at)) == 3
            (at / FILE).unlink()
        else:
            told = evalhub("doctor", "--json", at=at)
            found = {each["name"]: each for each in json.loads(told.stdout)}
            assert found["database"]["seen"] == "SQLite, not made yet"
    done = evalhub("restore", a_backup(), at=at)
    assert done.returncode == 0, done.stderr
    assert len(decisions(at)) == 3
    assert sorted(each.name for each in (at / "home").glob("*.new*")) == []


def size_with_log(part: Path) -> int:
    sizes = []
    for suffix in ("", "-wal"):
        try:
            sizes.append(part.with_name(f"{part.name}{suffix}").stat().st_size)
        except FileNotFoundError:
            sizes.append(-1)
    return max(sizes)
