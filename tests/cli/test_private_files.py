"""What Evalhub keeps is its owner's alone, whatever umask the shell had."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

BIN = Path(sys.executable).parent


def call(*arguments: str, at: Path, umask: int = 0o022) -> subprocess.CompletedProcess[str]:
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("EVALHUB_", "DJANGO_"))}
    return subprocess.run(
        [BIN / "evalhub", *arguments],
        cwd=at,
        env=plain,
        umask=umask,
        capture_output=True,
        text=True,
        check=False,
    )


def modes(home: Path) -> dict[str, str]:
    return {
        str(path.relative_to(home)): oct(path.stat().st_mode & 0o777)
        for path in [home, *home.rglob("*")]
    }


@pytest.mark.heavy
@pytest.mark.parametrize("umask", [0o000, 0o022])
def test_a_home_is_its_owners_alone(umask: int, tmp_path: Path) -> None:
    home = tmp_path / ".evalhub"
    # with the database open elsewhere, so that its -wal and -shm stay
    held = (
        "import sqlite3, subprocess, sys\n"
        "subprocess.run([sys.argv[1], 'user', 'list'], check=True)\n"
        "reader = sqlite3.connect('.evalhub/evalhub.sqlite3')\n"
        "reader.execute('SELECT * FROM accounts_user').fetchall()\n"
        "subprocess.run([sys.argv[1], 'user', 'add', 'olga', '--superuser'], check=True)\n"
        "from evalhub.settings import SECRET_KEY; str(SECRET_KEY)\n"
        "import os; print(sorted(os.listdir('.evalhub')))\n"
        "for name in os.listdir('.evalhub'):\n"
        "    print(name, oct(os.stat('.evalhub/' + name).st_mode & 0o777))\n"
    )
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("EVALHUB_", "DJANGO_"))}
    done = subprocess.run(
        [sys.executable, "-c", held, BIN / "evalhub"],
        cwd=tmp_path,
        env=plain,
        umask=umask,
        capture_output=True,
        text=True,
        check=True,
    )
    seen = dict(line.split() for line in done.stdout.splitlines() if line.endswith("0o600"))
    assert {"evalhub.sqlite3", "evalhub.sqlite3-wal", "evalhub.sqlite3-shm"} <= set(seen)
    found = modes(home)
    assert found.pop(".") == "0o700"
    assert {"evalhub.sqlite3", "secret_key", "setup.lock", ".gitignore"} <= set(found)
    assert set(found.values()) == {"0o600"}
    assert call("doctor", at=tmp_path).returncode == 0


@pytest.mark.heavy
def test_the_doctor_says_which_files_others_may_read_and_what_ends_it(tmp_path: Path) -> None:
    assert call("user", "list", at=tmp_path).returncode == 0
    home = tmp_path / ".evalhub"
    home.chmod(0o755)
    (home / "evalhub.sqlite3").chmod(0o644)
    done = call("doctor", "--json", at=tmp_path)
    assert done.returncode == 69
    [finding] = [each for each in json.loads(done.stdout) if each["name"] == "home"]
    assert not finding["well"]
    assert "rights to the folder, evalhub.sqlite3" in finding["seen"]
    advised = finding["advice"].partition(": ")[2]
    assert modes(home)["."] == "0o755"  # it changes nothing itself
    subprocess.run(advised, shell=True, check=True)
    assert call("doctor", at=tmp_path).returncode == 0
    assert set(modes(home).values()) == {"0o700", "0o600"}


def test_a_home_that_was_there_keeps_its_rights_and_gets_private_files(tmp_path: Path) -> None:
    home = tmp_path / ".evalhub"
    home.mkdir()
    home.chmod(0o755)  # whatever this process's umask is
    assert call("user", "list", at=tmp_path, umask=0).returncode == 0
    found = modes(home)
    assert found.pop(".") == "0o755"
    assert set(found.values()) == {"0o600"}
