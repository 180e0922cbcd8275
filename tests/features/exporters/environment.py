"""An environment of its own for another tool, whose needs and ours may exclude each other."""

import subprocess
import sys
from pathlib import Path


def environment(folder: Path, *packages: str) -> Path:
    """The Python of a new environment in this folder that has the newest of these packages."""
    python = folder / "env" / "bin" / "python"
    for words in (
        ["venv", "--python", sys.executable, folder / "env"],
        ["pip", "install", "--python", python, *packages],
    ):
        done = subprocess.run(
            ["uv", "--no-config", *words],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    return python
