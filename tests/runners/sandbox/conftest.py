"""Every test here runs programs in the sandbox."""

import pytest

from tests.sandbox import need_sandbox


@pytest.fixture(autouse=True)
def sandbox() -> None:
    need_sandbox()
