"""One question and its answer over HTTP: what is sent, what is tried again, what is given up."""

import asyncio
import math
import random
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING

from evalhub.declare.prompt import Prompt
from evalhub.declare.sampling import Sampling
from runners.backends.asking import BackendError, BackendRequest, Fault, Reply
from runners.backends.body import UnreadableBody, read_body
from runners.backends.endpoint_state import EndpointState, state_of
from runners.backends.faults import cure, is_filtered, is_too_long, location
from runners.backends.masking import Secret
from runners.backends.pool import Connections, connections
from runners.backends.replies import complaint, in_one_line, replies, retry_after
from runners.backends.request_body import request_body
from runners.backends.served import NotThatAdapter, check_adapter
from runners.backends.target import Target
from runners.prompting import PromptError

if TYPE_CHECKING:
    import aiohttp

    from runners.backends.openai import OpenAIBackend

FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 60.0
LONGEST_RETRY_AFTER_S = 600.0
MOST_COMPLAINT = 65_536
"""Bytes of an error response that are read."""
RETRIED = frozenset({408, 409, 429})
REFUSALS = frozenset({401, 402, 403, 404, 405, 407, 410})
"""Not this request is refused, but every one of this arm's: as a rule."""
OF_ALL = frozenset({401, 402, 407})
"""The key is refused, or the account. Others may be what a firewall says to a single question."""
NO_ANSWER = 200
"""The status is good, and what came with it is no answer."""
BUSY = 429
CONGESTED = frozenset({429, 503})
"""It is asked too much at a time."""
OBJECTIONS = frozenset({400, 403, 422, 501})
"""A request's fields may be to blame."""
LONGEST_CONTROL = 4_000
"""Characters: where tokens a minute are limited, a short question may pass that says nothing."""
MOST_LISTED = 4_194_304
"""Bytes of a list of models that are read."""
MOST_TOGETHER = 16
"""Samples of one request."""
_WORD = re.compile(r"\w+")

type Reader = Callable[[bytes, float, Secret], list[Reply]]
"""Reads a response's body, the milliseconds that it took and the key that it may not hold."""


