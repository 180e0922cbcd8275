"""A retriever that is a server: each query is posted to it, {query, k}, and answered by passages.

A store of any size is its own affair: what comes back is kept, and nothing else.
"""

import json
import random
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar, Self

from evalhub.declare.keys import Reach
from evalhub.declare.retrievers import UrlRetriever
from evalhub.io.json_values import JsonError, parse_json
from evalhub.io.passages import passages_of
from runners.backends.asking import BackendError
from runners.backends.body import UnreadableBody, read_body
from runners.backends.endpoint_state import EndpointState, state_of
from runners.backends.exchange import (
    CONGESTED,
    FIRST_WAIT_S,
    LONGEST_RETRY_AFTER_S,
    LONGEST_WAIT_S,
    MOST_COMPLAINT,
    REFUSALS,
    RETRIED,
)
from runners.backends.fanout import ask_all
from runners.backends.pool import Connections, connections
from runners.backends.replies import complaint, in_one_line, retry_after
from runners.backends.target import Target, target_of
from runners.retrievers.searching import Query, Result, Searched

BYTES_A_CHARACTER = 12
"""Of JSON at most: each half of a surrogate pair may be escaped."""
AROUND = 100_000
"""Bytes of a response beside its passages' texts."""


@dataclass(frozen=True, slots=True)
class UrlSearcher:
    """The client of a retriever's server."""

    retriever: UrlRetriever
    reach: Reach
    recorded: ClassVar[bool] = True

    @classmethod
    def of(cls, retriever: UrlRetriever, *, project: int, reach: Reach) -> Self:
        """Raises BackendError as `target_of` does."""
        client = cls(retriever, reach)
        _ = client.target()
        return client

    def search(self, queries: Sequence[Query]) -> Generator[list[Searched]]:
        """See `Searcher.search`. Address and key are read again each time."""
        yield from ask_all(_Searching(self.retriever, self.target()), queries)

    def target(self) -> Target:
        """Where queries go and with which key, as things are now. Raises BackendError."""
        asked = self.retriever
        try:
            return target_of(
                url=asked.url, key_env=asked.key_env, endpoint=asked.endpoint, reach=self.reach
            )
        except BackendError as error:
            where = str(error).removeprefix("backend, ")
            raise BackendError(f"the prompt's retriever, {where}") from None


class _AgainError(Exception):
    """Try again, `after` seconds from now at the earliest."""

    def __init__(self, message: str, after: float | None = None) -> None:
        super().__init__(message)
        self.after = after


class _UnreachableError(_AgainError):
    """No connection was made."""


