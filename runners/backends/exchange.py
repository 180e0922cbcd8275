"""One question and its answer over HTTP: what is sent, what is tried again, what is given up."""

import asyncio
import json
import random
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from evalhub.schemas.prompt import Prompt
from evalhub.schemas.sampling import Sampling
from runners.backends.asking import BackendError, BackendRequest, Reply
from runners.backends.body import UnreadableBody, read_body
from runners.backends.pool import Connections, connections
from runners.backends.replies import complaint, reply, retry_after
from runners.backends.target import Target
from runners.prompting import PromptError, chat, completion

if TYPE_CHECKING:
    from runners.backends.openai import OpenAIBackend

FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 60.0
LONGEST_RETRY_AFTER_S = 600.0
MOST_COMPLAINT = 65_536
"""Bytes of an error response that are read."""
RETRIED = frozenset({408, 409, 429})
REFUSALS = frozenset({401, 402, 403, 404, 405, 407, 410})
"""Not this request is refused, but every one of this arm's."""
BUSY = 429


class _Again(Exception):
    """Worth another attempt, `after` seconds from now at the earliest."""

    def __init__(self, message: str, status: int, after: float | None = None) -> None:
        super().__init__(message)
        self.status, self.after = status, after


@dataclass(slots=True)
class Exchange:
    """A version's endpoint, with the key that it is asked with at present."""

    backend: "OpenAIBackend"
    prompt: Prompt
    sampling: Sampling
    target: Target
    _quiet_until: float = field(default=0.0, init=False)

    @property
    def endpoint(self) -> str:
        return self.target.url

    @property
    def concurrency(self) -> int:
        return self.backend.concurrency

    async def ask(self, question: BackendRequest) -> Reply:
        """One answer, after as many retries as the specification allows.

        Raises BackendError where no attempt found a connection, where the endpoint refuses every
        request alike (401, 403, 404, …), and where it takes no more for now (429).
        """
        import aiohttp

        try:
            body = self._body(question)
        except PromptError as error:
            return Reply(error=str(error))
        over = connections(self.endpoint, private=self.target.private)
        attempts = self.backend.retries + 1
        unreachable = 0
        last, status = "", 0
        for attempt in range(attempts):
            await self._wait()
            try:
                return await self._attempt(over, body)
            except _Again as again:
                last, after, status = str(again), again.after, again.status
            except TimeoutError:
                last, after, status = f"no answer within {self.backend.timeout_s:g} s", None, 0
            except aiohttp.ClientConnectorError as error:
                self._check_public(over)
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

    async def _attempt(self, over: Connections, body: bytes) -> Reply:
        import aiohttp

        headers = {"Content-Type": "application/json"}
        if self.target.key:
            headers["Authorization"] = f"Bearer {self.target.key.value}"
        start = time.perf_counter()
        async with over.session.post(
            self.endpoint + self._path,
            data=body,
            headers=headers,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=self.backend.timeout_s),
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

    def _check_public(self, over: Connections) -> None:
        if over.public is not None and over.public.refused:
            raise BackendError(
                f"{self.backend.address} is at {over.public.refused}, on this machine or in a "
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
