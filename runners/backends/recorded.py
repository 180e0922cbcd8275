"""Answers made elsewhere, given to `launch` as a file."""

from typing import ClassVar, Literal

from evalhub.schemas.version import BackendDeclaration


class RecordedBackend(BackendDeclaration):
    """The answers themselves belong to a run, not to the version."""

    live: ClassVar = False

    type: Literal["recorded"] = "recorded"
