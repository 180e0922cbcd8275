"""A full disk is called so by each door, and nothing half-written is left."""

import random
import resource
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from django.db import OperationalError, connection
from django.test import RequestFactory

from evalhub import settings
from evalhub.accounts.models import User
from evalhub.cli.app import run
from evalhub.io.full_disk import full_path, is_full_disk, whole_or_gone
from evalhub.serving.failing import failure_page
from tests.cli.test_compare import EXACT, answer, write
from tests.database.homes import evalhub
from tests.database.test_tables import environment

Capture = pytest.CaptureFixture[str]


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """Meanwhile this process's files can't grow beyond this many bytes, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    assert signal.getsignal(signal.SIGXFSZ) is signal.SIG_IGN
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def full_database() -> Iterator[None]:
    """SQLite's file may not grow, and its free pages are used up."""
    if connection.vendor != "sqlite":
        pytest.skip("SQLite alone can be told how large it may grow")
    with connection.cursor() as cursor:
        before = cursor.execute("PRAGMA max_page_count").fetchone()[0]
        cursor.execute("PRAGMA max_page_count = 1")  # which is as many as there are
        yield
        cursor.execute(f"PRAGMA max_page_count = {before}")


def fill_up() -> OperationalError:
    """What the database raises of a row that it has no page for."""
    try:
        for number in range(2_000):  # other tests leave free pages in the file
            User.objects.create(username=f"large-{number}", first_name="x" * 20_000)
    except OperationalError as error:
        return error
    raise AssertionError("it isn't full")


def test_a_report_on_a_full_disk_is_74_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.chdir(tmp_path)
    write("items.jsonl", [{"id": i, "reference": "right"} for i in range(300)])
    answer("base.jsonl", ["wrong"] * 300)
    answer("tuned.jsonl", ["right"] * 30 + ["wrong"] * 270)
    Path("kept").write_text("as it was")
    before = sorted(tmp_path.iterdir())
    with files_of_at_most(1000):
        code = run([*EXACT, "--report", "kept"])
    message = capsys.readouterr().err
    assert code == 74, message
    assert "the disk is full: kept: can't be written" in message
    assert Path("kept").read_text() == "as it was"
    assert sorted(tmp_path.iterdir()) == before


def test_a_key_or_a_study_on_a_full_disk_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.chdir(tmp_path)
    with files_of_at_most(10):
        assert run(["decision", "keygen", "key"]) == 74
    assert capsys.readouterr().err.startswith("evalhub: the disk is full: key can't be written")
    too_large = pytest.raises(OSError, match="File too large")
    with files_of_at_most(10), too_large as caught, whole_or_gone(Path("x")):
        Path("x").write_text("more than ten characters")
    assert (full_path(caught.value), is_full_disk(caught.value)) == ("x", True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", [".gitignore", "secret_key"])
def test_a_home_on_a_full_disk_is_made_whole_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(settings, "HOME", tmp_path / "home")
    monkeypatch.delenv("EVALHUB_SECRET_KEY", raising=False)
    settings._secret_key.cache_clear()
    if name == "secret_key":
        settings.make_home()
    make = settings.make_home if name == ".gitignore" else settings._secret_key
    with files_of_at_most(1), pytest.raises(OSError, match="File too large") as caught:
        make()
    assert full_path(caught.value) == str(tmp_path / "home" / name)
    assert not (tmp_path / "home" / name).exists()
    make()
    assert (tmp_path / "home" / name).read_text()
    settings._secret_key.cache_clear()


@pytest.mark.heavy
@pytest.mark.django_db(transaction=True)
def test_a_full_database_is_named_with_its_file(full_database: None, capsys: Capture) -> None:
    name = "x" * 60
    code = next(code for i in range(3000) if (code := run(["user", "add", f"{name}{i}"])))
    message = capsys.readouterr().err
    assert code == 74
    assert "evalhub: the disk is full: the database at " in message
    assert str(connection.settings_dict["NAME"]) in message
    assert "database or disk is full" in message


@pytest.mark.django_db(transaction=True)
def test_the_page_of_a_request_that_found_the_disk_full_is_507(
    full_database: None, caplog: pytest.LogCaptureFixture
) -> None:
    error = fill_up()
    assert is_full_disk(error)
    try:
        raise error
    except OperationalError:
        page = failure_page(RequestFactory().get("/"))
    assert page.status_code == 507
    assert "disk is full" in page.content.decode()


@pytest.mark.heavy
def test_a_backup_on_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    assert evalhub("user", "add", "large", at=tmp_path).returncode == 0
    noise = random.Random(7).randbytes(2**18).hex()  # which no compression makes small
    with closing(sqlite3.connect(tmp_path / "home" / "evalhub.sqlite3")) as database, database:
        database.execute("UPDATE accounts_user SET first_name = ?", [noise])
    there = sorted(tmp_path.iterdir())
    command = Path(sys.executable).with_name("evalhub")
    done = subprocess.run(
        ["bash", "-c", f"ulimit -f 128; {command} backup b.jsonl.gz"],
        cwd=tmp_path,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 74, done.stderr
    assert done.stderr.startswith("evalhub: the disk is full: b.jsonl.gz can't be written")
    assert sorted(tmp_path.iterdir()) == there


def test_what_is_another_error_is_no_full_disk() -> None:
    assert not is_full_disk(OSError(13, "Permission denied"))
    assert not is_full_disk(OperationalError("no such table"))
    assert is_full_disk(OSError(28, "No space left on device"))