class _Refused(Exception):
    """A field that the model doesn't take, and can be left out."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


class _Again(Exception):
    """Retry, `after` seconds from now at the earliest."""

    def __init__(self, message: str, status: int, after: float | None = None) -> None:
        super().__init__(message)
        self.status, self.after = status, after


def _is_answer(content: bytes, key: Secret) -> bool:
    return replies(content, 0.0, key)[0].fault is not Fault.SERVER


@dataclass(slots=True)
class Exchange:
    """A version's endpoint, with its present key."""

    backend: "OpenAIBackend"
    prompt: Prompt
    sampling: Sampling
    target: Target
    state: EndpointState = field(init=False)
    _first: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)
    _is_the_adapter: bool = field(init=False)
    _answered: float = field(default=-1.0, init=False)
    """When the newest of the requests was sent that were answered."""

    def __post_init__(self) -> None:
        at_once, name = self.backend.concurrency, self.backend.address
        self.state = state_of(self.target.url, at_once, name)
        self._is_the_adapter = self.backend.adapter_of is None

    def requests(self, questions: Iterable[BackendRequest]) -> Iterator[Sequence[BackendRequest]]:
        """Samples of one item go together, unless each has a seed of its own or the model was found
        to give one answer a request."""
        for _, of_item in groupby(questions, key=lambda question: question.item_id):
            left = list(of_item)
            while left:
                alone = self.sampling.seed is not None or "n" in self._without
                size = 1 if alone else MOST_TOGETHER
                yield left[:size]
                left = left[size:]

    async def ask(self, questions: Sequence[BackendRequest]) -> list[Reply]:
        """Answers to samples of one item; those that the endpoint leaves out of a request are asked
        for one by one. Raises BackendError as `_ask`."""
        await self.check_adapter()
        replies = (await self._ask(questions[0], len(questions)))[: len(questions)]
        if len(replies) < len(questions) and replies[0].text is not None:
            self._without.add("n")
        for question in questions[len(replies) :]:
            replies += (await self._ask(question, 1))[:1]
        return replies

    async def check_adapter(self) -> None:
        """That the model is an adapter of the base that was declared, asked once, and again where
        the server is only busy or restarting. Raises BackendError."""
        if self._is_the_adapter:
            return
        base = self.backend.adapter_of
        async with self._first:
            if self._is_the_adapter or base is None:
                return
            content = await self.list_models()
            try:
                check_adapter(content, model=self.backend.model, base=base)
            except NotThatAdapter as error:
                raise BackendError(self._not_borne_out(str(error))) from None
            self._is_the_adapter = True

    async def list_models(self) -> bytes:
        """What the server says of the models that it serves. Raises BackendError."""
        import aiohttp

        over, last = connections(self.target.url, private=self.target.private), ""
        for attempt in range(self.backend.retries + 1):
            if attempt > 0:
                await asyncio.sleep(self._backoff(attempt - 1, None))
            try:
                async with over.session.get(
                    f"{self.target.url}/models",
                    headers=self._headers,
                    allow_redirects=False,
                    timeout=aiohttp.ClientTimeout(total=self.backend.timeout_s),
                ) as response:
                    content, _ = await read_body(response, MOST_LISTED)
            except UnreadableBody as error:
                raise BackendError(self._not_borne_out(str(error))) from None
            except (aiohttp.ClientError, OSError) as error:
                last = str(error) or type(error).__name__
                continue
            if response.status == 200:
                return content
            last = f"HTTP {response.status}"
            if response.status not in RETRIED and response.status < 500:
                raise BackendError(self._not_borne_out(last))
        raise BackendError(
            f"{self.backend.address}/models doesn't answer ({self.target.key.mask(last)}), so "
            "adapter_of can't be borne out: run again when it does"
        )

    def _not_borne_out(self, why: str) -> str:
        return (
            f"{self.backend.address}/models doesn't bear out adapter_of: "
            f"{self.target.key.mask(why)}; serve the adapter with its base, or correct the arm's "
            "adapter_of"
        )

    @property
    def _headers(self) -> dict[str, str]:
        key = self.target.key
        return {"Authorization": f"Bearer {key.value}"} if key else {}

    @property
    def _without(self) -> set[str]:
        """Optional request fields that this model refused and that are left out."""
        return self.state.without.setdefault(self.backend.model, set())

    async def _ask(self, question: BackendRequest, together: int) -> list[Reply]:
        """One request's answers, after as many retries as the specification allows.

        A field that only asks for more than the answer is left out once it was refused. Raises
        BackendError where no attempt found a connection, where the endpoint refuses every request
        alike (401, 403, 404, …), and where it takes no more for now (429): nothing else is answered
        either, or others that were refused so were taken later. A question that alone is refused is
        answered with that error.
        """
        while True:
            without = frozenset(self._without)
            try:
                return await self._try(question, 1 if "n" in without else together, without)
            except _Refused as refused:
                self._without.add(refused.field)

    async def _try(self, question: BackendRequest, together: int, without: Set[str]) -> list[Reply]:
        try:
            body = self._body(question, together, without)
        except PromptError as error:
            return [Reply(error=str(error), fault=Fault.ITEM)] * together
        optional = {"logprobs"} if self.backend.logprobs else set[str]()
        if together > 1:
            optional.add("n")
        return await self.send(self._path, body, optional - without, replies)

    async def send(
        self, path: str, body: bytes, optional: Set[str], read: Reader, *, gives_way: bool = True
    ) -> list[Reply]:
        """What `read` makes of a request's response, after as many retries as the specification
        allows, or what is wrong with it. Raises as `_ask`, and _Refused for a field of `optional`.
        Between attempts others are asked, unless they wait for this one: then it gives no way.
        """
        import aiohttp

        over = connections(self.target.url, private=self.target.private)
        attempts = self.backend.retries + 1
        unreachable = 0
        last, status, after = "", 0, None
        began, refused, sent = time.perf_counter(), math.inf, 0.0
        fault = Fault.SERVER
        for attempt in range(attempts):
            await self.state.wait_until_welcome()
            sent, sent_in = time.perf_counter(), self.state.throttle.lowered
            try:
                replies = await self._attempt(over, path, body, optional, read)
            except _Again as again:
                last, after, status = str(again), again.after, again.status
                fault = Fault.MODEL if status == BUSY else Fault.SERVER
                if status in CONGESTED:
                    why = f"HTTP {status}"
                    self.state.note_refusal(sent_in=sent_in, reason=why, certain=after is not None)
                if status == BUSY:
                    refused = min(refused, sent)
            except TimeoutError:
                last, after, status = f"no answer within {self.backend.timeout_s:g} s", None, 0
                fault = Fault.MODEL
                self.state.note_timeout(last)
            except aiohttp.ClientConnectorError as error:
                self._check_public(over)
                last, after, status = error.os_error.strerror or str(error), None, 0
                unreachable, fault = unreachable + 1, Fault.SERVER
            except (aiohttp.ClientError, OSError) as error:
                reason = in_one_line(str(error), self.target.key) or type(error).__name__
                last, after = f"the connection broke: {reason}", None
                status, fault = 0, Fault.SERVER
            else:
                self.state.note_answer(sent_in=sent_in)
                if refused < sent:
                    self.state.took_later = time.perf_counter()
                return replies
            if after is not None and after > LONGEST_RETRY_AFTER_S:
                last = f"{last}; asked to wait {after:.0f} s"
                break
            if attempt + 1 < attempts:
                pause = self.state.pause if gives_way else asyncio.sleep
                await pause(self._backoff(attempt, after))
        if unreachable == attempts:
            raise BackendError(
                f"nothing answers at {self.backend.address} ({last}): start the server, or correct "
                f"{location(self.backend)}"
            )
        limited = status == BUSY and (
            (after or 0) > LONGEST_RETRY_AFTER_S
            or self.state.took_later > refused
            or not await self._answers_others(sent, over, length=len(body))
        )
        if limited:
            raise BackendError(
                f"{self.backend.address} takes no more for now: {last}; lower the arm's "
                "concurrency, or wait"
            )
        if status == NO_ANSWER and not await self._answers_others(began, over):
            raise BackendError(
                f"{self.backend.address}{path} gives no answers: {last}; put that right at the "
                f"server or the proxy in front of it, or correct {location(self.backend)}"
            )
        tried = last if attempts == 1 else f"{last} ({attempts} attempts)"
        return [Reply(error=tried, fault=fault)]

    @property
    def _path(self) -> str:
        return "/chat/completions" if self.backend.api == "chat" else "/completions"

    def _backoff(self, attempt: int, after: float | None) -> float:
        """Seconds until the next attempt; the server's Retry-After holds for all its clients."""
        if after is not None:
            self.state.keep_quiet(after)
            return after + random.uniform(0.0, 0.1)
        return min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0**attempt) * random.uniform(0.5, 1.0)

    def _body(self, question: BackendRequest, together: int, without: Set[str]) -> bytes:
        return request_body(
            self.backend, self.prompt, self.sampling, question, together=together, without=without
        )

    async def _attempt(
        self, over: Connections, path: str, body: bytes, optional: Set[str], read: Reader
    ) -> list[Reply]:
        start = time.perf_counter()
        try:
            response, content, more = await self._post(over, path, body)
        except UnreadableBody as error:
            reason = self.target.key.mask(str(error))
            raise _Again(f"the response can't be read: {reason}", NO_ANSWER) from error
        latency_s = time.perf_counter() - start
        key = self.target.key
        if response.status == 200:
            most = self.backend.most_bytes
            long = f"the response is longer than {most:,} bytes, which are the most (most_bytes)"
            replies = [Reply(error=long)] if more else read(content, latency_s * 1000, key)
            if replies[0].fault is Fault.SERVER:
                raise _Again(replies[0].error, NO_ANSWER)
            self._answered = max(self._answered, start)
            return replies
        message = f"HTTP {response.status}: {complaint(content, key)}"
        if response.status in OBJECTIONS:
            for name in optional:
                if name in _WORD.findall(message):
                    raise _Refused(name)
        if response.status in REFUSALS or 300 <= response.status < 400:
            if response.status not in OF_ALL and await self._answers_others(start, over):
                return [Reply(error=message, fault=Fault.ITEM)]
            at = self.backend.address + path
            raise BackendError(f"{at} refuses: {message}; {cure(self.backend, response.status)}")
        own = is_too_long(message) or is_filtered(message)
        if response.status in RETRIED or (response.status >= 500 and not own):
            after = retry_after(response.headers.get("Retry-After"), datetime.now(UTC))
            raise _Again(message, response.status, after)
        return [Reply(error=message, fault=Fault.ITEM)]

    async def _post(
        self, over: Connections, path: str, body: bytes
    ) -> "tuple[aiohttp.ClientResponse, bytes, bool]":
        """A request's response, the beginning of its body, and whether there is more of that."""
        import aiohttp

        async with over.session.post(
            self.target.url + path,
            data=body,
            headers=self._headers | {"Content-Type": "application/json"},
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=self.backend.timeout_s),
        ) as response:
            most = self.backend.most_bytes if response.status == 200 else MOST_COMPLAINT
            return response, *await read_body(response, most)

    async def _answers_others(self, since: float, over: Connections, length: int = 0) -> bool:
        """Whether a question is answered that was asked after another one was refused. Where none
        was by chance, a harmless one is asked, of that length as far as LONGEST_CONTROL."""
        import aiohttp

        async with self._first:
            if self._answered <= since:
                with suppress(PromptError, UnreadableBody, aiohttp.ClientError, OSError):
                    body = self._body(BackendRequest(0, 0, "Hi", ""), 1, self._without)
                    if (lacking := min(length - len(body), LONGEST_CONTROL)) > 0:
                        longer = "Hi" + " Hi" * (lacking // 3)
                        body = self._body(BackendRequest(0, 0, longer, ""), 1, self._without)
                    sent = time.perf_counter()
                    response, content, _ = await self._post(over, self._path, body)
                    if response.status == 200 and _is_answer(content, self.target.key):
                        self._answered = sent
            return self._answered > since

    def _check_public(self, over: Connections) -> None:
        if over.public is not None and over.public.refused:
            raise BackendError(
                f"{self.backend.address} is at {over.public.refused}, on this machine or in a "
                "private network: say private: true of it in EVALHUB_ENDPOINTS if it should be"
            )
