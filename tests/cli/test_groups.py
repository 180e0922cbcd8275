"""`evalhub --help`: commands by what one wants to do."""

import re

import pytest

from evalhub.cli.app import run
from evalhub.cli.table import COMMANDS


def test_the_help_lists_every_command_once_by_what_one_wants_to_do(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["--help"]) == 0
    shown = capsys.readouterr().out
    panels = [title for title in re.findall(r"╭─ ([\w ]+?) ─", shown) if title != "Options"]
    assert panels == list(COMMANDS) == ["First verdict", "Studies", "Reviews", "Models", "Site"]
    listed = re.findall(r"^│ ([a-z][\w-]*) ", shown, re.MULTILINE)
    named = [name for commands in COMMANDS.values() for name in commands]
    assert sorted(listed) == sorted([*named, "version"])
    assert len(named) == len(set(named))


def test_who_begins_finds_nine_commands_at_most_in_the_first_group() -> None:
    assert len(COMMANDS["First verdict"]) <= 9
