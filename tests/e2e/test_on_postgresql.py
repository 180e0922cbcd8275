"""The tests that use the database pass on PostgreSQL as they do on SQLite."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PARTS = [
    *("tests/registry", "tests/ledger", "tests/reviews", "tests/runners", "tests/studies"),
    *("tests/site", "tests/accounts", "tests/api", "tests/features"),
]
HEAVY = [
    "tests/refusals",
    *(
        f"tests/ledger/test_{name}.py"
        for name in ("together", "replanned_review", "ledger_origin", "untuned", "chain")
    ),
    *(
        f"tests/features/experiments/{name}.py"
        for name in ("test_pages", "test_live_studies", "test_tampering")
    ),
    "tests/features/experiments/judged/test_blind_sample.py",
    "tests/features/experiments/prediction/test_prediction.py",
]
"""Files whose tests take long for their number, and not for what they need."""


@pytest.mark.services
@pytest.mark.heavy
@pytest.mark.alone
@pytest.mark.parametrize(
    ("paths", "which"),
    [(PARTS, "not heavy"), (HEAVY, "heavy and not alone and not paired")],
    ids=["plain", "heavy"],
)
def test_the_database_tests_pass_on_postgresql(paths: list[str], which: str) -> None:
    assert [path for path in paths if not (ROOT / path).exists()] == []
    done = subprocess.run(
        [
            *[sys.executable, "-m", "pytest", "--postgresql", "-p", "no:cacheprovider"],
            *["-m", f"not browser and not services and not local and {which}"],
            *["-n", str(min(os.cpu_count() or 1, 2)), "--dist", "loadfile", *paths],
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert "database: PostgreSQL" in done.stdout, done.stdout[-3000:]
    assert done.returncode == 0, done.stdout[-8000:]
