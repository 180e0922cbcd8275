"""The unit files hold what they say: systemd takes them, and Evalhub has all that they name."""

import gzip
import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from evalhub import settings
from tests.cli.test_docs import commands
from tests.commands import command_tree
from tests.database.test_tables import environment

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "how-to/systemd"
PAGE = (ROOT / "docs" / "how-to/systemd.md").read_text(encoding="utf-8")
FILES = sorted(FOLDER.iterdir())
UNITS = [path for path in FILES if path.suffix in (".service", ".timer")]
SERVICES = [path for path in UNITS if path.suffix == ".service"]
SCRIPTS = [path for path in FILES if path.suffix == ""]
COMMAND = re.compile(r"^(?:exec runuser -u evalhub -- )?(?:/opt/evalhub/bin/)?evalhub (.+)$")
BIN = Path(sys.executable).parent
analyze = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze isn't installed"
)


def name(path: Path) -> str:
    return path.name


def keys(unit: Path) -> list[tuple[str, str]]:
    """The lines `Key=value` of a unit file."""
    lines = (line.partition("=") for line in unit.read_text().splitlines())
    return [(key, value) for key, equals, value in lines if equals and not key.startswith("#")]


def started(unit: Path) -> list[str]:
    """The words of its ExecStart."""
    return dict(keys(unit))["ExecStart"].split()


def evalhub_commands() -> list[list[str]]:
    """Every evalhub command in the units and the scripts, without the program's path."""
    lines = [" ".join(started(unit)) for unit in SERVICES]
    lines += [line for script in SCRIPTS for line in script.read_text().splitlines()]
    found = [COMMAND.match(line.strip()) for line in lines if not line.strip().startswith("#")]
    return [re.sub(r"^--home \S+ ", "", match[1]).split() for match in found if match]


def test_the_page_names_every_file_and_no_other() -> None:
    row = re.compile(r"^\| (`[^|]+`) \| `(?:/etc|/usr)[^|]*\|", re.MULTILINE)
    named = set()
    for cell in row.findall(PAGE):
        first, *more = re.findall(r"`([^`]+)`", cell)
        stem = first.rsplit(".", 1)[0]
        named |= {first} | {f"{stem}{item}" if item[0] == "." else item for item in more}
    assert named == {path.name for path in FILES}


@analyze
@pytest.mark.parametrize("unit", UNITS, ids=name)
def test_systemd_takes_the_unit(unit: Path, tmp_path: Path) -> None:
    """Its programs aren't installed here, so that a program that is stands in for them."""
    for other in UNITS:
        text = re.sub(r"(?m)^ExecStart=\S+", f"ExecStart={shutil.which('true')}", other.read_text())
        (tmp_path / other.name).write_text(text)
    command = ["systemd-analyze", "verify", "--man=no", str(tmp_path / unit.name)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@analyze
@pytest.mark.parametrize("unit", SERVICES, ids=name)
def test_the_service_is_shut_in(unit: Path) -> None:
    """Exposure of at most 1.5 of 10, as the page says; systemd itself takes tenths."""
    command = ["systemd-analyze", "security", "--offline=yes", "--threshold=15", "--no-pager", unit]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-200:] + done.stderr


def test_every_command_and_option_exists() -> None:
    there = dict(commands(command_tree()))
    named = [words for words in evalhub_commands() if words[0] != '"$@"']
    assert {words[0] for words in named} == {"up", "worker", "backup", "restore", "doctor"}
    for words in named:
        options = {word for word in words if word.startswith("--")}
        assert options <= there[words[0]], words


def test_every_variable_exists_and_the_page_says_whose_it_is() -> None:
    read = set(re.findall(r"^\| (EVALHUB_\w+) \|", settings.__doc__ or "", re.MULTILINE))
    text = PAGE + "".join(path.read_text() for path in FILES)
    assert set(re.findall(r"\bEVALHUB_[A-Z_]+[A-Z]\b", text)) - {"EVALHUB_OIDC"} <= read
    assert "EVALHUB_TRUSTED_ORIGINS" not in text


def test_a_worker_sees_nothing_of_the_sites_secrets() -> None:
    worker = dict(keys(FOLDER / "evalhub-worker.service"))
    files = {value for key, value in keys(FOLDER / "evalhub-worker.service") if "File" in key}
    assert files == {"/etc/evalhub/evalhub.env", "-/etc/evalhub/worker.env"}
    assert worker["DynamicUser"] == "yes"
    assert "User" not in worker


