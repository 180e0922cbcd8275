"""Processes that begin where their database isn't there yet, where nothing can be written, or as a
container's first one."""

import os
import re
import shutil
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from tests.e2e.test_growing_up import BIN, environment, folder  # noqa: F401
from tests.migrated import migrated
from tests.services import a_free_port, postgresql_server

pytestmark = [pytest.mark.heavy, pytest.mark.services]

WITHIN_S = 60
NOT_ROOT_S = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search", "--inh-caps", "-all"]
"""As root, who may do everything: a command whose rights are those that the files give."""


def works(*command: str) -> bool:
    with suppress(FileNotFoundError):
        return not subprocess.run(command, check=False, capture_output=True).returncode
    return False


@contextmanager
def begun(
    *command: str | Path, at: Path, **variables: str
) -> "Iterator[tuple[subprocess.Popen[str], list[str]]]":
    """A process with the lines that it has printed so far; it ends with the block."""
    process = subprocess.Popen(
        command,
        cwd=at,
        env=environment(at, variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    lines: list[str] = []
    assert process.stdout
    reading = threading.Thread(target=lines.extend, args=(process.stdout,), daemon=True)
    reading.start()
    try:
        yield process, lines
    finally:
        process.kill()
        process.wait()
        reading.join()


def said(lines: Sequence[str], words: str) -> str:
    """The first line with these words, once it is there."""
    end = time.monotonic() + WITHIN_S
    while not (found := [line for line in lines if re.search(words, line)]):
        assert time.monotonic() < end, lines
        time.sleep(0.05)
    return found[0]


def test_what_begins_before_its_database_says_so_and_waits_for_it(folder: Path) -> None:  # noqa: F811
    port = a_free_port()
    url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
    study = ("study", "run", "study.yaml")
    with (
        begun(BIN / "evalhub", *study, at=folder, EVALHUB_DATABASE_URL=url) as (run, told),
        begun(BIN / "evalhub", "up", "--port", "0", at=folder, EVALHUB_DATABASE_URL=url) as (_, up),
    ):
        for lines in (told, up):
            assert "This waits until it can, 120 s at most" in said(lines, "can't be used")
        with postgresql_server(f"-c listen_addresses=127.0.0.1 -c port={port}"):
            for lines in (told, up):
                assert "until `evalhub migrate` has changed them" in said(lines, "not made yet")
            migrated(url)
            assert run.wait(timeout=WITHIN_S) == 0
            address = said(up, "Evalhub is at").split()[3]
            with urllib.request.urlopen(f"{address}/readyz", timeout=WITHIN_S) as reply:
                assert reply.status == 200
        assert sum("can't be used" in line for line in told) == 1


def test_what_the_database_refuses_is_not_waited_for(folder: Path, postgres_url: str) -> None:  # noqa: F811
    url = postgres_url.replace("/postgres?", "/nowhere?")
    with begun(
        BIN / "evalhub", "study", "run", "study.yaml", at=folder, EVALHUB_DATABASE_URL=url
    ) as (run, lines):
        assert run.wait(timeout=WITHIN_S) == 69
        assert 'database "nowhere" does not exist' in said(lines, "can't be used")


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Path:
    at = tmp_path_factory.mktemp("used")
    add = ["user", "add", "olga", "--project", "p", "--role", "owner"]
    subprocess.run(
        [BIN / "evalhub", *add], env=environment(at, {}), check=True, capture_output=True
    )
    return at / "home"


@pytest.fixture
def home(used: Path, tmp_path: Path) -> Path:
    """One that is used already."""
    return shutil.copytree(used, tmp_path / "home")


def refused(home: Path, *command: str) -> str:
    """What a command says that ends with 69, and answers nobody meanwhile."""
    done = subprocess.run(
        command,
        env=environment(home.parent, {}),
        check=False,
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
    )
    assert (done.returncode, done.stdout) == (69, "")
    assert "Traceback" not in done.stderr
    return done.stderr


def test_a_home_on_a_disk_that_can_only_be_read_is_served_by_nobody(home: Path) -> None:
    mount = f"mount --bind {home} {home} && mount -o remount,bind,ro {home}"
    within = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
    if not works(*within, mount):
        pytest.skip("no file system can be mounted here")
    told = refused(home, *within, f"{mount} && exec {BIN / 'evalhub'} up --port 0")
    assert f"nothing can be written in {home}:" in told


@pytest.mark.parametrize("closed", ["home", "file"])
def test_a_home_that_this_user_may_not_write_is_served_by_nobody(home: Path, closed: str) -> None:
    within = NOT_ROOT_S if os.geteuid() == 0 else []
    if within and not works(*within, "true"):
        pytest.skip("root can't be without its rights here")
    file = home / "evalhub.sqlite3"
    (home if closed == "home" else file).chmod(0o500)
    up = [*within, str(BIN / "evalhub"), "up", "--port", "0"]
    told = refused(home, *up)
    assert str(home if closed == "home" else file) in told
    home.chmod(0o700)
    file.chmod(0o600)


@pytest.mark.parametrize("processes", ["1", "2"])
def test_as_the_first_process_of_a_container_it_ends_when_told_so(
    home: Path, processes: str
) -> None:
    within = ["unshare", "--pid", "--fork", "--mount-proc"]
    if os.geteuid() != 0:
        within[1:1] = ["--user", "--map-root-user"]
    if not works(*within, "true"):
        pytest.skip("no process can be the first of a namespace of its own here")
    up = [*within, BIN / "evalhub", "up", "--port", "0", "--processes", processes]
    with begun(*up, at=home.parent) as (outer, lines):
        address = said(lines, "Evalhub is at").split()[3]
        with urllib.request.urlopen(f"{address}/readyz", timeout=WITHIN_S) as reply:
            assert reply.status == 200
        [first] = psutil.Process(outer.pid).children()
        assert first.name() == "evalhub"
        with open(f"/proc/{first.pid}/status") as status:
            [numbers] = [line for line in status if line.startswith("NSpid:")]
        assert numbers.split()[-1] == "1"
        first.send_signal(signal.SIGTERM)
        assert outer.wait(timeout=WITHIN_S) == 0
        assert not any("Traceback" in line for line in lines)
        with pytest.raises(urllib.error.URLError):
            urllib.request.urlopen(address, timeout=WITHIN_S)
