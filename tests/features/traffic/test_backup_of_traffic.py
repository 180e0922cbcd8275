"""Traffic is in backups, and comes back from either database to either."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.database.homes import evalhub, rows_of, without_restores
from tests.database.test_tables import call
from tests.migrated import a_migrated_database

pytestmark = [pytest.mark.heavy, pytest.mark.services]

SENDS = """
from tests.migrated import set_up_migrated
set_up_migrated()
from evalhub.accounts.models import Project
from tests.features.traffic.rows_of import a_request, a_signal, noon, taken
project = Project.objects.create(slug="desk")
for days in (1, 2, 40):
    request = a_request(f"r{days}", time=noon(days), tags=("a",), latency_ms=5.5, user="olga")
    taken(project, [request], [a_signal(f"s{days}", request=f"r{days}", time=noon(days))])
"""


def succeeds(done: "subprocess.CompletedProcess[str]") -> None:
    assert done.returncode == 0, done.stderr


def moved_twice(tmp_path: Path, postgres_url: str, program: str, *, app: str) -> list[list[str]]:
    """An app's rows in three backups: of a home of SQLite that the program filled, of PostgreSQL
    where that one was restored, and of SQLite again."""
    first, second, third = (tmp_path / name for name in ("first", "second", "third"))
    for folder in (first, second, third):
        folder.mkdir()
    succeeds(
        call(
            sys.executable, "-c", program, at=first,
            PYTHONPATH=str(Path(__file__).resolve().parents[3]),
            DJANGO_SETTINGS_MODULE="evalhub.settings",
        )
    )  # fmt: skip
    succeeds(evalhub("backup", "b.jsonl.gz", at=first))
    url = a_migrated_database(postgres_url, f"restored_{app}")
    succeeds(evalhub("restore", first / "b.jsonl.gz", at=second, EVALHUB_DATABASE_URL=url))
    succeeds(evalhub("backup", "b.jsonl.gz", at=second, EVALHUB_DATABASE_URL=url))
    succeeds(evalhub("restore", second / "b.jsonl.gz", at=third))
    succeeds(evalhub("backup", "b.jsonl.gz", at=third))
    return [
        [row for row in without_restores(rows_of(folder / "b.jsonl.gz")) if app in row]
        for folder in (first, second, third)
    ]


def test_from_either_database_to_either(tmp_path: Path, postgres_url: str) -> None:
    rows, *later = moved_twice(tmp_path, postgres_url, SENDS, app="traffic")
    assert sum(row.startswith('["traffic.request"') for row in rows) == 3
    assert later == [rows, rows]
