"""Backends: where a version's answers come from. A new one is a file and a line of the table."""

from functools import reduce
from importlib import import_module
from operator import or_
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from evalhub.declare.declaration import validate
from evalhub.declare.version import BackendDeclaration

if TYPE_CHECKING:
    from evalhub.registry.models import ModelVersion

# The backend's type, which is its file's name too, and its declaration there.
_TABLE = {
    "recorded": "RecordedBackend",
    "openai": "OpenAIBackend",
    "hf": "HfBackend",
    "command": "CommandBackend",
    "own": "OwnBackend",
}

BACKENDS: dict[str, type[BackendDeclaration]] = {
    name: getattr(import_module(f"runners.backends.{name}"), kind) for name, kind in _TABLE.items()
}

if TYPE_CHECKING:
    AnyBackend = BackendDeclaration
else:
    # {"type": "openai", "url": …}: the type says which backend's fields these are.
    AnyBackend = Annotated[reduce(or_, BACKENDS.values()), Field(discriminator="type")]


def backend_of(version: "ModelVersion") -> BackendDeclaration:
    """Who answers for a version. Raises DeclarationError where no backend here is like that."""
    return validate(AnyBackend, version.backend, at="backend")
