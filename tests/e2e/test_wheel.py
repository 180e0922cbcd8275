"""A wheel built from the checkout, installed as a newcomer would, runs the demo anywhere."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).resolve().parents[2]
SERVED = "evalhub/documents/pages/"

pytestmark = pytest.mark.heavy


def call(*command: str | Path, at: Path, **variables: str) -> str:
    """What a command prints; it sees neither the checkout nor this environment."""
    shell = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("EVALHUB_", "DJANGO_", "PYTHON")) and name != "VIRTUAL_ENV"
    }
    done = subprocess.run(
        command,
        cwd=at,
        env=shell | variables,
        capture_output=True,
        text=True,
        timeout=540,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_wheel_is_installed_as_a_tool_and_runs_the_demo(tmp_path: Path) -> None:
    uv = shutil.which("uv")
    assert uv, "uv builds and installs the wheel"
    call(uv, "build", "--wheel", "--out-dir", tmp_path, ROOT, at=tmp_path)
    [wheel] = tmp_path.glob("evalhub_gate-*.whl")
    with ZipFile(wheel) as packed:
        served = {name.removeprefix(SERVED) for name in packed.namelist() if SERVED in name}
    written = {path for path in (ROOT / "docs").rglob("*") if path.is_file()}
    assert served >= {path.relative_to(ROOT).as_posix() for path in written} | {"CHANGELOG.md"}
    tools = {"UV_TOOL_DIR": str(tmp_path / "tools"), "UV_TOOL_BIN_DIR": str(tmp_path / "bin")}
    ours = ".".join(map(str, sys.version_info[:2]))
    call(uv, "tool", "install", "--python", ours, wheel, at=tmp_path, **tools)
    evalhub = tmp_path / "bin" / "evalhub"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    printed = call(evalhub, "demo", "--no-serve", at=elsewhere)
    assert "lora gains 0.78 on triage" in " ".join(printed.split())
    assert "would have seen exit code 1" in printed
    call(evalhub, "compare", "--help", at=elsewhere)
    assert "✓ database: SQLite" in call(evalhub, "doctor", at=elsewhere)
    python = tmp_path / "tools" / "evalhub-gate" / "bin" / "python"
    read = (
        "from evalhub.documents import documents; print(documents()['reference/policy.md'].title)"
    )
    assert call(python, "-c", read, at=elsewhere).startswith("The policy")
