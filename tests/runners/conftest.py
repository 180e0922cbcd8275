"""What tests of runs in several processes ask for."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.runners.workers import Ask, Processes, a_database_with_tables, a_queue, processes


@pytest.fixture
def ask(postgres_url: str) -> Ask:
    """A database of its own in the server."""
    return a_database_with_tables(postgres_url)


@pytest.fixture
def python(ask: Ask, redis_url: str, tmp_path: Path) -> Iterator[Processes]:
    """Python processes that share the database and a queue; they end with the test."""
    with processes(ask.url, a_queue(redis_url), tmp_path) as running:
        yield running
