"""The pages on the command line and the verdict say what there is."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from evalhub.cli.reference import all_notes, as_markdown
from evalhub.declare.verdicts import Verdict
from evalhub.frames.command.exits import (
    BAD_DATA,
    CODES,
    INTERRUPTED,
    NOT_WRITTEN,
    OUR_FAULT,
    UNREACHABLE,
    USAGE,
)
from tests.commands import command_tree

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "reference/cli.md").read_text(encoding="utf-8")
VERDICT = "".join(
    (DOCS / f"reference/{name}.md").read_text(encoding="utf-8")
    for name in ("verdict-json", "record-criteria", "record-evidence")
)
SCHEMA = json.loads((DOCS / "verdict.schema.json").read_text(encoding="utf-8"))


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, set[str]]]:
    """Each command in words with its options, but for --help and --home."""
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, (*path, name))
    if not hasattr(command, "commands"):
        options = {
            option
            for parameter in command.params
            if parameter.param_type_name == "option"
            for option in (*parameter.opts, *parameter.secondary_opts)
        }
        yield " ".join(path), options - {"-h", "--help", "--home"}


ALL = dict(commands(command_tree()))


@pytest.mark.parametrize("command", [each for each in ALL if each != "version"])
def test_the_page_has_just_the_options_of_each_command(command: str) -> None:
    section = re.search(rf"## `evalhub {re.escape(command)}`\n(.*?)(?=\n## )", PAGE, re.DOTALL)
    assert section is not None, f"docs/reference/cli.md has no section on {command}"
    rows = re.findall(r"^\| (`--.*?) \||^(Also `--.*)", section[1], re.MULTILINE)
    names = {name for row in rows for name in re.findall(r"`(--[\w-]+)`", "".join(row))}
    assert names == ALL[command]
    shared = PAGE.partition("## Shared options\n")[2].partition("\n## ")[0]
    also = re.findall(r"`(--[\w-]+)`", "".join(row[1] for row in rows))
    assert all(f"`{name}`" in shared for name in also)


def test_the_page_has_no_command_that_there_is_not() -> None:
    assert set(re.findall(r"^## `evalhub (.*?)`", PAGE, re.MULTILINE)) == set(ALL) - {"version"}


def test_the_page_is_made_from_the_commands() -> None:
    assert as_markdown(command_tree()) == PAGE, (
        "python -m evalhub.cli.reference > docs/reference/cli.md"
    )


def test_only_commands_that_there_are_have_notes() -> None:
    assert set(all_notes()) <= set(ALL)


def test_the_page_has_every_exit_code() -> None:
    verdicts = {each.exit_code for each in Verdict}
    codes = {*verdicts, USAGE, BAD_DATA, UNREACHABLE, OUR_FAULT, NOT_WRITTEN, INTERRUPTED}
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE)} == codes


@pytest.mark.parametrize("name", CODES)
def test_every_error_with_a_code_is_a_class_that_exists(name: str) -> None:
    module, _, kind = name.rpartition(".")
    found = getattr(__import__(module, fromlist=[kind]), kind)
    assert issubclass(found, Exception)
    assert f"{found.__module__}.{found.__qualname__}" == name


def test_the_schema_of_verdicts_is_a_valid_json_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_the_page_on_verdicts_names_every_field_of_the_schema() -> None:
    declarations = ("Criterion", "People", "EvidenceRow", "RecordedRule", "ArmName")
    for fields in (SCHEMA, *(SCHEMA["$defs"][name] for name in declarations)):
        for name in fields["properties"]:
            assert f"`{name}`" in VERDICT, name
