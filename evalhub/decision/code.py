"""Which code decides: a digest of the sources that a verdict follows from."""

import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

PACKAGES = ("evalhub.declare", "evalhub.stats", "evalhub.decision")


@cache
def code_digest() -> str:
    """SHA-256 of the running sources of declarations, statistics and rule."""
    return sources_digest((package, files(package)) for package in PACKAGES)


def sources_digest(packages: Iterable[tuple[str, Traversable]]) -> str:
    """SHA-256 over the names and contents of each package's Python files, by name; of packages
    inside it too."""
    digest = hashlib.sha256()
    for package, folder in packages:
        sources = dict(_sources(folder))
        for name in sorted(sources):
            text = sources[name].read_bytes().replace(b"\r\n", b"\n")
            # The length keeps a name from running into what follows.
            digest.update(f"{package}/{name} {len(text)}\n".encode() + text)
    return digest.hexdigest()


def _sources(folder: Traversable, at: str = "") -> Iterator[tuple[str, Traversable]]:
    """The Python files in a folder and in the folders below it, by their path from the first."""
    for entry in folder.iterdir():
        name = f"{at}{entry.name}"
        if entry.is_dir():
            yield from _sources(entry, f"{name}/")
        elif name.endswith(".py"):
            yield name, entry
