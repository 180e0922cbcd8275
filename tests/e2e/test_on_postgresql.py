"""The tests that use the database pass on PostgreSQL as they do on SQLite."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PARTS = [
    *("registry", "ledger", "reviews", "runners", "studies", "site", "accounts"),
    *("api", "features"),
]


@pytest.mark.services
@pytest.mark.heavy
@pytest.mark.alone
def test_the_database_tests_pass_on_postgresql() -> None:
    folders = [f"tests/{part}" for part in PARTS]
    assert [folder for folder in folders if not (ROOT / folder).is_dir()] == []
    done = subprocess.run(
        [
            *[sys.executable, "-m", "pytest", "--postgresql", "-p", "no:cacheprovider"],
            *["-m", "not browser and not services and not local and not heavy"],
            *["-n", str(min(os.cpu_count() or 1, 2)), "--dist", "loadfile", *folders],
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert "database: PostgreSQL" in done.stdout, done.stdout[-3000:]
    assert done.returncode == 0, done.stdout[-8000:]
