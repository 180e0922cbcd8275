"""Interpreters with what a training job has: torch, and the wheel without what it needs."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TRAINERS = [
    "accelerate==1.15.0",
    "datasets==5.2.0",
    "peft==0.21.2",
    "torch==2.15.0",
    "transformers==5.24.0",
    "trl==1.16.0",
]


def clean(**variables: str) -> dict[str, str]:
    """The shell's variables without Evalhub's, the tests' and this environment's own."""
    ours = ("EVALHUB_", "DJANGO_", "PYTHON")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    kept.pop("VIRTUAL_ENV", None)
    return kept | variables


def call(*command: str | Path, at: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """A command that has to end with 0."""
    done = subprocess.run(
        command,
        cwd=at,
        env=clean(**variables),
        capture_output=True,
        text=True,
        timeout=540,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def interpreter(folder: Path, *packages: str) -> Path:
    """A Python in `folder` with these packages, and with the wheel of this checkout, which is
    installed without what it needs."""
    uv = shutil.which("uv")
    assert uv, "uv builds and installs the wheel"
    python = folder / "venv" / "bin" / "python"
    version = ".".join(map(str, sys.version_info[:2]))
    call(uv, "venv", "-q", "--python", version, folder / "venv", at=folder)
    if packages:
        call(uv, "pip", "install", "-q", "--python", python, *packages, at=folder)
    call(uv, "build", "-q", "--wheel", "--out-dir", folder, ROOT, at=folder)
    [wheel] = folder.glob("evalhub_gate-*.whl")
    call(uv, "pip", "install", "-q", "--no-deps", "--python", python, wheel, at=folder)
    return python
