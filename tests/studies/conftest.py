"""What tests of studies have in common."""

from pathlib import Path

import pytest

from tests.studies.desks import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)
