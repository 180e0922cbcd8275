"""Generate docs/reference/cli.md, the page on the command line, from the commands.

`python -m evalhub.cli.reference > docs/reference/cli.md` writes it anew.
"""

import sys
from collections import Counter
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import typer
import yaml

from evalhub.declare.declaration import Declaration, validate

OF_EVERY_COMMAND = {"--help", "--home"}
FEW = 3
"""So many commands with the same row make it a row of the table of shared options."""

HEAD = """\
# The command line

Made from the commands by `python -m evalhub.cli.reference > docs/reference/cli.md`;
`evalhub --help` lists them by what one wants to do, and `evalhub COMMAND -h` says the same as this
page. Commands that keep data take `--home DIR`, before the command or after it, or `EVALHUB_HOME`;
by default the data live in `./.evalhub`. `evalhub --version` prints the version, and
`evalhub --install-completion` lets your shell complete commands and options.

## Shared options

Each means the same wherever a command's *Also* names it.

{shared}
"""

TABLE = ("| argument or option | what it is | default |", "| --- | --- | --- |")
EXIT_CODES = r"""
## Exit codes

| code | meaning |
| --- | --- |
| 0 | ship; of `judge-check`: usable; or the command did what it was asked |
| 1 | hold; of `judge-check`: not usable; of `policy diff`: something is easier to pass |
| 2 | need more data; of `judge-check`: the labels don't tell; of `policy diff`: something can't be compared |
| 3 | invalid evidence |
| 64 | wrong usage: an unknown option or metric, options that contradict each other, a value that can't be |
| 65 | bad data: the message names file, line and field; or a file that can't be written |
| 69 | something can't be reached or used: a model's server, the database, the queue. Nothing is decided, what was done is kept: run again |
| 70 | our fault; `EVALHUB_DEBUG=1` shows where |
| 74 | what was to be written couldn't be: standard output is closed, full, or read by nobody any more; or a disk is full. Never a verdict's code, whatever was decided |
| 130 | stopped by Ctrl+C, or told to end (SIGTERM) |

An error writes nothing to standard output and leaves nothing half-written. No command writes over a file that
it reads. Numbers are finite; beyond 10¹⁵ in size, or nearer to 0 than 10⁻³⁰, they are refused.

A terminal that isn't UTF-8 changes no exit code: a character that it lacks is written with others (✓ as `ok`, a
letter that has no plain form as `\u0442`), and a JSON document is then ASCII with the same content.
"""  # noqa: E501


class CommandNotes(Declaration):
    """Notes of the page on a command, in addition to its help.

    Attributes:
        notes: Markdown, with links relative to docs/reference.
        example: lines for a shell.
    """

    notes: str | None = None
    example: str | None = None


def all_notes() -> dict[str, CommandNotes]:
    """The notes by the command's words, such as "study run"."""
    text = files("evalhub.cli").joinpath("notes.yaml").read_text(encoding="utf-8")
    return validate(dict[str, CommandNotes], yaml.safe_load(text))


def as_markdown(tree: Any) -> str:
    """The whole page. `tree` is typer's group of all commands."""
    notes = all_notes()
    documented = [(name, command) for name, command in leaf_commands(tree) if name != "version"]
    counts = Counter(row for _, command in documented for row in _rows(command))
    shared = {row for row, count in counts.items() if count >= FEW and row.startswith("| `--")}
    sections = (
        "\n".join(_section(name, command, notes.get(name, CommandNotes()), shared))
        for name, command in documented
    )
    head = HEAD.format(shared="\n".join([*TABLE, *sorted(shared)]))
    return "\n".join([head, *sections]) + EXIT_CODES


def leaf_commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Every command that isn't a group, with its words, in the order of `--help`."""
    for name, inner in getattr(command, "commands", {}).items():
        yield from leaf_commands(inner, (*path, name))
    if not hasattr(command, "commands"):
        yield " ".join(path), command


def _section(name: str, command: Any, notes: CommandNotes, shared: set[str]) -> Iterator[str]:
    yield f"## `evalhub {name}`\n"
    yield f"{_one_line(command.help)}\n"
    if notes.notes:
        yield f"{notes.notes}\n"
    if notes.example:
        yield f"```sh\n{notes.example}\n```\n"
    rows = _rows(command)
    own = [row for row in rows if row not in shared]
    if own:
        yield from (*TABLE, *own, "")
    if len(own) < len(rows):
        labels = (row.removeprefix("| ").partition(" | ")[0] for row in rows if row in shared)
        yield f"Also {', '.join(labels)}.\n"


def _rows(command: Any) -> list[str]:
    """A row of the table for each argument and option."""
    context = typer.Context(command)
    return [
        _row(parameter, context)
        for parameter in command.params
        if not parameter.hidden and OF_EVERY_COMMAND.isdisjoint(parameter.opts)
    ]


def _row(parameter: Any, context: typer.Context) -> str:
    usage = parameter.get_help_record(context)[0]
    value = usage.rpartition(" ")[2]
    meaning = _one_line(parameter.help)
    if value.startswith("<") and "|" in value:
        choices = ", ".join(f"`{choice}`" for choice in value.strip("<>").split("|"))
        meaning = f"{meaning} One of {choices}."
    if parameter.param_type_name == "argument":
        label = f"`{parameter.metavar or parameter.name.upper()}`"
    else:
        names = [*parameter.opts, *parameter.secondary_opts]
        label = ", ".join(f"`{option}`" for option in names)
        label += f" {parameter.metavar}" if parameter.metavar else ""
    return f"| {_cell(label)} | {_cell(meaning)} | {_default(parameter)} |"


def _default(parameter: Any) -> str:
    default = getattr(parameter.default, "value", parameter.default)
    if parameter.required:
        return "needed"
    if default is None or default is False or callable(default):
        return ""
    return f"`{default}`"


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split())


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    from evalhub.cli.app import command_line

    sys.stdout.write(as_markdown(typer.main.get_command(command_line())))
