"""Fixtures of the features' tests: a program that calls the API with a token, and a command."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from evalhub.cli.app import run
from tests.api.conftest import program  # noqa: F401


@pytest.fixture
def shown(capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """What a command prints with --json."""

    def command(*words: str) -> Any:
        assert run([*words, "--json"]) == 0, capsys.readouterr().err
        return json.loads(capsys.readouterr().out)

    return command
