"""Any server that speaks OpenAI's chat or completion protocol over HTTP."""

import asyncio
from collections.abc import Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from evalhub.declare.declaration import DeclarationError, invalid, is_none
from evalhub.declare.endpoints import Alias
from evalhub.declare.keys import IN_A_VARIABLE, KeyVariable, Reach, address_or_variable
from evalhub.declare.outside import Outside
from evalhub.declare.prompt import Prompt
from evalhub.declare.sampling import BEYOND_OPENAI, Sampling
from evalhub.declare.version import BackendDeclaration, Sold
from evalhub.io.held_texts import is_held_text
from runners.backends.asking import Answered, BackendError, BackendRequest, TextLikelihood
from runners.backends.choosing import Choosing
from runners.backends.echoed import Echoing
from runners.backends.endpoint_state import state_of
from runners.backends.exchange import Exchange
from runners.backends.fanout import ask_all
from runners.backends.held_texts import HeldTexts
from runners.backends.pool import event_loop
from runners.backends.target import Target, target_of

_OURS = frozenset(
    {"model", "messages", "prompt", "stream", "n", *Sampling.model_fields}.difference(BEYOND_OPENAI)
)
"""Fields that `extra` can't set. Those beyond OpenAI's protocol it may, as it could before sampling
had them."""


_OTHER_PRICES = ("service_tier", "inference_geo", "speed")
"""Fields by which a request costs something else than the list price."""


class OpenAIBackend(BackendDeclaration):
    """Any server that speaks OpenAI's chat or completion protocol over HTTP."""

    queue: ClassVar = "api"

    type: Literal["openai"] = "openai"
    url: Annotated[str, Outside("address")] | None = Field(
        None,
        description="the base address, ending in /v1; ${NAME} is read from the environment where "
        "the worker runs",
    )
    endpoint: Alias | None = Field(
        None,
        description="in place of url and key_env: the alias that an operator gave them in "
        "EVALHUB_ENDPOINTS",
    )
    model: str = Field(min_length=1, description="the model's name at that server")
    api: Literal["chat", "completion"] = Field("chat", description="which protocol is spoken")
    key_env: KeyVariable | None = Field(
        None,
        description="the environment variable, where the worker runs, that holds the key; it is "
        "sent to no host that it isn't bound to",
    )
    concurrency: int = Field(
        8,
        ge=1,
        le=1024,
        description="requests under way at a time from one process, over all its runs at that "
        "address",
    )
    timeout_s: float = Field(
        60, ge=0.001, le=86_400, description="seconds that one request may take"
    )
    retries: int = Field(5, ge=0, le=20, description="attempts after the first")
    extra: dict[str, Any] = Field({}, description="more fields for the request's body")
    most_bytes: int = Field(
        8_388_608,
        ge=1024,
        le=268_435_456,
        description="of one answer as it comes and once it is unpacked; a longer one is an error",
    )
    logprobs: bool = Field(
        True,
        description="request log-probabilities of the answer's tokens; repeated without them if "
        "the server refuses",
    )
    answer_schema: dict[str, Any] | None = Field(
        None,
        description="a JSON Schema that the server holds each answer to (response_format); for "
        "servers that can",
    )
    adapter_of: str | None = Field(
        None,
        min_length=1,
        description="the base model's name at that server, of which this model must be an adapter: "
        "its /models says so (vLLM), or nothing is asked",
    )

    echo: bool = Field(
        False,
        description="the server says how likely a given text is (echo with logprobs at its "
        "/completions, as vLLM's): tasks of likelihoods may be asked of it, and with api: "
        "completion the choices of items",
    )
    text_logprobs: Literal["prompt_logprobs", "echo", "llama.cpp"] | None = Field(
        None,
        exclude_if=is_none,
        description="how its server says how likely a held text is, for log_loss: vLLM's "
        "prompt_logprobs, echo with logprobs, or llama.cpp's server, which is held to the text's "
        "tokens by a grammar",
    )
    text_start: str | None = Field(
        None,
        exclude_if=is_none,
        min_length=1,
        description="the token that begins every text, such as <|endoftext|>, where the server's "
        "tokenizer puts none before a prompt: the first token of a held text comes after it",
    )

    @property
    def why_no_choices(self) -> str:
        if not self.echo:
            return (
                "its server isn't known to say how likely a given text is: say `echo` of its arm "
                "where its completions do (echo with logprobs, as vLLM's), and api: completion"
            )
        if self.api == "chat":
            return (
                "it is asked by the chat api, whose template its server puts around a prompt, and "
                "how likely a text is it says after plain text alone: say api: completion"
            )
        return ""

    @property
    def why_no_texts(self) -> str:
        if self.text_logprobs is None:
            return (
                "its server isn't known to say how likely a given text is: say text_logprobs of "
                "its arm (prompt_logprobs of vLLM, echo, or llama.cpp)"
            )
        return ""

    @property
    def gives_likelihoods(self) -> bool:
        return self.echo

    @property
    def at_once(self) -> int:
        return self.concurrency

    @property
    def seller(self) -> Sold | None:
        otherwise = {name: self.extra.get(name, "default") for name in _OTHER_PRICES}
        if any(value not in ("default", "auto") for value in otherwise.values()):
            return None
        return Sold(self.model, self.url, self.endpoint)

    @property
    def address(self) -> str:
        return self.url or f"endpoint {self.endpoint}"

    @property
    def key_and_address(self) -> tuple[str, str] | None:
        plain = self.url is not None and not IN_A_VARIABLE.fullmatch(self.url)
        return (self.key_env, self.url) if self.key_env and self.url and plain else None

    def check_sampling(self, sampling: Sampling) -> None:
        """See BackendDeclaration."""
        for name in BEYOND_OPENAI:
            if getattr(sampling, name) is not None and name in self.extra:
                raise DeclarationError(
                    "is set by the backend's `extra`, too: leave it out of one of them",
                    f"sampling.{name}",
                )
        if sampling.chat_template_kwargs is not None and self.api == "completion":
            raise DeclarationError(
                "is for the chat api: leave it out", "sampling.chat_template_kwargs"
            )

    @model_validator(mode="after")
    def _asks_somebody(self) -> Self:
        if self.url is None and self.endpoint is None:
            raise invalid(
                "missing: give the server's url, or an endpoint that an operator made", "url"
            )
        for name in ("url", "key_env"):
            if self.endpoint is not None and getattr(self, name) is not None:
                raise invalid("belongs to the endpoint, which is named: leave it out", name)
        return self

    @model_validator(mode="after")
    def _starts_texts(self) -> Self:
        if self.text_start is not None and self.text_logprobs is None:
            raise invalid("begins held texts: say text_logprobs too", "text_start")
        return self

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, url: str | None) -> str | None:
        return None if url is None else address_or_variable(url)

    @field_validator("extra")
    @classmethod
    def _sets_nothing_twice(cls, extra: dict[str, Any]) -> dict[str, Any]:
        for name in extra:
            if name in _OURS:
                raise ValueError(f"can't set '{name}', which is set elsewhere in the version")
        return extra


