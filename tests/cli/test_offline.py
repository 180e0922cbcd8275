"""Nothing but what was declared is ever reached: every connection of real commands is looked at.

Each command runs in a process of its own, in which Python itself tells of every connection and
every name that is looked up, and refuses whatever wasn't declared.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from evalhub.libraries import NO_HUB, NO_REPORTS
from tests.fakes.openai_server import OpenAIServer
from tests.studies.desks import Desk, EchoDesk

EVALHUB = str(Path(sys.executable).with_name("evalhub"))

# Loaded by Python at its start, before any of our code: an audit hook can't be taken back.
GUARD = """
import json, os, re, sys

TRIED, ALLOWED = os.environ["TRIED"], json.loads(os.environ["ALLOWED"])
EVENTS = {"socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname"}


def guard(event, arguments):
    if event not in EVENTS:
        return
    place = arguments[1] if event in ("socket.connect", "socket.sendto") else arguments[:2]
    if isinstance(place, (str, bytes)):
        return  # a Unix socket, on this machine
    if event == "socket.getaddrinfo" and re.fullmatch("[0-9a-f.:]+", str(place[0])):
        return  # an address as it is: nobody is asked for it
    tried = f"{place[0]}:{place[1]}"
    with open(TRIED, "a") as file:
        file.write(f"{event} {tried}\\n")
    if tried not in ALLOWED:
        raise PermissionError(f"the test lets nobody reach {tried}")


sys.addaudithook(guard)
"""


class Watched:
    """Commands that can reach only what is allowed, and all that they tried to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.tried_file = folder / "tried"
        self.allowed: list[str] = []
        self.extra: dict[str, str] = {}
        (folder / "guard").mkdir()
        (folder / "guard" / "sitecustomize.py").write_text(GUARD)

    @property
    def environment(self) -> dict[str, str]:
        ours = ("EVALHUB_", "DJANGO_", *NO_HUB, *NO_REPORTS)
        kept = {key: value for key, value in os.environ.items() if not key.startswith(ours)}
        return kept | {
            "PYTHONPATH": str(self.folder / "guard"),
            "TRIED": str(self.tried_file),
            "ALLOWED": json.dumps(self.allowed),
            "EVALHUB_HOME": str(self.home),
            "EVALHUB_OFFLINE": "1",
            "COLUMNS": "200",
            **self.extra,
        }

    def evalhub(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [EVALHUB, *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=180,
        )

    @property
    def tried(self) -> set[str]:
        return (
            set(self.tried_file.read_text().split("\n")) - {""}
            if self.tried_file.exists()
            else set()
        )


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path)


def test_the_watch_sees_and_refuses_a_connection(watched: Watched) -> None:
    code = "import urllib.request as r; r.urlopen('http://93.184.215.14/')"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=watched.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "the test lets nobody reach 93.184.215.14:80" in done.stderr
    assert watched.tried


@pytest.mark.heavy
def test_comparing_files_and_looking_after_a_home_reach_nothing(watched: Watched) -> None:
    Desk(watched.folder)
    asked = ["base.triage.jsonl", "tuned.triage.jsonl", "--test-set", "triage.jsonl"]
    done = watched.evalhub("compare", *asked, "--metric", "exact_match", "--report", "page.html")
    assert done.returncode == 0, done.stderr
    done = watched.evalhub("doctor")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "offline: nothing but declared endpoints is reached" in done.stdout
    assert watched.tried == set()


def a_live_study(watched: Watched, backend: dict[str, Any]) -> str:
    desk = EchoDesk(watched.folder)
    desk.study["arms"]["tuned"]["backend"] = {"openai": {"model": "echo", "retries": 0} | backend}
    return str(desk.write())


@pytest.mark.heavy
def test_a_study_reaches_the_endpoint_that_was_declared_and_nothing_else(
    watched: Watched, server: OpenAIServer
) -> None:
    here = f"127.0.0.1:{server.port}"
    watched.allowed = [here]
    made = {"support": {"url": server.url, "private": True}}
    watched.extra = {"EVALHUB_ENDPOINTS": json.dumps(made)}
    done = watched.evalhub("study", "run", a_live_study(watched, {"endpoint": "support"}))
    assert done.returncode == 0, done.stderr
    assert len(server.requests) == 60
    assert watched.tried == {f"socket.connect {here}"}
    done = watched.evalhub("doctor")
    assert "endpoints: support at 127.0.0.1" in done.stdout


@pytest.mark.heavy
def test_offline_an_address_that_nobody_declared_is_not_even_looked_up(watched: Watched) -> None:
    study = a_live_study(watched, {"url": "https://models.example.org/v1"})
    done = watched.evalhub("study", "run", study)
    assert done.returncode == 69
    assert "EVALHUB_OFFLINE is set, and nobody declared models.example.org" in done.stderr
    assert "--allow models.example.org" in done.stderr
    assert watched.tried == set()
    done = watched.evalhub("study", "run", study, "--allow", "models.example.org")
    assert done.returncode == 69
    assert {each.rsplit(" ", 1)[1] for each in watched.tried} == {"models.example.org:443"}


@pytest.mark.heavy
def test_the_site_reaches_nothing(watched: Watched) -> None:
    process = subprocess.Popen(
        [EVALHUB, "up", "--port", "0"],
        cwd=watched.folder,
        env=watched.environment | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout is not None
        first = next(line for line in process.stdout if "Evalhub is at" in line)
        address = first.split("Evalhub is at ")[1].split()[0]
        link = next(line.strip() for line in process.stdout if address in line)
        for page in (link, address):
            assert urlopen(page, timeout=30).status == 200
        time.sleep(3)  # its timers have looked by then
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
    assert watched.tried == set()


@pytest.mark.heavy
def test_the_demo_reaches_nothing(watched: Watched) -> None:
    done = watched.evalhub("demo", "--no-serve")
    assert done.returncode == 0, done.stderr
    assert watched.tried == set()


def told(code: str, **variables: str) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if key not in {*NO_HUB, *NO_REPORTS}}
    kept.pop("DJANGO_SETTINGS_MODULE", None)
    printed = subprocess.check_output(
        [sys.executable, "-c", f"{code}; import json, os; print(json.dumps(dict(os.environ)))"],
        env=kept | variables,
        text=True,
    )
    found: dict[str, str] = json.loads(printed.splitlines()[-1])
    return found


@pytest.mark.parametrize(
    "way_in", ["import evalhub.settings", "from evalhub.cli.app import run; run(['version'])"]
)
def test_libraries_report_nothing_ever_and_fetch_nothing_offline(
    way_in: str, tmp_path: Path
) -> None:
    home = {"EVALHUB_HOME": str(tmp_path)}
    online = told(way_in, HF_HUB_DISABLE_TELEMETRY="0", **home)
    assert NO_REPORTS.items() <= online.items()
    assert not NO_HUB.keys() & online.keys()
    offline = told(way_in, EVALHUB_OFFLINE="1", **home)
    assert (NO_REPORTS | NO_HUB).items() <= offline.items()


def test_a_word_that_switches_nothing_is_refused(watched: Watched) -> None:
    watched.extra = {"EVALHUB_OFFLINE": "true"}
    done = watched.evalhub("doctor")
    assert done.returncode == 64
    assert "EVALHUB_OFFLINE is 1 or 0" in done.stderr