def test_each_timer_has_its_service_and_each_script_its_unit() -> None:
    for timer in FOLDER.glob("*.timer"):
        program = Path(started(timer.with_suffix(".service"))[0])
        assert program.parent == Path("/usr/local/bin")
        assert FOLDER / program.name in SCRIPTS
    for script in SCRIPTS:
        assert script.stat().st_mode & stat.S_IXUSR, script.name


def run_script(script: str, *arguments: object, at: Path) -> subprocess.CompletedProcess[str]:
    """One of our scripts, in the home below this folder."""
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        [FOLDER / script, *map(str, arguments)],
        cwd=at,
        env=environment(at) | {"PATH": path, "TMPDIR": str(at)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_pruning_keeps_the_newest_and_touches_nothing_else(tmp_path: Path) -> None:
    """A stand-in for evalhub writes the file: what is kept is the script's own doing."""
    stub = tmp_path / "bin" / "evalhub"
    stub.parent.mkdir()
    stub.write_text('#!/bin/sh\n[ "$1" = backup ] && echo new > "$2"\n')
    stub.chmod(0o755)
    folder = tmp_path / "kept"
    folder.mkdir()
    old = [f"evalhub-202601{day:02}T031500Z.jsonl.gz" for day in range(1, 6)]
    others = ["evalhub-by-hand.jsonl.gz", "notes.txt", "evalhub-20260101T031500Z.jsonl.gz.part"]
    for each in [*old, *others]:
        (folder / each).write_text(each)
    env = os.environ | {"PATH": f"{stub.parent}{os.pathsep}{os.environ['PATH']}"}
    command = [FOLDER / "evalhub-backup", folder, "3"]
    subprocess.run(command, env=env, check=True)
    backups = sorted(path.name for path in folder.glob("evalhub-????????T??????Z.jsonl.gz"))
    assert backups[:2] == old[-2:]
    assert (folder / backups[2]).read_text() == "new\n"
    assert len(backups) == 3
    assert all((folder / each).exists() for each in others)

    stub.write_text("#!/bin/sh\nexit 69\n")
    assert subprocess.run(command, env=env, check=False).returncode == 69
    assert sorted(path.name for path in folder.glob("evalhub-????????T??????Z.jsonl.gz")) == backups
    refused = subprocess.run([*command[:2], "0"], env=env, capture_output=True, check=False)
    assert (refused.returncode, refused.stderr) == (
        64,
        b"evalhub-backup: COUNT is 1 or more, not 0\n",
    )


@pytest.mark.heavy
def test_a_backup_is_made_and_tried_and_a_broken_one_fails_the_trial(tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    made = run_script("evalhub-backup", folder, 2, at=tmp_path)
    assert made.returncode == 0, made.stderr
    [backup] = folder.iterdir()
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "home").iterdir()}
    tried = run_script("evalhub-trial", folder, at=tmp_path)
    assert tried.returncode == 0, tried.stdout + tried.stderr
    assert "Restored: " in tried.stdout
    assert "messages: held since" in tried.stdout
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "home").iterdir()} == before
    assert not list(tmp_path.glob("tmp.*")), "the trial's home is gone"

    rows = gzip.decompress(backup.read_bytes()).splitlines(keepends=True)
    backup.write_bytes(gzip.compress(b"".join(rows[:-1])))
    broken = run_script("evalhub-trial", folder, at=tmp_path)
    assert broken.returncode == 65
    assert "isn't a whole backup" in broken.stderr
    assert not list(tmp_path.glob("tmp.*"))


def test_logs_in_files_are_turned_and_fourteen_are_kept(tmp_path: Path) -> None:
    logrotate = shutil.which("logrotate", path=f"{os.environ['PATH']}:/usr/sbin")
    if logrotate is None:
        missing = "logrotate isn't installed (Debian: apt-get install logrotate)"
        if os.environ.get("TESTS_IN_CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    log = tmp_path / "site.log"
    text = (FOLDER / "logrotate.conf").read_text().replace("/var/log/evalhub/", f"{tmp_path}/")
    config = tmp_path / "logrotate.conf"
    config.write_text(text)
    config.chmod(0o644)
    tmp_path.chmod(0o755)
    command = [logrotate, "--force", "--state", str(tmp_path / "state"), str(config)]
    with log.open("a") as open_file:
        for day in range(16):
            open_file.write(f"day {day}\n")
            open_file.flush()
            subprocess.run(command, check=True, capture_output=True)
    turned = sorted(tmp_path.glob("site.log.*"))
    assert len(turned) == 14
    assert (tmp_path / "site.log.1").read_text() == "day 15\n"
    assert gzip.decompress((tmp_path / "site.log.14.gz").read_bytes()) == b"day 2\n"
    assert log.read_text() == ""
