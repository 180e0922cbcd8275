"""Pages and lists of large runs read what they show, and not what there is beside it."""

import json

import pytest

from tests.runners.conftest import ask, python  # noqa: F401
from tests.runners.workers import Processes

MOST = 1500
"""Rows that an address may read, where each of three runs holds 20,000 answers."""


@pytest.mark.heavy
@pytest.mark.services
def test_an_address_reads_a_page_of_rows_at_any_depth(python: Processes) -> None:  # noqa: F811
    rows = json.loads(python.said("import tests.e2e.rows_read").splitlines()[-1])
    assert len(rows) == 10
    assert {address: read for address, read in rows.items() if read > MOST} == {}
    assert all(rows.values())
