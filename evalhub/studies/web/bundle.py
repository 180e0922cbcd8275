"""The bundle of a study file with its data files: file names are replaced by the digests of the
files sent. Pure."""

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from evalhub.declare.declaration import DeclarationError
from evalhub.studies.file.gaps import first_gap

type Place = tuple[str, ...]
TEST_SET = "{test_set}"


def with_digests(document: Mapping[str, Any], sent: Mapping[str, str]) -> dict[str, Any]:
    """The study file with every file named as sha256:DIGEST.

    A file is the one of the same name that was sent, whatever folder the document says that it
    lies in. `{test_set}` stands for as many files as were sent under such names.

    Args:
        sent: the digests by the names of the files.

    Raises:
        DeclarationError: the first file that wasn't sent, or what nobody has filled in yet, with
            its field.
    """
    if missing := first_gap(document):
        raise DeclarationError(missing.text, missing.field)
    copied: dict[str, Any] = _copy(document)
    for holder, key, path in file_fields(copied):
        holder[key] = _digest(holder[key], sent, ".".join(path))
    return copied


def _copy(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _copy(each) for key, each in value.items()}
    return [_copy(each) for each in value] if isinstance(value, list) else value


def file_fields(document: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str, Place]]:
    """(holder, key, path) of everything that names a file. Parts with a wrong shape are skipped:
    reading the study reports them."""
    for name, test_set in _parts(document, "test_sets"):
        yield from _field(test_set, "file", "test_sets", name)
    for name, arm in _parts(document, "arms"):
        for part in ("backend", "repeat"):
            yield from _field(arm.get(part), "recorded", "arms", name, part)
        prompt = arm.get("prompt")
        retriever = prompt.get("retriever") if isinstance(prompt, dict) else None
        yield from _field(retriever, "documents", "arms", name, "prompt", "retriever")
        for part in ("data", "hashes"):
            yield from _field(arm.get("training"), part, "arms", name, "training")


def _parts(document: dict[str, Any], key: str) -> Iterator[tuple[str, dict[str, Any]]]:
    parts = document.get(key)
    for name, part in parts.items() if isinstance(parts, dict) else ():
        if isinstance(part, dict):
            yield name, part


def _field(holder: Any, key: str, *path: str) -> Iterator[tuple[dict[str, Any], str, Place]]:
    if isinstance(holder, dict) and holder.get(key) is not None:
        yield holder, key, (*path, key)


def _digest(value: Any, sent: Mapping[str, str], field: str) -> Any:
    if isinstance(value, dict):
        return {key: _digest(each, sent, f"{field}.{key}") for key, each in value.items()}
    if not isinstance(value, str) or value.startswith("sha256:"):
        return value
    name = PurePosixPath(value).name
    if TEST_SET in name:
        pattern = re.compile(re.escape(name).replace(re.escape(TEST_SET), "(.+)", 1))
        matches = {hit[1]: sent[each] for each in sent if (hit := pattern.fullmatch(each))}
        if matches:
            return matches
        raise DeclarationError(f"add its files: none was sent that is called like {name}", field)
    if name not in sent:
        raise DeclarationError(f"add the file {name}, which it names", field)
    return sent[name]
