"""The tree of all commands, for tests that read it."""

from typing import Any

import typer

from evalhub.cli.app import command_line


def command_tree() -> Any:
    """A tree of its own: a command that is looked at keeps what it was looked at with, and the tree
    that runs commands in tests is one for all (`tests.conftest`)."""
    return typer.main.get_command.__wrapped__(command_line())  # type: ignore[attr-defined]