@dataclass(slots=True)
class _Searching:
    """The server of a retriever, asked from many tasks of one event loop."""

    retriever: UrlRetriever
    target: Target
    state: EndpointState = field(init=False)

    def __post_init__(self) -> None:
        at_once, name = self.retriever.concurrency, self.retriever.address
        self.state = state_of(self.target.url, at_once, name)

    def requests(self, questions: Iterable[Query]) -> Iterator[Sequence[Query]]:
        """One query a request."""
        for query in questions:
            yield [query]

    async def ask(self, questions: Sequence[Query]) -> list[Result]:
        """What was found, after as many attempts as the declaration allows.

        Raises BackendError where no attempt found a connection, where the server refuses whoever
        asks (401, 403, 404, …), and where it searches another store.
        """
        attempts, unreachable, last = self.retriever.retries + 1, 0, ""
        body = json.dumps({"query": questions[0].text, "k": self.retriever.k}).encode()
        for attempt in range(attempts):
            await self.state.wait_until_welcome()
            try:
                return [await self._attempt(body)]
            except _AgainError as again:
                last = str(again)
                unreachable += isinstance(again, _UnreachableError)
                if (again.after or 0.0) > LONGEST_RETRY_AFTER_S:
                    last = f"{last}; asked to wait {again.after:.0f} s"
                    break
                if attempt + 1 < attempts:
                    await self.state.pause(self._backoff(attempt, again.after))
        if unreachable == attempts:
            raise BackendError(
                f"nothing answers at the retriever {self.retriever.address} ({last}): start the "
                "server, or correct its address in the arm's prompt"
            )
        tried = last if attempts == 1 else f"{last} ({attempts} attempts)"
        return [Result(None, tried)]

    def _backoff(self, attempt: int, after: float | None) -> float:
        """Seconds until the next attempt; the server's Retry-After holds for all its clients."""
        if after is not None:
            self.state.keep_quiet(after)
            return after + random.uniform(0.0, 0.1)
        return min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0**attempt) * random.uniform(0.5, 1.0)

    async def _attempt(self, body: bytes) -> Result:
        import aiohttp

        over = connections(self.target.url, private=self.target.private)
        sent_in = self.state.throttle.lowered
        try:
            status, headers, content, more = await self._post(over, body)
        except TimeoutError:
            late = f"no passages within {self.retriever.timeout_s:g} s"
            self.state.note_timeout(late)
            raise _AgainError(late) from None
        except UnreadableBody as error:
            raise _AgainError(f"the response can't be read: {error}") from None
        except aiohttp.ClientConnectorError as error:
            self._check_public(over)
            raise _UnreachableError(error.os_error.strerror or str(error)) from None
        except (aiohttp.ClientError, OSError) as error:
            reason = in_one_line(str(error), self.target.key) or type(error).__name__
            raise _AgainError(f"the connection broke: {reason}") from None
        if status == 200:
            self.state.note_answer(sent_in=sent_in)
            return self._result(content, longer=more)
        message = f"HTTP {status}: {complaint(content, self.target.key)}"
        if status in REFUSALS or 300 <= status < 400:
            raise BackendError(f"the retriever {self.retriever.address} refuses: {message}")
        if status in RETRIED or status >= 500:
            after = retry_after(headers.get("Retry-After"), datetime.now(UTC))
            if status in CONGESTED:
                why, certain = f"HTTP {status}", after is not None
                self.state.note_refusal(sent_in=sent_in, reason=why, certain=certain)
            raise _AgainError(message, after)
        return Result(None, message)

    async def _post(self, over: Connections, body: bytes) -> tuple[int, Any, bytes, bool]:
        """A response's status and headers, the beginning of its body, and whether there is more."""
        import aiohttp

        key = self.target.key
        headers = {"Authorization": f"Bearer {key.value}"} if key else {}
        async with over.session.post(
            self.target.url,
            data=body,
            headers=headers | {"Content-Type": "application/json"},
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=self.retriever.timeout_s),
        ) as response:
            most = BYTES_A_CHARACTER * self.retriever.most_characters + AROUND
            read = most if response.status == 200 else MOST_COMPLAINT
            return response.status, response.headers, *await read_body(response, read)

    def _result(self, content: bytes, *, longer: bool) -> Result:
        """The passages of a response, or what is wrong with it. Raises BackendError where another
        store was searched."""
        asked = self.retriever
        if longer:
            return Result(None, f"the response is longer than {len(content):,} bytes")
        try:
            document = parse_json(content.decode())
        except (JsonError, UnicodeDecodeError) as error:
            return Result(None, f"the response isn't JSON that can be stored: {error}"[:300])
        if not isinstance(document, dict) or "passages" not in document:
            return Result(None, "the response is no object with `passages`")
        if self.target.key.is_in(content.decode()):
            return Result(None, "the response holds the key that it was sent")
        if (index := document.get("index")) not in (None, asked.index):
            raise BackendError(
                f"the retriever {asked.address} searches the store {str(index)[:80]!r}, and the "
                f"version says {asked.index!r}: another store is another version"
            )
        try:
            passages = passages_of(
                document["passages"], most=asked.k, characters=asked.most_characters
            )
        except ValueError as error:
            return Result(None, str(error))
        return Result(passages)

    def _check_public(self, over: Connections) -> None:
        if over.public is not None and over.public.refused:
            raise BackendError(
                f"the retriever {self.retriever.address} is at {over.public.refused}, on this "
                "machine or in a private network: say private: true of it in EVALHUB_ENDPOINTS if "
                "it should be"
            )
