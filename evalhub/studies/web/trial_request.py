"""Try one item on a model outside any run: the messages sent, the answer, and its cost.

The answer isn't kept and isn't scored: answers are always open, scores aren't
(docs/explanation/decisions/preview-of-a-metric.md).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

from evalhub.accounts.models import Project, User
from evalhub.accounts.permissions import NotAllowedError, check_evaluates
from evalhub.declare.declaration import DeclarationError, validate
from evalhub.declare.keys import Reach
from evalhub.declare.outside import OutsideError, check_from_web
from evalhub.declare.prices import Price, UsedPrice
from evalhub.declare.prompt import Prompt
from evalhub.declare.sampling import Sampling
from evalhub.declare.version import BackendDeclaration
from evalhub.io.items import FieldMapping, ItemContent, read_items
from evalhub.studies.file.arms import Arm
from runners.backends.asking import BackendRequest, Reply
from runners.backends.openai import Client, OpenAIBackend
from runners.prompting import Message, PromptError, chat
from runners.spending import used_price

AT_ONCE = 2
"""Models that are tried at a time by one process: each holds up one of its threads."""
TIMEOUT_S = 30.0
TRIED_TOKENS = 256
"""The longest answer to a message of one's own."""

_TRYING = BoundedSemaphore(AT_ONCE)


class TryError(Exception):
    """A trial request that can't be sent; the message says why."""


@dataclass(frozen=True, slots=True)
class TrialResult:
    """What one item came to.

    Attributes:
        sent: the chat messages.
        reply: the answer, or the error in its place.
        price: by which it is priced; None where nobody said one.
        money: in the currency of the price; None where that or the tokens aren't known.
    """

    key: str
    sent: Sequence[Message]
    reply: Reply
    price: UsedPrice | None
    money: float | None


def try_item(
    *,
    project: Project,
    by: User | None,
    arm: Mapping[str, Any],
    aliases: Collection[str],
    items: Path,
    mapping: FieldMapping,
) -> TrialResult:
    """Asks the arm's model the first item of a file, once, and waits TIMEOUT_S.

    Raises:
        NotAllowedError: `by` doesn't evaluate in the project.
        DeclarationError: what is wrong with the arm, with its field, or that it is no endpoint of
            an operator's.
        DataError: what is wrong with the file.
        TryError: the prompt can't be used on the item, or AT_ONCE others are being tried.
        runners.backends.asking.BackendError: the endpoint can't be used.
    """
    check_evaluates(by, project)
    declared_arm = validate(Arm, dict(arm))
    backend = declared_arm.backend.live_backend
    if not isinstance(backend, OpenAIBackend):
        raise DeclarationError("names no endpoint to be tried", "backend")
    try:
        check_from_web(declared_arm, uploaded=(), aliases=aliases)
    except OutsideError as error:
        raise DeclarationError(error.message, ".".join(map(str, error.place))) from error
    _, item = next(read_items(items, mapping))
    return _trial(backend, declared_arm.prompt, declared_arm.sampling, declared_arm.price, item)


def try_message(
    *, by: User, endpoint: str, model: str, message: str, aliases: Collection[str]
) -> TrialResult:
    """Sends one message to a model at an operator's endpoint, and waits TIMEOUT_S.

    Raises as `try_item`; NotAllowedError: `by` evaluates in no project.
    """
    if not Project.objects.visible_to(by).exists():
        raise NotAllowedError(f"{by} evaluates in no project, and can't try an endpoint")
    if endpoint not in aliases:
        raise DeclarationError("is no endpoint here", "endpoint")
    if not message.strip():
        raise DeclarationError("is empty: write what the model is to answer", "message")
    document = {
        "kind": "base",
        "backend": {"openai": {"endpoint": endpoint, "model": model}},
        "sampling": {"max_tokens": TRIED_TOKENS},
    }
    arm = validate(Arm, document)
    backend = arm.backend.live_backend
    assert isinstance(backend, OpenAIBackend)
    item = ItemContent("message", message, [], "", [], "", {})
    return _trial(backend, arm.prompt, arm.sampling, arm.price, item)


def try_prompt(
    *,
    project: Project,
    by: User | None,
    backend: BackendDeclaration,
    prompt: Prompt,
    sampling: Sampling,
    item: ItemContent,
) -> TrialResult:
    """Asks the model of a registered version one item under this prompt, as `try_item` does.

    What it may reach is what a run launched from the web may.

    Raises:
        NotAllowedError: `by` doesn't evaluate in the project.
        TryError: the version's answers are recorded, its prompt searches documents, the prompt
            can't be used on the item, or AT_ONCE others are being tried.
        runners.backends.asking.BackendError: the endpoint can't be used.
    """
    check_evaluates(by, project)
    return _trial(check_can_be_tried(backend, prompt), prompt, sampling, None, item)


def check_can_be_tried(backend: BackendDeclaration, prompt: Prompt) -> OpenAIBackend:
    """The endpoint that is asked. Raises TryError where there is none, or a run alone makes what
    is sent."""
    if not isinstance(backend, OpenAIBackend) or backend.api != "chat":
        raise TryError("no chat endpoint answers for it: its answers come from elsewhere")
    if prompt.retriever is not None:
        raise TryError("its prompt searches documents, which only a run does")
    return backend


def _trial(
    backend: OpenAIBackend,
    prompt: Prompt,
    sampling: Sampling,
    own_price: Price | None,
    item: ItemContent,
) -> TrialResult:
    try:
        sent = chat(prompt, item.input, item.context)
    except PromptError as error:
        raise TryError(f"item '{item.key}': {error}") from error
    reply = _reply(backend, prompt, sampling, item)
    price = used_price(backend, own_price)
    return TrialResult(item.key, sent, reply, price, _money(price, reply))


def _reply(backend: OpenAIBackend, prompt: Prompt, sampling: Sampling, item: ItemContent) -> Reply:
    if not _TRYING.acquire(blocking=False):
        raise TryError("others are trying models just now: try again in a moment")
    try:
        once = backend.model_copy(update={"retries": 0, "timeout_s": TIMEOUT_S, "logprobs": False})
        client = Client.of(once, prompt, sampling, Reach())
        question = BackendRequest(0, 0, item.input, item.context, tools=item.tools)
        return next(reply for batch in client.answer([question]) for _, reply in batch)
    finally:
        _TRYING.release()


def _money(price: UsedPrice | None, reply: Reply) -> float | None:
    prompt, completion = reply.prompt_tokens, reply.completion_tokens
    if price is None or prompt is None or completion is None:
        return None
    cached = reply.paid.cached if reply.paid else 0
    return price.price.rates(prompt).cost(prompt=prompt, completion=completion, cached=cached)
