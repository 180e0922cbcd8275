"""Any server that speaks OpenAI's chat or completion protocol over HTTP."""

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import (
    Field,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
    model_validator,
)

from evalhub.schemas.declaration import wrong
from evalhub.schemas.endpoints import Alias
from evalhub.schemas.keys import KeyVariable, Reach, base_address, check_address_variable
from evalhub.schemas.outside import Outside
from evalhub.schemas.prompt import Prompt
from evalhub.schemas.sampling import Sampling
from evalhub.schemas.version import BackendDeclaration
from runners.backends.asking import BackendError, BackendRequest, Reply
from runners.backends.body import ACCEPTED, UnreadableBody, read_body
from runners.backends.connecting import PublicAddressesOnly
from runners.backends.replies import complaint, reply, retry_after
from runners.backends.target import NAMED, Target, target_of
from runners.prompting import PromptError, chat, completion

if TYPE_CHECKING:
    import aiohttp

FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 60.0
LONGEST_RETRY_AFTER_S = 600.0
MOST_COMPLAINT = 65_536
"""Bytes of an error response that are read."""
_OURS = frozenset({"model", "messages", "prompt", "stream", "n", *Sampling.model_fields})
RETRIED = frozenset({408, 409, 429})
REFUSALS = frozenset({401, 402, 403, 404, 405, 407, 410})
"""Not this request is refused, but every one of this arm's."""
BUSY = 429


class _Again(Exception):
    """Worth another attempt, `after` seconds from now at the earliest."""

    def __init__(self, message: str, status: int, after: float | None = None) -> None:
        super().__init__(message)
        self.status, self.after = status, after


