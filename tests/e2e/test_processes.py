"""The site served by several processes."""

import re
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.e2e.test_growing_up import BIN, environment

pytestmark = [pytest.mark.services, pytest.mark.heavy]

PATIENCE_S = 60


@pytest.fixture
def up(tmp_path: Path) -> Iterator[tuple[str, psutil.Process]]:
    """`evalhub up --processes 2`: its address and its first process."""
    started = subprocess.Popen(
        [BIN / "evalhub", "up", "--port", "0", "--processes", "2"],
        env=environment(tmp_path, {"EVALHUB_ALLOWED_HOSTS": "localhost"}),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert started.stdout
    found = re.search(r"http://\S+", started.stdout.readline())
    assert found
    yield found[0], psutil.Process(started.pid)
    started.kill()
    started.wait()


@pytest.mark.parametrize("processes", ["1", "2"])
def test_on_a_fresh_home_up_prints_a_link_for_its_first_owner_and_ends_on_sigterm(
    tmp_path: Path, processes: str
) -> None:
    with subprocess.Popen(
        [BIN / "evalhub", "up", "--port", "0", "--processes", processes],
        env=environment(tmp_path, {"LOGNAME": "nour"}),
        stdout=subprocess.PIPE,
        text=True,
    ) as started:
        assert started.stdout
        printed = [started.stdout.readline() for _ in range(4)]
        if "created `nour`" not in printed[1]:
            started.kill()  # else this waits for it
        assert "created `nour`" in printed[1]
        with urllib.request.urlopen(printed[3].strip(), timeout=PATIENCE_S) as page:
            assert "Sign in as nour" in page.read().decode()
        started.terminate()
        assert started.wait(timeout=PATIENCE_S) == 0


def answers(url: str) -> bool:
    with urllib.request.urlopen(f"{url}/accounts/login/", timeout=20) as reply:
        return bool(reply.status == 200)


def servers(parent: psutil.Process) -> set[int]:
    return {child.pid for child in parent.children()}


def until_two(parent: psutil.Process) -> set[int]:
    until = time.monotonic() + PATIENCE_S
    while len(found := servers(parent)) != 2:
        assert time.monotonic() < until, found
        time.sleep(0.05)
    return found


def test_a_process_that_is_killed_is_replaced(up: tuple[str, psutil.Process]) -> None:
    url, parent = up
    before = until_two(parent)
    assert answers(url)
    psutil.Process(min(before)).kill()
    assert answers(url)
    until = time.monotonic() + PATIENCE_S
    while until_two(parent) == before:
        assert time.monotonic() < until
    assert answers(url)


@pytest.mark.parametrize("how", ["terminate", "kill"])
def test_all_end_with_the_first(up: tuple[str, psutil.Process], how: str) -> None:
    url, parent = up
    children = [psutil.Process(pid) for pid in until_two(parent)]
    assert answers(url)
    getattr(parent, how)()
    _, alive = psutil.wait_procs(children, timeout=PATIENCE_S)
    assert alive == []
