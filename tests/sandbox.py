"""The sandbox of tests that run programs in it."""

import os

import pytest

from runners.sandbox.availability import why_no_sandbox


def need_sandbox() -> None:
    """Skip the test where no sandbox can be had, and say why; in CI it fails."""
    if why := why_no_sandbox():
        if os.environ.get("TESTS_IN_CI") == "true":
            pytest.fail(why)
        pytest.skip(why)
