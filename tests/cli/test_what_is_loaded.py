"""A command loads what it needs: what is slow to load, and other commands, stay out of it."""

import os
import subprocess
import sys
from pathlib import Path

from tests.studies.desks import Desk

SLOW = {
    "aiohttp", "celery", "jsonschema", "pandas", "peft", "pyarrow", "rest_framework", "sacrebleu",
    "sklearn", "torch", "transformers",
}  # fmt: skip
OTHERS = {"evalhub.cli.compare", "evalhub.features.data.cli", "evalhub.features.monitoring.cli"}
CODE = """
import sys
from evalhub.cli.app import run
code = run(sys.argv[1:])
print(*sys.modules, file=sys.stderr)
sys.exit(code)
"""


def loaded_by(home: Path, *arguments: str) -> set[str]:
    left = {name: value for name, value in os.environ.items() if not name.startswith("EVALHUB_")}
    found = subprocess.run(
        [sys.executable, "-c", CODE, *arguments],
        env=left | {"EVALHUB_HOME": str(home)},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(found.stderr.splitlines()[-1].split())


def test_a_study_with_nothing_left_to_do_loads_nothing_slow_but_scipy(tmp_path: Path) -> None:
    """It is judged again, which takes numpy and scipy: that the ledger moved is seen no sooner."""
    study = str(Desk(tmp_path).write())
    loaded_by(tmp_path / "home", "study", "run", study)
    loaded = loaded_by(tmp_path / "home", "study", "run", study)
    assert "evalhub.cli.study" in loaded
    assert not loaded & (SLOW | OTHERS)


def test_the_doctor_loads_nothing_that_calculates(tmp_path: Path) -> None:
    loaded = loaded_by(tmp_path / "home", "doctor")
    assert "evalhub.cli.health" in loaded
    assert not loaded & (SLOW | OTHERS | {"numpy", "scipy"})
