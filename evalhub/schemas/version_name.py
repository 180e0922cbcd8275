"""How people write a version: its model and its number, "tuned v3" as pages say it, or tuned:3."""

import re

WRITTEN = re.compile(r"(?P<model>[A-Za-z0-9][A-Za-z0-9_-]*)(?:\s+v|:v?)(?P<number>[0-9]{1,9})")


class VersionNameError(Exception):
    """A name that is no version's, and what would be one."""


def written_version(name: str) -> tuple[str, int]:
    """The model and the number that a name says. Raises VersionNameError."""
    found = WRITTEN.fullmatch(name.strip())
    if found is None:
        raise VersionNameError(f"{name!r} is no version: write MODEL:NUMBER, such as tuned:3")
    return found["model"], int(found["number"])
