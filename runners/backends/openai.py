"""Any server that speaks OpenAI's chat or completion protocol over HTTP."""

import asyncio
import email.utils
import json
import os
import random
import re
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

import aiohttp

from runners.backends import check_backend, check_sampling
from runners.backends.asking import BackendRequest, Reply
from runners.backends.spec import BackendError, BackendUnreachable
from runners.prompting import PromptError, chat, completion

FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 60.0
LONGEST_RETRY_AFTER_S = 600.0
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
RETRIED = frozenset({408, 409, 429})


class _Again(Exception):
    """Worth another attempt, `after` seconds from now at the earliest."""

    def __init__(self, message: str, after: float | None = None) -> None:
        super().__init__(message)
        self.after = after


@dataclass(slots=True)
class Client:
    """A version's endpoint, ready to be asked on an event loop."""

    url: str
    path: str
    spec: Mapping[str, Any]
    sampling: Mapping[str, Any]
    prompt: Mapping[str, Any]
    key: str
    _quiet_until: float = field(default=0.0, init=False)

    @classmethod
    def of(
        cls, backend: Mapping[str, Any], prompt: Mapping[str, Any], sampling: Mapping[str, Any]
    ) -> Self:
        """Raises BackendError, also where the key's environment variable isn't set."""
        spec = check_backend(backend)
        name = spec["key_env"]
        key = os.environ.get(name, "") if name else ""
        if name and not key:
            raise BackendError(
                f"backend, field 'key_env': the environment variable {name} isn't set where the "
                "worker runs; set it to the key"
            )
        path = "/chat/completions" if spec["api"] == "chat" else "/completions"
        return cls(spec["url"], path, spec, check_sampling(sampling), prompt, key)

    @property
    def endpoint(self) -> str:
        return self.url

    @property
    def concurrency(self) -> int:
        return int(self.spec["concurrency"])

    @asynccontextmanager
    async def session(self) -> AsyncIterator[aiohttp.ClientSession]:
        """Connections to the endpoint, with the key; for `ask`."""
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        async with aiohttp.ClientSession(
            headers=headers,
            connector=aiohttp.TCPConnector(limit=0),
            timeout=aiohttp.ClientTimeout(total=self.spec["timeout_s"]),
        ) as session:
            yield session

    async def ask(self, session: aiohttp.ClientSession, question: BackendRequest) -> Reply:
        """One answer, after as many retries as the specification allows.

        Raises BackendUnreachable where no attempt found a connection, and BackendError where
        the endpoint refuses every request alike (401, 404).
        """
        try:
            body = self._body(question)
        except PromptError as error:
            return Reply(error=str(error))
        attempts = self.spec["retries"] + 1
        unreachable = 0
        last = ""
        for attempt in range(attempts):
            await self._wait()
            try:
                return await self._attempt(session, body)
            except _Again as again:
                last, after = str(again), again.after
            except TimeoutError:
                last, after = f"no answer within {self.spec['timeout_s']:g} s", None
            except aiohttp.ClientConnectorError as error:
                last, after = error.os_error.strerror or str(error), None
                unreachable += 1
            except (aiohttp.ClientError, OSError) as error:
                last, after = f"the connection broke: {error or type(error).__name__}", None
            if after is not None and after > LONGEST_RETRY_AFTER_S:
                return Reply(error=f"{last}; asked to wait {after:.0f} s")
            if attempt + 1 < attempts:
                await self._pause(attempt, after)
        if unreachable == attempts:
            raise BackendUnreachable(self.url, last)
        return Reply(error=last if attempts == 1 else f"{last} ({attempts} attempts)")

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
        body: dict[str, Any] = {"model": self.spec["model"]}
        if self.spec["api"] == "chat":
            body["messages"] = chat(self.prompt, question.input, question.context)
        else:
            body["prompt"] = completion(self.prompt, question.input, question.context)
        body |= {name: value for name, value in self.sampling.items() if name != "samples"}
        if "seed" in body:
            body["seed"] += question.sample
        return json.dumps(body | self.spec["extra"]).encode()

    async def _attempt(self, session: aiohttp.ClientSession, body: bytes) -> Reply:
        start = time.perf_counter()
        async with session.post(
            self.url + self.path,
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
        if response.status in (401, 404):
            raise BackendError(f"{self.url + self.path} refuses: {message}")
        if response.status in RETRIED or response.status >= 500:
            after = retry_after(response.headers.get("Retry-After"), datetime.now(UTC))
            raise _Again(message, after)
        return Reply(error=message)


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
