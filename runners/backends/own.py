"""A backend that an installed package brings, by an entry point `evalhub.backends`."""

from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field

from evalhub.declare.declaration import DeclarationError
from evalhub.declare.keys import Reach
from evalhub.declare.outside import Outside
from evalhub.declare.prompt import Prompt
from evalhub.declare.sampling import Sampling
from evalhub.declare.version import BackendDeclaration
from evalhub.plug_ins import SHOWN_DIGITS, PlugInError, entries, load, origin, source_sha256
from runners.backends.asking import BackendClient, BackendError

GROUP = "evalhub.backends"


class OwnBackend(BackendDeclaration):
    """A backend of your own, from a package that is installed where the worker runs."""

    type: Literal["own"] = "own"
    name: Annotated[str, Field(min_length=1, max_length=60), Outside("code")] = Field(
        description="its entry point's name"
    )
    options: dict[str, Any] = Field({}, description="what its `of` is handed")
    code_sha256: str | None = Field(
        None, pattern=r"^[0-9a-f]{64}$", description="filled in when the version is registered"
    )

    @property
    def address(self) -> str:
        return self.name

    def resolve(self, files: Callable[[str], Path]) -> Self:
        """With the digest of its package's source. Raises DeclarationError."""
        try:
            digest = source_sha256(entry_named(self.name))
        except PlugInError as error:
            raise DeclarationError(str(error), "name") from error
        if self.code_sha256 not in (None, digest):
            raise DeclarationError(f"its code here has {digest}", "code_sha256")
        return self.model_copy(update={"code_sha256": digest})


def entry_named(name: str) -> EntryPoint:
    """The entry point of a backend. Raises PlugInError where there is none, or two."""
    by_name = {entry.name: entry for entry in entries(GROUP)}
    if name not in by_name:
        alternatives = f"there are {', '.join(by_name)}" if by_name else "none is installed"
        raise PlugInError(f"no installed package brings a backend {name!r} ({alternatives})")
    return by_name[name]


class Client:
    """Makes the client of a package's backend."""

    @classmethod
    def of(
        cls, backend: OwnBackend, prompt: Prompt, sampling: Sampling, reach: Reach
    ) -> BackendClient:
        """What the entry point's `of(options, prompt, sampling)` makes: a `BackendClient`.

        Raises BackendError: a package's code is started for an operator's own study alone; or its
        code isn't what the version was registered with.
        """
        if not reach.operator:
            raise BackendError(
                "a backend of your own is started for an operator's own study alone: run it by "
                "the command line"
            )
        try:
            entry = entry_named(backend.name)
            digest = source_sha256(entry)
            if digest != backend.code_sha256:
                raise BackendError(
                    f"{origin(entry)} is {digest[:SHOWN_DIGITS]} here, and the version was "
                    f"registered with {str(backend.code_sha256)[:SHOWN_DIGITS]}: changed code is "
                    "another version"
                )
            client: BackendClient = load(entry).of(backend.options, prompt, sampling)
        except PlugInError as error:
            raise BackendError(str(error)) from error
        return client