class OpenAIBackend(BackendDeclaration):
    """Any server that speaks OpenAI's chat or completion protocol over HTTP."""

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

    @property
    def address(self) -> str:
        return self.url or f"endpoint {self.endpoint}"

    @property
    def key_and_address(self) -> tuple[str, str] | None:
        plain = self.url is not None and not NAMED.fullmatch(self.url)
        return (self.key_env, self.url) if self.key_env and self.url and plain else None

    @model_serializer(mode="wrap")
    def _as_it_was(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Fields that came later are written where they say something: a version from before has
        its digest still."""
        found: dict[str, Any] = dump(self)
        usual = {"endpoint": None, "most_bytes": type(self).model_fields["most_bytes"].default}
        if self.endpoint is not None:
            usual |= {"url": None, "key_env": None}
        return {
            name: value
            for name, value in found.items()
            if name not in usual or value != usual[name]
        }

    @model_validator(mode="after")
    def _asks_somebody(self) -> Self:
        if self.url is None and self.endpoint is None:
            raise wrong(
                "missing: give the server's url, or an endpoint that an operator made", "url"
            )
        for name in ("url", "key_env"):
            if self.endpoint is not None and getattr(self, name) is not None:
                raise wrong("belongs to the endpoint, which is named: leave it out", name)
        return self

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, url: str | None) -> str | None:
        if url is None:
            return None
        if named := NAMED.fullmatch(url):
            check_address_variable(named[1])
            return url
        return base_address(url)

    @field_validator("extra")
    @classmethod
    def _sets_nothing_twice(cls, extra: dict[str, Any]) -> dict[str, Any]:
        for name in extra:
            if name in _OURS:
                raise ValueError(f"can't set '{name}', which is set elsewhere in the version")
        return extra


@dataclass(slots=True)
class Client:
    """A version's endpoint, ready to be asked on an event loop."""

    backend: OpenAIBackend
    prompt: Prompt
    sampling: Sampling
    target: Target
    _quiet_until: float = field(default=0.0, init=False)
    _public: PublicAddressesOnly = field(default_factory=PublicAddressesOnly, init=False)

    @classmethod
    def of(cls, backend: OpenAIBackend, prompt: Prompt, sampling: Sampling, reach: Reach) -> Self:
        """Raises BackendError as `target_of` does."""
        target = target_of(
            url=backend.url, key_env=backend.key_env, endpoint=backend.endpoint, reach=reach
        )
        return cls(backend, prompt, sampling, target)

    @property
    def endpoint(self) -> str:
        return self.target.url

    @property
    def concurrency(self) -> int:
        return self.backend.concurrency

    @asynccontextmanager
    async def session(self) -> "AsyncIterator[aiohttp.ClientSession]":
        """Connections to the endpoint, with the key; for `ask`."""
        import aiohttp

        headers = {"Accept-Encoding": ACCEPTED}
        if self.target.key:
            headers["Authorization"] = f"Bearer {self.target.key.value}"
        async with aiohttp.ClientSession(
            headers=headers,
            auto_decompress=False,
            trust_env=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            connector=aiohttp.TCPConnector(
                limit=0, socket_factory=None if self.target.private else self._public
            ),
            timeout=aiohttp.ClientTimeout(total=self.backend.timeout_s),
        ) as session:
            yield session

    async def ask(self, session: "aiohttp.ClientSession", question: BackendRequest) -> Reply:
        """One answer, after as many retries as the specification allows.

        Raises BackendError where no attempt found a connection, where the endpoint refuses every
        request alike (401, 403, 404, …), and where it takes no more for now (429).
        """
        import aiohttp

        try:
            body = self._body(question)
        except PromptError as error:
            return Reply(error=str(error))
        attempts = self.backend.retries + 1
        unreachable = 0
        last, status = "", 0
        for attempt in range(attempts):
            await self._wait()
            try:
                return await self._attempt(session, body)
            except _Again as again:
                last, after, status = str(again), again.after, again.status
            except TimeoutError:
                last, after, status = f"no answer within {self.backend.timeout_s:g} s", None, 0
            except aiohttp.ClientConnectorError as error:
                self._check_public()
                last, after, status = error.os_error.strerror or str(error), None, 0
                unreachable += 1
            except (aiohttp.ClientError, OSError) as error:
                last, after = f"the connection broke: {error or type(error).__name__}", None
                status = 0
            if after is not None and after > LONGEST_RETRY_AFTER_S:
                last = f"{last}; asked to wait {after:.0f} s"
                break
            if attempt + 1 < attempts:
                await self._pause(attempt, after)
        if unreachable == attempts:
            raise BackendError(
                f"nothing answers at {self.backend.address} ({last}): start the server, or correct "
                f"{self._place}"
            )
        if status == BUSY:
            raise BackendError(
                f"{self.backend.address} takes no more for now: {last}; lower the arm's "
                "concurrency, or wait"
            )
        return Reply(error=last if attempts == 1 else f"{last} ({attempts} attempts)")

    @property
    def _path(self) -> str:
        return "/chat/completions" if self.backend.api == "chat" else "/completions"

    async def _wait(self) -> None:
        """Until the endpoint wants to hear from us again: a Retry-After holds for all requests."""
        while (left := self._quiet_until - time.monotonic()) > 0:
            await asyncio.sleep(left)

    async def _pause(self, attempt: int, after: float | None) -> None:
        backoff = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2**attempt) * random.uniform(0.5, 1.0)
        if after is not None:
            self._quiet_until = max(self._quiet_until, time.monotonic() + after)
            backoff = after + random.uniform(0.0, 0.1)
        await asyncio.sleep(backoff)

    def _body(self, question: BackendRequest) -> bytes:
        body: dict[str, Any] = {"model": self.backend.model}
        if self.backend.api == "chat":
            body["messages"] = chat(self.prompt, question.input, question.context)
        else:
            body["prompt"] = completion(self.prompt, question.input, question.context)
        body |= self.sampling.model_dump(mode="json", exclude={"samples"}, exclude_none=True)
        if "seed" in body:
            body["seed"] += question.sample
        return json.dumps(body | self.backend.extra).encode()

    async def _attempt(self, session: "aiohttp.ClientSession", body: bytes) -> Reply:
        start = time.perf_counter()
        async with session.post(
            self.endpoint + self._path,
            data=body,
            headers={"Content-Type": "application/json"},
            allow_redirects=False,
        ) as response:
            most = self.backend.most_bytes if response.status == 200 else MOST_COMPLAINT
            try:
                content, more = await read_body(response, most)
            except UnreadableBody as error:
                return Reply(error=f"the response can't be read: {error}")
        latency_ms = (time.perf_counter() - start) * 1000
        key = self.target.key
        if response.status == 200 and more:
            return Reply(
                error=f"the response is longer than {most:,} bytes, which are the most (most_bytes)"
            )
        if response.status == 200:
            return reply(content, latency_ms, key)
        message = f"HTTP {response.status}: {complaint(content, key)}"
        if response.status in REFUSALS or 300 <= response.status < 400:
            at = self.backend.address + self._path
            raise BackendError(f"{at} refuses: {message}; {self._cure(response.status)}")
        if response.status in RETRIED or response.status >= 500:
            after = retry_after(response.headers.get("Retry-After"), datetime.now(UTC))
            raise _Again(message, response.status, after)
        return Reply(error=message)

    def _check_public(self) -> None:
        if self._public.refused:
            raise BackendError(
                f"{self.backend.address} is at {self._public.refused}, on this machine or in a "
                "private network: say private: true of it in EVALHUB_ENDPOINTS if it should be"
            )

    @property
    def _place(self) -> str:
        """Where the address stands that may be wrong."""
        return "the arm's url" if self.backend.url else "its url in EVALHUB_ENDPOINTS"

    def _cure(self, status: int) -> str:
        """What puts right that every request is refused with this status."""
        model, variable = self.backend.model, self.backend.key_env
        if status == 404:
            return f"is {model!r} served there, and are {self._place} and the arm's api right?"
        if status in (401, 403) and variable:
            return f"put a key into {variable} that may ask {model!r}"
        if status in (401, 403) and self.backend.endpoint:
            return f"give that endpoint a key in EVALHUB_ENDPOINTS that may ask {model!r}"
        if status in (401, 403):
            return "name the variable that holds its key in the arm's key_env"
        return f"put that right at the server, or correct {self._place}"
