"""What a live backend is asked, what it replies, and what its `Client` can do."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol

from evalhub.schemas.keys import Reach
from evalhub.schemas.prompt import Prompt
from evalhub.schemas.sampling import Sampling
from evalhub.schemas.version import BackendDeclaration


class BackendError(Exception):
    """A backend that can't be used as it is specified or configured: which, why, and what to do.

    It is nobody's answer: what was asked stays unanswered, and nothing is decided on it.
    """


@dataclass(frozen=True, slots=True)
class BackendRequest:
    """One answer to ask for: sample `sample` of the item with the primary key `item_id`."""

    item_id: int
    sample: int
    input: Any
    context: str
    choices: Sequence[str] | None = None
    tools: Sequence[Any] | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, or the error in its place.

    `latency_ms` runs from sending the request that succeeded to the last byte of its answer.
    """

    text: str | None = None
    error: str = ""
    latency_ms: float | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    finish_reason: str = ""
    logprob: float | None = None
    choice_logprobs: Sequence[float] | None = None
    reasoning: str = ""
    tool_calls: Sequence[Any] | None = None


class BackendClient(Protocol):
    """A version's endpoint, ready to be asked on an event loop, by many tasks at once.

    The module of a live backend has a class of this name, and it a class method
    `of(backend, prompt, sampling, reach)` that makes one or raises BackendError. `reach` says what
    the run may reach: a client takes no address, variable or key that it doesn't allow.
    """

    @property
    def endpoint(self) -> str:
        """Its address: clients with the same one share their bound."""

    @property
    def concurrency(self) -> int:
        """Questions that may be under way at a time."""

    def session(self) -> AbstractAsyncContextManager[Any]:
        """What holds the connections while questions are asked."""

    async def ask(self, session: Any, question: BackendRequest) -> Reply:
        """One reply. Raises BackendError where it is no use to ask anything else either: a key
        that is refused, a model that isn't there, an address where nothing answers."""


def client(
    backend: BackendDeclaration, prompt: Prompt, sampling: Sampling, reach: Reach
) -> BackendClient:
    """The client of a live backend. Raises BackendError."""
    module = import_module(f"runners.backends.{backend.type}")
    made: BackendClient = module.Client.of(backend, prompt, sampling, reach)
    return made
