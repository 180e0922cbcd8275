"""Files that a command writes: never over one that it reads, and complete or not at all."""

import json
import os
import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer

from evalhub.io.rows import DataError


def check_output(path: Path | None, *, option: str, inputs: Iterable[Path]) -> None:
    """Raises, before anything is computed, if the file is an input or can't be written.

    Raises:
        typer.BadParameter: `path` is one of the `inputs`, by whatever name or link.
        evalhub.io.rows.DataError: there is no such folder, or no file can be there.
    """
    if path is None:
        return
    try:
        folder, free = path.parent.is_dir(), path.is_file() or not path.exists()
    except OSError as error:
        raise _write_error(path, option, error.strerror or str(error)) from error
    if any(_same_file(path, each) for each in inputs):
        raise typer.BadParameter(f"{path} is what is read: name another", param_hint=option)
    if not folder:
        raise _write_error(path, option, f"there is no folder {path.parent}")
    if not free:
        raise _write_error(path, option, "it is no file")


@contextmanager
def whole(path: Path, *, option: str) -> Iterator[Path]:
    """A file to write to, which replaces `path` if the block ends without an error.

    Raises:
        evalhub.io.rows.DataError: it can't be written; `path` is as it was.
    """
    check_output(path, option=option, inputs=())
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield partial
        os.replace(partial, path)
    except OSError as error:
        raise _write_error(path, option, error.strerror or str(error)) from error
    finally:
        partial.unlink(missing_ok=True)


def write_json(path: Path, document: Any, *, option: str) -> None:
    """Writes one JSON document, whole or not at all. Raises as `whole`."""
    text = json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False)
    with whole(path, option=option) as file:
        file.write_text(f"{text}\n", encoding="utf-8")


def write_folder(
    folder: Path, files: Mapping[str, str], *, option: str, over: Collection[str]
) -> None:
    """Writes a folder of these files, by name: all of them, or the folder stays as it was.

    Args:
        over: names of files that may give way, those of an earlier folder of the same kind; none:
            the folder has to be new or empty.

    Raises:
        typer.BadParameter: the folder holds something else.
        evalhub.io.rows.DataError: it can't be written.
    """
    parent = folder.absolute().parent
    partial = parent / f".{folder.absolute().name}.{os.getpid()}.part"
    old = partial.with_suffix(".old")
    try:
        strangers = (
            [each.name for each in folder.iterdir() if each.name not in over]
            if (folder.exists())
            else []
        )
        if strangers:
            hint = " (--force writes over what this command wrote before)" if not over else ""
            message = f"{folder} holds {sorted(strangers)[0]}: name a new folder{hint}"
            raise typer.BadParameter(message, param_hint=option)
        partial.mkdir()
        for name, text in files.items():
            path = partial / name
            path.write_text(text, encoding="utf-8", newline="")
            path.chmod(0o755 if text.startswith("#!") else 0o644)
        if folder.exists():
            folder.rename(old)
        partial.rename(folder)
    except OSError as error:
        if old.exists() and not folder.exists():
            old.rename(folder)
        raise _write_error(folder, option, error.strerror or str(error)) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def _same_file(one: Path, other: Path) -> bool:
    try:
        return one.resolve() == other.resolve() or one.samefile(other)
    except OSError:
        return False


def _write_error(path: Path, option: str, why: str) -> DataError:
    return DataError(f"can't be written ({option}): {why}", file=str(path))
