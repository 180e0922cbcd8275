"""What every command has: help, version, home, completion; and the doctor, and progress."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from evalhub import __version__
from evalhub.cli.app import run
from evalhub.frames.command import progress
from tests.cli.test_study import evalhub
from tests.studies.desks import Desk


def test_help_has_a_short_name_in_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ([], ["study"], ["study", "run"], ["up"]):
        assert run([*command, "-h"]) == 0
        assert "Usage: evalhub" in capsys.readouterr().out


def test_the_version_is_an_option_too(capsys: pytest.CaptureFixture[str]) -> None:
    for asked in ("--version", "version"):
        assert run([asked]) == 0
        assert capsys.readouterr().out == f"{__version__}\n"


@pytest.mark.heavy
@pytest.mark.parametrize("before", [True, False])
def test_the_home_is_named_before_the_command_or_after_it(tmp_path: Path, before: bool) -> None:
    home = ["--home", str(tmp_path / "elsewhere")]
    command = ["user", "add", "nour"]
    done = evalhub(*(home + command if before else command + home), at=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "elsewhere" / "evalhub.sqlite3").exists()
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_completes_commands(tmp_path: Path, shell: str) -> None:
    # By itself it shows the script of the shell that it was started from, whichever that is.
    named = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    shown = evalhub("--show-completion", shell, at=tmp_path, **named)
    assert "_EVALHUB_COMPLETE" in shown.stdout, shown.stderr
    asked = {
        "bash": {"COMP_WORDS": "evalhub st", "COMP_CWORD": "1"},
        "zsh": {"_TYPER_COMPLETE_ARGS": "evalhub st"},
        "fish": {"_TYPER_COMPLETE_ARGS": "evalhub st", "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
    }
    done = evalhub(at=tmp_path, _EVALHUB_COMPLETE=f"complete_{shell}", **asked[shell])
    assert "study" in done.stdout, done.stderr
    assert "doctor" not in done.stdout


def test_the_doctor_speaks_to_programs(tmp_path: Path) -> None:
    done = evalhub("doctor", "--json", at=tmp_path)
    found = {each["name"]: each for each in json.loads(done.stdout)}
    assert found["database"] == {
        "name": "database",
        "well": True,
        "seen": "SQLite, not made yet",
        "advice": "The first command makes it.",
    }
    assert not (tmp_path / "home").exists()


def test_the_doctor_finds_somebody_else_s_package_of_the_same_name(tmp_path: Path) -> None:
    metadata = tmp_path / "other" / "eval_sdk-2.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: eval-sdk\nVersion: 2.0\n")
    (metadata / "top_level.txt").write_text("evalhub\n")
    done = evalhub("doctor", at=tmp_path, PYTHONPATH=str(tmp_path / "other"))
    assert done.returncode == 69
    assert "✗ package: eval-sdk is installed here too" in done.stdout
    assert "Uninstall eval-sdk and install evalhub-gate again" in " ".join(done.stdout.split())


def test_what_went_wrong_is_not_cut_where_there_is_no_terminal(desk: Desk) -> None:
    long = "https://nobody.invalid/" + "a-long-address/" * 12 + "v1"
    desk.study["arms"]["tuned"]["backend"] = {"openai": {"url": long, "model": "m", "retries": 0}}
    done = subprocess.run(
        [Path(sys.executable).with_name("evalhub"), "study", "run", str(desk.write())],
        env={
            "PATH": os.environ["PATH"],
            "EVALHUB_HOME": str(desk.folder / "home"),
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 69
    failed = [line for line in done.stderr.splitlines() if line.startswith("✗ ")]
    assert failed
    assert all(long in line for line in failed)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_pipe_gets_a_line_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(progress.time, "monotonic", lambda: now)
    printed = io.StringIO()
    with progress.Bars(Console(file=printed, width=160)) as bars:
        for second in range(25):
            now = float(second)
            bars.show("runs", "answer and score", second * 100, 3000)
    assert printed.getvalue().splitlines() == [
        "answer and score: 1,000 of 3,000, less than a minute left",
        "answer and score: 2,000 of 3,000, less than a minute left",
        "answer and score: 2,400 of 3,000, less than a minute left",
    ]
