"""The sandbox of a Python that other users may not read, as one in root's own folder."""

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import runners

ASK = (
    "from runners.sandbox.availability import why_no_sandbox; print(why_no_sandbox() or 'it holds')"
)


@pytest.mark.heavy
def test_a_python_that_only_its_owner_may_read_runs_in_the_sandbox(tmp_path: Path) -> None:
    base = Path(sys.base_prefix)
    executable = Path(sys._base_executable).resolve()  # type: ignore[attr-defined]
    library = Path(sysconfig.get_path("stdlib", vars={"installed_base": str(base)}))
    home = tmp_path / "python"
    (home / "bin").mkdir(parents=True)
    shutil.copy(executable, home / "bin")
    left_out = shutil.ignore_patterns("site-packages", "test", "idlelib", "ensurepip")
    shutil.copytree(library, home / "lib" / library.name, ignore=left_out)
    for shared in (base / "lib").glob("libpython*"):
        shutil.copy(shared, home / "lib")
    tmp_path.chmod(0o700)
    done = subprocess.run(
        [home / "bin" / executable.name, "-S", "-c", ASK],
        env={"PYTHONPATH": str(Path(runners.__file__).parents[1]), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == "it holds\n", done.stderr
