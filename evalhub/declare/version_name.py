"""How people write a version: MODEL@3, or "MODEL v3" as pages show it; MODEL is its newest."""

import re

_NAME = re.compile(r"(?P<model>[A-Za-z0-9][A-Za-z0-9_-]*)(?:(?:@| v)(?P<number>[1-9][0-9]{0,8}))?")


class VersionNameError(ValueError):
    """No version has that name; the message says what would be right."""


def written_version(name: str) -> tuple[str, int | None]:
    """The model and the number that a name says; None: the newest. Raises VersionNameError."""
    match = _NAME.fullmatch(name)
    if match is None:
        raise VersionNameError(f"{name!r} isn't of the form MODEL@NUMBER, such as support-lora@3")
    return match["model"], int(match["number"]) if match["number"] else None


def numbered_version(name: str) -> tuple[str, int]:
    """The same where the newest won't do: it may be another one by now. Raises VersionNameError."""
    model, number = written_version(name)
    if number is None:
        raise VersionNameError(f"{name!r} names no version: say which, such as {model}@3")
    return model, number
