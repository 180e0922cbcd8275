"""Any server that speaks OpenAI's chat or completion protocol over HTTP."""

import asyncio
import email.utils
import json
import os
import random
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from evalhub.schemas.prompt import Prompt
from evalhub.schemas.sampling import Sampling
from evalhub.schemas.version import BackendDeclaration
from runners.backends.asking import BackendError, BackendRequest, Reply
from runners.prompting import PromptError, chat, completion

if TYPE_CHECKING:
    import aiohttp

FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 60.0
LONGEST_RETRY_AFTER_S = 600.0
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_VARIABLE = re.compile(r"\$\{([A-Za-z_]\w*)\}", re.ASCII)
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
    url: str = Field(
        description="the base address, ending in /v1; ${NAME} is read from the environment where "
        "the worker runs"
    )
    model: str = Field(min_length=1, description="the model's name at that server")
    api: Literal["chat", "completion"] = Field("chat", description="which protocol is spoken")
    key_env: str | None = Field(
        None, description="the environment variable, where the worker runs, that holds the key"
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

    @property
    def address(self) -> str:
        return self.url

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        return url if _VARIABLE.fullmatch(url) else base_address(url)

    @field_validator("key_env")
    @classmethod
    def _is_a_variable(cls, name: str | None) -> str | None:
        # What was given isn't repeated: it may be a key.
        if name is not None and not re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII):
            raise ValueError("must be the name of an environment variable that holds the key")
        return name

    @field_validator("extra")
    @classmethod
    def _sets_nothing_twice(cls, extra: dict[str, Any]) -> dict[str, Any]:
        for name in extra:
            if name in _OURS:
                raise ValueError(f"can't set '{name}', which is set elsewhere in the version")
        return extra


def base_address(url: str) -> str:
    """An http address without its last slash, such as http://127.0.0.1:8000/v1, or ValueError."""
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be an address such as http://127.0.0.1:8000/v1")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("must hold no user, key or query: name the key's variable in 'key_env'")
    if parts.path.rstrip("/").endswith("/completions"):
        raise ValueError("must be the base, ending in /v1: the rest is added by 'api'")
    return url.strip().rstrip("/")


def _from_environment(name: str, field: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise BackendError(
            f"backend, field '{field}': the environment variable {name} isn't set where the "
            f"worker runs; export {name} there"
        )
    return value


@dataclass(slots=True)
class Client:
    """A version's endpoint, ready to be asked on an event loop."""

    backend: OpenAIBackend
    prompt: Prompt
    sampling: Sampling
    endpoint: str
    key: str
    _quiet_until: float = field(default=0.0, init=False)

    @classmethod
    def of(cls, backend: OpenAIBackend, prompt: Prompt, sampling: Sampling) -> Self:
        """Raises BackendError where an environment variable that is named isn't set."""
        url, key = backend.url, ""
        if named := _VARIABLE.fullmatch(url):
            try:
                url = base_address(_from_environment(named[1], "url"))
            except ValueError as error:
                raise BackendError(f"backend, field 'url': {named[1]} {error}") from error
        if backend.key_env:
            key = _from_environment(backend.key_env, "key_env")
        return cls(backend, prompt, sampling, url, key)

    @property
    def concurrency(self) -> int:
        return self.backend.concurrency

    @asynccontextmanager
    async def session(self) -> "AsyncIterator[aiohttp.ClientSession]":
        """Connections to the endpoint, with the key; for `ask`."""
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        import aiohttp

        async with aiohttp.ClientSession(
            headers=headers,
            connector=aiohttp.TCPConnector(limit=0),
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
                f"nothing answers at {self.backend.url} ({last}): start the server, or correct "
                "the arm's url"
            )
        if status == BUSY:
            raise BackendError(
                f"{self.backend.url} takes no more for now: {last}; lower the arm's concurrency, "
                "or wait"
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
            content = await response.read()
        latency_ms = (time.perf_counter() - start) * 1000
        if response.status == 200:
            return _reply(content, latency_ms)
        message = f"HTTP {response.status}: {_complaint(content)}"
        if self.key:
            message = message.replace(self.key, "…")
        if response.status in REFUSALS or 300 <= response.status < 400:
            at = self.backend.url + self._path
            raise BackendError(f"{at} refuses: {message}; {self._cure(response.status)}")
        if response.status in RETRIED or response.status >= 500:
            after = retry_after(response.headers.get("Retry-After"), datetime.now(UTC))
            raise _Again(message, response.status, after)
        return Reply(error=message)

    def _cure(self, status: int) -> str:
        """What puts right that every request is refused with this status."""
        model, variable = self.backend.model, self.backend.key_env
        if status == 404:
            return f"is {model!r} served there, and are the arm's url and api right?"
        if status in (401, 403) and variable:
            return f"put a key into {variable} that may ask {model!r}"
        if status in (401, 403):
            return "name the variable that holds its key in the arm's key_env"
        return "put that right at the server, or correct the arm's url"


def retry_after(header: str | None, now: datetime) -> float | None:
    """Seconds to wait by a Retry-After header: a number of them, or a date (RFC 9110, 10.2.3).

    None where there is no header or it says neither.
    """
    if header is None:
        return None
    if header.strip().isdecimal():
        return float(header)
    try:
        until = email.utils.parsedate_to_datetime(header)
    except ValueError:
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return max(0.0, (until - now).total_seconds())


def _complaint(content: bytes) -> str:
    """What an error response says, shortened."""
    said = content.decode("utf-8", "replace").strip()
    try:
        error = json.loads(said)["error"]
        said = error["message"] if isinstance(error, dict) else error
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    return str(said)[:200].replace("\x00", "") or "no reason given"


def _reply(content: bytes, latency_ms: float) -> Reply:
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        shown = content[:60].decode("utf-8", "replace").replace("\x00", "")
        return Reply(error=f"the response is malformed JSON: {shown!r}")
    choices = answer.get("choices") if isinstance(answer, dict) else None
    choice = choices[0] if isinstance(choices, list) and choices else None
    if not isinstance(choice, dict):
        return Reply(error="the response has no choices")
    message = choice.get("message")
    text = message.get("content") if isinstance(message, dict) else choice.get("text")
    if not isinstance(text, str):
        why = choice.get("finish_reason") or "not given"
        return Reply(error=f"the response has no content (finish_reason: {str(why)[:60]})")
    if _UNSTORABLE.search(text):
        return Reply(error="the response holds a NUL character or half a surrogate pair")
    usage = answer.get("usage")
    usage = usage if isinstance(usage, dict) else {}
    return Reply(
        text=text,
        latency_ms=latency_ms,
        prompt_tokens=_count(usage.get("prompt_tokens")),
        completion_tokens=_count(usage.get("completion_tokens")),
    )


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and 0 <= value < 2**31 else None
