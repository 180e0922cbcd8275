"""`evalhub policy`: the difference of two policies, and a change of a study's policy."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evalhub.frames.command.home import at_home
from evalhub.frames.command.verbs import Printed, command, file_command, user_by_option

if TYPE_CHECKING:
    from evalhub.decision.policy_changes import Demands, PolicyChange

app = typer.Typer(no_args_is_help=True, help="Policies: what must hold for a ship.")
EASIER, INCOMPARABLE = 1, 2
SCHEMA = "evalhub.policy-diff/1"


@app.callback()
def policy() -> None:
    """Policies: what must hold for a ship."""


@app.command()
@file_command
def diff(
    old: Annotated[
        str, typer.Argument(help="A policy or study file, or one in git: HEAD~1:study.yaml")
    ],
    new: Annotated[str, typer.Argument(help="The later version: a file, or one in git.")],
) -> Printed:
    """Compare two policies. Exit code 1 if anything is easier to pass, 2 if something can't be
    compared, 0 if nothing is less strict."""
    from evalhub.decision.policy_changes import Effect, policy_changes
    from evalhub.io.rows import DataError

    (kind, was), (other, now) = _read(old), _read(new)
    if kind != other:
        raise DataError(f"is {other}, and {old} is {kind}: compare two of a kind", file=new)
    changes = policy_changes(was, now)
    effects = {each.effect for each in changes}
    incomparable = INCOMPARABLE if Effect.OTHER in effects else 0
    return _printed(changes, EASIER if Effect.EASIER in effects else incomparable)


@app.command()
@at_home
@command
def change(
    project: Annotated[str, typer.Option(help="The project's name in addresses.")],
    study: Annotated[str, typer.Option(help="The study's slug.")],
    by: Annotated[str, typer.Option(help="User name of the person who changes it.")],
    values: Annotated[
        list[str],
        typer.Option(
            "--set",
            help="A field of the study file and its value: policy.alpha=0.01, "
            "test_sets.sums.margin=0.02. Several are given each with its own --set.",
            metavar="FIELD=VALUE",
        ),
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the differences, and change nothing.")
    ] = False,
) -> Printed:
    """Change a registered study's policy; the audit log records who changed what."""
    from evalhub.declare.declaration import DeclarationError
    from evalhub.registry.live_studies import check_not_live
    from evalhub.registry.models import Study
    from evalhub.studies.run.policy_change import (
        SamePolicyError,
        change_policy,
        policy_difference,
        split_fields,
    )

    study_row = Study.objects.filter(project__slug=project, slug=study).first()
    if study_row is None:
        check_not_live(study, project=project)
        raise typer.BadParameter(f"{project} has no study {study!r}", param_hint="--study")
    person = user_by_option(by)
    try:
        policy, demands = split_fields(study_row, dict(_set(each) for each in values))
        if dry_run:
            changes = policy_difference(study_row, policy, demands)
        else:
            changes = change_policy(study=study_row, by=person, policy=policy, demands=demands)
    except SamePolicyError:
        changes = []
    except DeclarationError as error:
        raise typer.BadParameter(str(error), param_hint="--set") from error
    return _printed(changes)


def _set(text: str) -> tuple[str, Any]:
    """(field, value) of an option; a value that isn't JSON is a text."""
    field, equals, value = text.partition("=")
    if not field or not equals:
        raise typer.BadParameter(f"{text!r} isn't FIELD=VALUE", param_hint="--set")
    try:
        return field, json.loads(value)
    except json.JSONDecodeError:
        return field, value


def _read(name: str) -> "tuple[str, Demands]":
    """A document's requirements. An error names the file as the command line did."""
    from evalhub.io.rows import DataError
    from evalhub.studies.file.requirements import read_requirements

    with _file(name) as path:
        try:
            return read_requirements(path)
        except DataError as error:
            raise DataError(error.message, file=name, line=error.line, field=error.field) from error


@contextmanager
def _file(name: str) -> Iterator[Path]:
    """The file with this name, or its content in git."""
    from evalhub.io.rows import DataError

    path = Path(name)
    revision, colon, inside = name.partition(":")
    if path.exists() or not (revision and colon and inside):
        yield path
        return
    try:
        result = subprocess.run(
            ["git", "show", "--end-of-options", name], capture_output=True, check=False
        )
    except FileNotFoundError as error:
        raise DataError("there is no such file, and no git to ask", file=name) from error
    if result.returncode:
        message = result.stderr.decode(errors="replace").strip().removeprefix("fatal: ")
        raise DataError(f"there is no such file, and git says: {message}", file=name)
    with TemporaryDirectory() as folder:
        copied = Path(folder) / Path(inside).name
        copied.write_bytes(result.stdout)
        yield copied


def _printed(changes: "list[PolicyChange]", code: int = 0) -> Printed:
    document = {"schema": SCHEMA, "changes": [_as_json(each) for each in changes]}
    lines = [_line(each) for each in changes] or ["The policies are equal."]
    return Printed(document, lines=lines, code=code)


def _as_json(change: "PolicyChange") -> dict[str, Any]:
    return {
        "field": change.field,
        "was": change.was,
        "now": change.now,
        "effect": change.effect.value,
    }


def _line(change: "PolicyChange") -> str:
    return f"{change.effect.mark} {change.effect.label}: {change_line(change)}"


def change_line(change: "PolicyChange") -> str:
    was, now = (_value(each) for each in (change.was, change.now))
    return f"{change.field}: {was} → {now}"


def _value(value: Any) -> str:
    if value is None:
        return "not asked"
    if isinstance(value, dict):
        return ", ".join(f"{name} {_value(each)}" for name, each in value.items()) or "nothing"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
