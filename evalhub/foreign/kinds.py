"""The kinds of logs that are read. A new one is a file and a line of the table."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from evalhub.files.limits import COMMAND, Limits
from evalhub.files.rows import DataError
from evalhub.foreign import (
    every_eval_ever,
    inspect_log,
    lm_eval,
    openai_chat,
    openai_evals,
    promptfoo,
    rows,
)
from evalhub.foreign.log import LoggedArm


@dataclass(frozen=True, slots=True)
class LogKind:
    """A kind of log.

    Attributes:
        words: what wrote it, for people.
        read: the arms of a log.
        names_tasks: whether it has names for what it asks; else there is one task alone.
    """

    words: str
    read: Callable[[Path, Limits], list[LoggedArm]]
    names_tasks: bool = True


KINDS = {
    "lm-eval": LogKind("lm-evaluation-harness", lm_eval.read),
    "inspect": LogKind("inspect", inspect_log.read),
    "promptfoo": LogKind("promptfoo", promptfoo.read, names_tasks=False),
    "openai-evals": LogKind("OpenAI Evals", openai_evals.read, names_tasks=False),
    "openai-chat": LogKind("OpenAI chat JSONL", openai_chat.read, names_tasks=False),
    "every-eval-ever": LogKind("Every Eval Ever", every_eval_ever.read),
    "json": LogKind("JSON rows", rows.read, names_tasks=False),
}


def read_arms(kind: str, path: Path, limits: Limits = COMMAND) -> list[LoggedArm]:
    """The arms of a log, in its order; at least one.

    Raises:
        evalhub.files.rows.DataError: what is wrong with a file, with its line and field.
        KeyError: no such kind.
    """
    read = KINDS[kind].read
    if not path.exists():
        raise DataError("no such file", file=str(path))
    return read(path, limits)


def one_arm(arms: list[LoggedArm], name: str | None, path: Path, *, option: str) -> LoggedArm:
    """The arm of this name, or where none is named, the only one. Raises DataError, which says by
    which option one is named."""
    if name is None and len(arms) == 1:
        return arms[0]
    found = [each for each in arms if each.name == name]
    if len(found) != 1:
        there = ", ".join(each.name for each in arms)
        asked = "which of its arms is meant isn't said" if name is None else f"has no arm {name!r}"
        raise DataError(f"{asked} ({option} NAME): there are {there}", file=str(path))
    return found[0]
