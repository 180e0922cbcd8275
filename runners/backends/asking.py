"""Request, reply and client of a live backend: what each file of a backend implements."""

from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

SERVED_NAME = 120
"""Characters that are kept of a model's name and of a system's fingerprint."""


class BackendError(Exception):
    """A backend that can't be used as specified or configured: which, why, and the remedy.

    It is nobody's answer: what was asked stays unanswered, and nothing is decided on it.
    """


@dataclass(frozen=True, slots=True)
class BackendRequest:
    """One answer to ask for: sample `sample` of the item with the primary key `item_id`.

    `passages` are those that a retriever found for it; None where none was asked.
    """

    item_id: int
    sample: int
    input: Any
    context: str
    choices: Sequence[str] | None = None
    tools: Sequence[Any] | None = None
    passages: Sequence[Mapping[str, Any]] | None = None


@dataclass(frozen=True, slots=True)
class Paid:
    """Tokens that were paid for, of which `cached` are among the prompt's: the server had read them
    before. Of several answers to one request the first has them all, and the others none."""

    prompt: int
    completion: int
    cached: int = 0

    @classmethod
    def together(cls, payments: "Iterable[Paid | None]") -> "Paid | None":
        """The sum over several requests; None where none of them reports its tokens."""
        stated = [payment for payment in payments if payment is not None]
        if not stated:
            return None
        return cls(
            sum(payment.prompt for payment in stated),
            sum(payment.completion for payment in stated),
            sum(payment.cached for payment in stated),
        )


@dataclass(frozen=True, slots=True)
class TextLikelihood:
    """How likely a text is after another: the sum of its tokens' log-probabilities (nats), and
    whether each token was the likeliest. `paid` is known where the server tells it."""

    logprob: float
    greedy: bool
    paid: Paid | None = field(default=None, compare=False)


class Fault(StrEnum):
    """Whose fault it is that there is an error in place of an answer.

    ITEM: the server itself says so of this one request, as of a prompt that is too long, and asking
    again can't help. SERVER: of the model it says nothing, and nothing is decided on it. MODEL:
    neither is said, as of an answer that took too long.
    """

    MODEL = ""
    ITEM = "item"
    SERVER = "server"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, or the error in its place.

    `latency_ms` runs from sending the request that succeeded to the last byte of its answer.
    `paid` is what it was paid for with, where its own tokens don't say so. `served_model` and
    `fingerprint` are which model and which of its systems the server says that it answered with.
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
    given_scores: Mapping[str, float] | None = None
    paid: Paid | None = None
    judged: TextLikelihood | None = None
    served_model: str = ""
    fingerprint: str = ""
    fault: Fault = Fault.MODEL


type Answered = tuple[BackendRequest, Reply]


class BackendClient(Protocol):
    """A version's client, used by several threads at once.

    The module of a live backend has a class of this name, `Client`, and it a class method
    `of(backend, prompt, sampling, reach)` that makes one or raises BackendError. `reach` says what
    the run may reach: a client takes no address, variable or key that it doesn't allow.
    One is made a process and version (`runners.backends.clients`), and lives as long as that.
    """

    def answer(self, questions: Sequence[BackendRequest]) -> Generator[list[Answered]]:
        """The replies as they come, in batches, one to each question and in any order.

        There is a batch about every half second, empty or not, so that its caller can look whether
        to go on; closing the generator cancels the rest. Raises BackendError where it is no use to
        ask anything else either (a key that is refused, a model that isn't there, an address where
        nothing answers), once what had come by then is given out.
        """


@runtime_checkable
class Limited(Protocol):
    """A client that sends as many requests at a time as its endpoint takes."""

    def limit(self) -> str:
        """Requests allowed at a time now, of how many at most, and why fewer; "" where unknown."""


def limit_of(client: BackendClient) -> str:
    """The client's `Limited.limit`; empty where nothing limits it."""
    return client.limit() if isinstance(client, Limited) else ""