@dataclass(frozen=True, slots=True)
class Client:
    """The client of a version's endpoint."""

    backend: OpenAIBackend
    prompt: Prompt
    sampling: Sampling
    reach: Reach

    @classmethod
    def of(cls, backend: OpenAIBackend, prompt: Prompt, sampling: Sampling, reach: Reach) -> Self:
        """Raises BackendError as `target_of` does."""
        client = cls(backend, prompt, sampling, reach)
        _ = client.target()
        return client

    def answer(self, questions: Sequence[BackendRequest]) -> Generator[list[Answered]]:
        """The replies as they come, over connections that this process keeps.

        Address and key are read anew each time: an operator may have changed them. Raises
        BackendError as `target_of` and `Exchange.ask` do.
        """
        exchange = Exchange(self.backend, self.prompt, self.sampling, self.target())
        if texts := [question for question in questions if is_held_text(question.choices)]:
            yield from ask_all(HeldTexts(exchange), texts)
            questions = [question for question in questions if not is_held_text(question.choices)]
        judges = not self.backend.why_no_choices
        choosing = [question for question in questions if judges and question.choices is not None]
        if len(choosing) < len(questions):
            answerable = [
                question for question in questions if not judges or question.choices is None
            ]
            yield from ask_all(exchange, answerable)
        if choosing:
            yield from ask_all(Choosing(Echoing(exchange)), choosing)

    def loglikelihood(self, pairs: Sequence[tuple[str, str]]) -> list[TextLikelihood | str]:
        """How likely each second text is after the first, or why that isn't known.

        Raises BackendError where the server doesn't tell, and as `answer` does.
        """
        exchange = Exchange(self.backend, self.prompt, self.sampling, self.target())
        requests = [BackendRequest(at, 0, each, "") for at, each in enumerate(pairs)]
        likelihoods: dict[int, TextLikelihood | str] = {}
        for batch in ask_all(Echoing(exchange), requests):
            likelihoods.update((each.item_id, reply.judged or reply.error) for each, reply in batch)
        return [likelihoods[at] for at in range(len(pairs))]

    def models(self) -> bytes | None:
        """What its server says at /models of those that it serves; None where it says nothing."""
        exchange = Exchange(self.backend, self.prompt, self.sampling, self.target())
        try:
            asking = asyncio.run_coroutine_threadsafe(exchange.list_models(), event_loop())
            return asking.result()
        except BackendError:
            return None

    def loglikelihood_rolling(self, texts: Sequence[str]) -> list[TextLikelihood | str]:
        """How likely each whole text is, or why that isn't known. Raises as `loglikelihood`."""
        return self.loglikelihood([("", text) for text in texts])

    def limit(self) -> str:
        """See Limited."""
        at_once, name = self.backend.concurrency, self.backend.address
        with suppress(BackendError):  # an address that was taken back is told where it is asked
            return str(state_of(self.target().url, at_once, name).throttle)
        return ""

    def target(self) -> Target:
        """Where its questions go and with which key, as things are now. Raises BackendError."""
        return target_of(
            url=self.backend.url,
            key_env=self.backend.key_env,
            endpoint=self.backend.endpoint,
            reach=self.reach,
        )
