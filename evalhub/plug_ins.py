"""Parts that installed packages bring by entry points, and the digest of their source files."""

import hashlib
from collections.abc import Iterator
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

SHOWN_DIGITS = 8
"""Digits of a source's SHA-256 that lists show."""


class PlugInError(ValueError):
    """A part that can't be loaded: which, from where, and why."""


def entries(group: str) -> list[EntryPoint]:
    """The entry points of a group, by name. Raises PlugInError where two have one name."""
    parts = sorted(entry_points(group=group), key=lambda entry: (entry.name, entry.value))
    for entry, following in pairwise(parts):
        if entry.name == following.name:
            raise PlugInError(
                f"{origin(entry)} and {origin(following)} bring one name: uninstall one of the two"
            )
    return parts


def origin(entry: EntryPoint) -> str:
    """The entry point for people: what it names, its group and its distribution."""
    of = f" of {entry.dist.name} {entry.dist.version}" if entry.dist is not None else ""
    return f"{entry.name!r}{of} ({entry.group}: {entry.value})"


def load(entry: EntryPoint) -> Any:
    """What an entry point names. Raises PlugInError, whatever its code raises."""
    try:
        return entry.load()
    except (Exception, SystemExit) as error:
        raise PlugInError(f"{origin(entry)} can't be loaded: {reason_of(error)}") from error


def reason_of(error: BaseException) -> str:
    """An error of somebody's code in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]


def check_name_free(entry: EntryPoint, names: Any) -> None:
    """Raises PlugInError where Evalhub has that name itself."""
    if entry.name in names:
        raise PlugInError(f"{origin(entry)} has the name of a part of Evalhub's own: rename it")


def source_sha256(entry: EntryPoint) -> str:
    """SHA-256 of the source that an entry point is from: of its top-level package all .py files,
    each with its path, or of its top-level module the one file.

    Nothing is imported. Raises PlugInError where there is no such source.
    """
    top = entry.module.partition(".")[0]
    spec = find_spec(top)
    roots = list(spec.submodule_search_locations or ()) if spec else []
    files = sorted(_sources(roots))
    if spec and not files and spec.origin and spec.origin.endswith(".py"):
        files = [(Path(spec.origin).name, Path(spec.origin))]
    if not files:
        raise PlugInError(f"{origin(entry)}: there is no source of {top} to take a digest of")
    sha256 = hashlib.sha256()
    for name, path in files:
        sha256.update(f"{name}\0{file_sha256(path)}\n".encode())
    return sha256.hexdigest()


def file_sha256(path: Path) -> str:
    """SHA-256 of a file. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sources(roots: list[str]) -> Iterator[tuple[str, Path]]:
    for root in roots:
        for path in Path(root).rglob("*.py"):
            yield path.relative_to(root).as_posix(), path
