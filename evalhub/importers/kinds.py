"""The kinds of logs that are read. A new one is a file and a line of the table.

An installed package brings one by an entry point `evalhub.importers`, which names a `LogKind`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from evalhub.importers import (
    every_eval_ever,
    inspect_log,
    lm_eval,
    openai_chat,
    openai_evals,
    promptfoo,
    rows,
)
from evalhub.importers.log import LoggedArm
from evalhub.io.limits import COMMAND, Limits
from evalhub.io.row_paths import USUAL, RowMapping
from evalhub.io.rows import DataError
from evalhub.plug_ins import PlugInError, check_name_free, entries, load, origin

GROUP = "evalhub.importers"


class FieldsError(ValueError):
    """Names of fields for a kind of log that has its own."""


@dataclass(frozen=True, slots=True)
class LogKind:
    """A kind of log.

    Attributes:
        words: what wrote it, for people.
        read: the arms of a log.
        names_tasks: whether it has names for what it asks; else there is one task alone.
        read_mapped: the same with what a row's fields are called, of kinds that are plain rows.
    """

    words: str
    read: Callable[[Path, Limits], list[LoggedArm]]
    names_tasks: bool = True
    read_mapped: Callable[[Path, Limits, RowMapping], list[LoggedArm]] | None = None


KINDS = {
    "lm-eval": LogKind("lm-evaluation-harness", lm_eval.read),
    "inspect": LogKind("inspect", inspect_log.read),
    "promptfoo": LogKind("promptfoo", promptfoo.read, names_tasks=False),
    "openai-evals": LogKind("OpenAI Evals", openai_evals.read, names_tasks=False),
    "openai-chat": LogKind("OpenAI chat JSONL", openai_chat.read, names_tasks=False),
    "every-eval-ever": LogKind("Every Eval Ever", every_eval_ever.read),
    "json": LogKind("rows", rows.read, names_tasks=False, read_mapped=rows.read),
    "parquet": LogKind("Parquet rows", rows.read, names_tasks=False, read_mapped=rows.read),
}


@cache
def log_kinds() -> Mapping[str, LogKind]:
    """All kinds by name, Evalhub's and then those that packages bring. Raises PlugInError."""
    kinds = dict(KINDS)
    for entry in entries(GROUP):
        check_name_free(entry, KINDS)
        kind = load(entry)
        if not isinstance(kind, LogKind):
            raise PlugInError(f"{origin(entry)} is no evalhub.importers.kinds.LogKind")
        kinds[entry.name] = kind
    return kinds


def check_fields(kind: str, fields: RowMapping) -> None:
    """Raises FieldsError where the fields of a kind of log have names that can't be others."""
    if not fields.usual and log_kinds()[kind].read_mapped is None:
        plain = " and ".join(name for name, kind in KINDS.items() if kind.read_mapped)
        raise FieldsError(f"are for {plain}: {log_kinds()[kind].words} has its own form")


def read_arms(
    kind: str, path: Path, limits: Limits = COMMAND, fields: RowMapping = USUAL
) -> list[LoggedArm]:
    """The arms of a log, in its order; at least one.

    Args:
        fields: of plain rows, where they are and what is read of each.

    Raises:
        FieldsError: another kind than plain rows.
        evalhub.io.rows.DataError: what is wrong with a file, with its line and field.
        KeyError: no such kind.
    """
    check_fields(kind, fields)
    if not path.exists():
        raise DataError("no such file", file=str(path))
    if (read_mapped := log_kinds()[kind].read_mapped) is not None:
        return read_mapped(path, limits, fields)
    return log_kinds()[kind].read(path, limits)


def one_arm(arms: list[LoggedArm], name: str | None, path: Path, *, option: str) -> LoggedArm:
    """The arm of this name, or where none is named, the only one. Raises DataError, which says by
    which option one is named."""
    if name is None and len(arms) == 1:
        return arms[0]
    matches = [arm for arm in arms if arm.name == name]
    if len(matches) != 1:
        names = ", ".join(arm.name for arm in arms)
        problem = (
            "which of its arms is meant isn't said" if name is None else f"has no arm {name!r}"
        )
        raise DataError(f"{problem} ({option} NAME): there are {names}", file=str(path))
    return matches[0]
