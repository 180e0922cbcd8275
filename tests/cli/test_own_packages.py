"""Packages of other people that would be imported in place of Evalhub's own."""

import base64
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from evalhub_gate import FOLDER, PACKAGES, foreign_packages

EVALHUB = Path(sys.executable).with_name("evalhub")


def a_package(name: str, *, at: Path, text: str = "raise SystemExit('foreign code ran')\n") -> Path:
    (at / name).mkdir(parents=True)
    (at / name / "__init__.py").write_text(text)
    return at


def call(*command: str | Path, at: Path, path: Path) -> subprocess.CompletedProcess[str]:
    variables = {"PATH": os.environ["PATH"], "PYTHONPATH": str(path)}
    return subprocess.run(
        command,
        cwd=at,
        env=variables | {"EVALHUB_HOME": str(at / "home")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("name", PACKAGES)
def test_a_foreign_package_is_named_and_nothing_of_it_runs(name: str, tmp_path: Path) -> None:
    """Exit code 69, never 1: that would be a verdict (hold)."""
    other = a_package(name, at=tmp_path / "other")
    done = call(EVALHUB, "compare", "a.jsonl", "b.jsonl", at=tmp_path, path=other)
    assert done.returncode == 69
    assert f"the package `{name}` is imported from {other / name}" in done.stderr
    assert f"Evalhub's is {FOLDER / name}" in done.stderr
    assert "leave the other folder out of PYTHONPATH" in done.stderr
    assert "foreign code ran" not in done.stdout + done.stderr
    assert not (tmp_path / "home").exists()


@pytest.mark.heavy
@pytest.mark.parametrize("name", PACKAGES)
def test_the_doctor_names_it(name: str, tmp_path: Path) -> None:
    other = a_package(name, at=tmp_path / "other")
    done = call(EVALHUB, "doctor", at=tmp_path, path=other)
    assert done.returncode == 69
    assert f"the package `{name}` is imported from" in done.stdout + done.stderr
    assert ("✗ package" in done.stdout) == (name != "evalhub")  # the doctor must be ours itself


def test_a_wsgi_server_does_not_start_with_it(tmp_path: Path) -> None:
    other = a_package("runners", at=tmp_path / "other")
    done = call(sys.executable, "-c", "import evalhub.wsgi", at=tmp_path, path=other)
    assert done.returncode != 0
    assert "ImproperlyConfigured: the package `runners` is imported from" in done.stderr
    assert "foreign code ran" not in done.stdout + done.stderr


def test_a_folder_without_code_does_not_matter(tmp_path: Path) -> None:
    (tmp_path / "other" / "reviews").mkdir(parents=True)
    done = call(EVALHUB, "version", at=tmp_path, path=tmp_path / "other")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.heavy
@pytest.mark.parametrize("name", ["reviews", "runners"])
def test_the_doctor_names_a_distribution_that_has_such_a_folder(name: str, tmp_path: Path) -> None:
    metadata = tmp_path / "other" / "dashboards-2.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: dashboards\nVersion: 2.0\n")
    (metadata / "top_level.txt").write_text(f"{name}\n")
    done = call(EVALHUB, "doctor", at=tmp_path, path=tmp_path / "other")
    assert done.returncode == 69
    assert f"dashboards is installed here too and has a folder `{name}`" in done.stdout


def test_a_file_that_another_distribution_replaced_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An installed wheel's RECORD has the digests that its files had."""
    lines = []
    for name in PACKAGES:
        a_package(name, at=tmp_path, text="ours\n")
        digest = base64.urlsafe_b64encode(hashlib.sha256(b"ours\n").digest()).decode().rstrip("=")
        lines.append(f"{name}/__init__.py,sha256={digest},5\n")
        monkeypatch.delitem(sys.modules, name)
    (tmp_path / "evalhub_gate-0.1.0.dist-info").mkdir()
    (tmp_path / "evalhub_gate-0.1.0.dist-info" / "RECORD").write_text("".join(lines))
    monkeypatch.syspath_prepend(tmp_path)
    assert foreign_packages(tmp_path) == []
    replaced = tmp_path / "runners" / "__init__.py"
    replaced.write_text("theirs\n")
    assert foreign_packages(tmp_path) == [
        f"{replaced} isn't Evalhub's: another distribution replaced it"
    ]
    replaced.unlink()
    assert foreign_packages(tmp_path) == [f"{replaced} is missing: Evalhub isn't installed whole"]
