"""Names of versions as people write them: MODEL@3, or "MODEL v3" as on pages; MODEL is its
newest."""

import re

_NAME = re.compile(r"(?P<model>[A-Za-z0-9][A-Za-z0-9_-]*)(?:(?:@| v)(?P<number>[1-9][0-9]{0,8}))?")


class VersionNameError(ValueError):
    """No version has this name; the message suggests one."""


def parse_version_name(name: str) -> tuple[str, int | None]:
    """Model and number of a version name; None: the newest. Raises VersionNameError."""
    match = _NAME.fullmatch(name)
    if match is None:
        raise VersionNameError(f"{name!r} isn't of the form MODEL@NUMBER, such as support-lora@3")
    return match["model"], int(match["number"]) if match["number"] else None


def parse_numbered_version(name: str) -> tuple[str, int]:
    """The same, but a number is required: the newest may be another one by now. Raises
    VersionNameError."""
    model, number = parse_version_name(name)
    if number is None:
        raise VersionNameError(f"{name!r} names no version: say which, such as {model}@3")
    return model, number
