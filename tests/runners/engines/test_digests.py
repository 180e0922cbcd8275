"""Digests of weights: read once, kept in the home, and never those of another content."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from runners.engines import digests
from runners.engines.digests import file_digest

FAKE = "f" * 64


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A file in a home of its own, in which what was just changed counts as settled."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setattr(settings, "HOME", home)
    monkeypatch.setattr(digests, "SETTLED_S", 0.0)
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"weights")
    yield path
    digests._digests.clear()


def in_the_next_process() -> None:
    digests._digests.clear()


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def kept(home: Path) -> Path:
    (path,) = (home / "digests").iterdir()
    return path


def faked() -> None:
    """What is kept says something else than the file: whoever gives it hasn't read the file."""
    path = kept(settings.HOME)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"sha256": FAKE}))


def test_a_file_is_read_once_and_not_by_the_next_process_either(weights: Path) -> None:
    assert file_digest(weights) == sha256(b"weights")
    faked()
    assert file_digest(weights) == sha256(b"weights")
    in_the_next_process()
    assert file_digest(weights) == FAKE
    assert kept(settings.HOME).stat().st_mode & 0o077 == 0


def test_a_file_that_was_changed_or_replaced_is_read_again(weights: Path) -> None:
    file_digest(weights)
    faked()
    times = weights.stat()
    weights.write_bytes(b"WEIGHTS")  # as long, and with its old time
    os.utime(weights, ns=(times.st_atime_ns, times.st_mtime_ns))
    in_the_next_process()
    assert file_digest(weights) == sha256(b"WEIGHTS")
    faked()
    other = weights.with_name("other")
    other.write_bytes(b"weIGHTs")
    other.rename(weights)
    in_the_next_process()
    assert file_digest(weights) == sha256(b"weIGHTs")


def test_a_file_that_was_changed_just_now_is_not_kept(
    weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(digests, "SETTLED_S", 3600.0)
    assert file_digest(weights) == sha256(b"weights")
    assert not (settings.HOME / "digests").exists()


def test_what_was_damaged_is_said_and_written_anew(
    weights: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file_digest(weights)
    kept(settings.HOME).write_text("{")
    in_the_next_process()
    assert file_digest(weights) == sha256(b"weights")
    assert "isn't a kept digest" in caplog.text
    assert json.loads(kept(settings.HOME).read_text())["sha256"] == sha256(b"weights")


def test_without_a_home_that_can_be_written_it_is_read(
    weights: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(settings, "HOME", weights.parent / "nowhere")
    assert file_digest(weights) == sha256(b"weights")
    assert not settings.HOME.exists()
    in_the_next_process()
    blocked = weights.parent / "blocked"
    blocked.mkdir()
    (blocked / "digests").write_text("a file, where the folder would be")
    monkeypatch.setattr(settings, "HOME", blocked)
    assert file_digest(weights) == sha256(b"weights")
    assert "can't be kept" in caplog.text


WRITER = """
import sys
from pathlib import Path
import django; django.setup()
from runners.engines import digests
digests.SETTLED_S = 0.0
home, path = Path(sys.argv[1]), Path(sys.argv[2])
seen = set()
for turn in range(300):
    digests._digests.clear()
    if turn % 3 == 0:
        for each in (home / "digests").glob("*.json"):
            each.unlink(missing_ok=True)
    seen.add(digests.file_digest(path))
print(*seen)
"""


def test_processes_that_write_at_once_read_whole_digests(weights: Path) -> None:
    home = settings.HOME
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "evalhub.settings",
        "EVALHUB_HOME": str(home),
    }
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, home, weights],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(3)
    ]
    outputs = [writer.communicate(timeout=120)[0].split() for writer in writers]
    assert outputs == [[sha256(b"weights")]] * 3
    assert [path.suffix for path in (home / "digests").iterdir()] in ([], [".json"])
