"""Servers for tests of retrievers."""

from collections.abc import Iterator

import pytest

from tests.fakes.retriever_server import RetrieverServer


@pytest.fixture
def store() -> Iterator[RetrieverServer]:
    """A retriever of a million passages that answers at once."""
    with RetrieverServer() as server:
        yield server
