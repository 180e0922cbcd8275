"""Which code decides: a digest of the sources that a verdict follows from."""

import hashlib
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

PACKAGES = ("evalhub.declare", "evalhub.stats", "evalhub.decision")


@cache
def code_digest() -> str:
    """SHA-256 of the running sources of declarations, statistics and rule."""
    return sources_digest((package, files(package)) for package in PACKAGES)


def sources_digest(packages: Iterable[tuple[str, Traversable]]) -> str:
    """SHA-256 over the names and contents of each package's Python files, by name."""
    found = hashlib.sha256()
    for package, folder in packages:
        sources = (each for each in folder.iterdir() if each.name.endswith(".py"))
        for source in sorted(sources, key=lambda each: each.name):
            text = source.read_bytes().replace(b"\r\n", b"\n")
            # The length keeps a name from running into what follows.
            found.update(f"{package}/{source.name} {len(text)}\n".encode() + text)
    return found.hexdigest()
