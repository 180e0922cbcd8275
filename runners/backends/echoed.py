"""Likelihoods of texts from a server: its completions repeat a prompt (`echo`) with the
log-probability of each token."""

import asyncio
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from runners.backends.asking import (
    BackendError,
    BackendRequest,
    Reply,
    TextLikelihood,
)
from runners.backends.endpoint_state import EndpointState
from runners.backends.exchange import Exchange
from runners.backends.faults import error_in
from runners.backends.masking import Secret
from runners.backends.replies import name_of_served, replies, tokens_reported

TRIED = ("One, two,", " three")
"""What is asked first, and of no item, to see whether the server tells."""
_TELLS_NOTHING = (
    "the response doesn't say how likely the prompt's tokens are (echo with logprobs, as vLLM does)"
)


@dataclass(slots=True)
class Echoing:
    """Asks completions how likely a text is after another: an input is such a pair."""

    exchange: Exchange
    _first: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    @property
    def state(self) -> EndpointState:
        return self.exchange.state

    def requests(self, questions: Iterable[BackendRequest]) -> Iterator[Sequence[BackendRequest]]:
        """One pair per request."""
        for question in questions:
            yield [question]

    async def ask(self, questions: Sequence[BackendRequest]) -> list[Reply]:
        """Raises BackendError where the server doesn't tell, asked once a model before anything
        else, and as an exchange does."""
        await self.exchange.check_adapter()
        async with self._first:
            await self._check_tells()
        return [await self._ask(*question.input) for question in questions]

    async def _check_tells(self) -> None:
        backend = self.exchange.backend
        if backend.model in self.state.echoing:
            return
        tried = await self._ask(*TRIED, gives_way=False)
        if tried.error:
            raise BackendError(
                f"{backend.address}/completions was asked how likely a text is, and doesn't tell: "
                f"{tried.error}; ask a server that does, or leave out the arm's echo"
            )
        self.state.echoing.add(backend.model)

    async def _ask(self, prefix: str, continuation: str, *, gives_way: bool = True) -> Reply:
        backend = self.exchange.backend
        body: dict[str, Any] = {
            "model": backend.model,
            "prompt": prefix + continuation,
            "max_tokens": 1,  # with none, some servers answer nothing at all
            "temperature": 0,
            "logprobs": 1,
            "echo": True,
        }
        content = json.dumps(body | backend.extra).encode()
        read = partial(read_echo, prefix=prefix, continuation=continuation)
        replies = await self.exchange.send(
            "/completions", content, frozenset(), read, gives_way=gives_way
        )
        return replies[0]


def read_echo(
    content: bytes, latency_ms: float, key: Secret, *, prefix: str, continuation: str
) -> list[Reply]:
    """What a response says of `continuation` after `prefix`, or what is wrong with it.

    White space at the end of `prefix` belongs to `continuation`, and so does a token across the
    border, as where a model in the worker is asked.
    """
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict) or error_in(answer) is not None:
        return replies(content, latency_ms, key)
    tokens = _tokens(answer)
    if tokens is None:
        return [Reply(error=_TELLS_NOTHING)]
    placed = _positions(tokens, prefix + continuation)
    if placed is None:
        return [Reply(error="the tokens that the server names don't make up the text")]
    border = len(prefix.rstrip())
    counted = [each for end, each in placed if end > border]
    if any(token.logprob is None for token in counted):
        return [
            Reply(
                error="the server doesn't say how likely the first token of a text is, and there "
                "is nothing before this one; a model in the worker (hf) does"
            )
        ]
    judged = TextLikelihood(
        math.fsum(token.logprob or 0.0 for token in counted),
        all(token.likeliest for token in counted),
        paid=tokens_reported(answer)[2],
    )
    return [
        Reply(
            text=continuation,
            latency_ms=latency_ms,
            judged=judged,
            served_model=name_of_served(answer.get("model"), key),
            fingerprint=name_of_served(answer.get("system_fingerprint"), key),
        )
    ]


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    logprob: float | None
    likeliest: bool


def _tokens(answer: Any) -> list[_Token] | None:
    """The tokens of the prompt and the answer; None where they aren't all told."""
    choices = answer.get("choices") if isinstance(answer, dict) else None
    choice = choices[0] if isinstance(choices, list) and choices else None
    fields = choice.get("logprobs") if isinstance(choice, dict) else None
    if not isinstance(fields, dict):
        return None
    texts, logprobs, tops = (
        fields.get(name) for name in ("tokens", "token_logprobs", "top_logprobs")
    )
    if not (isinstance(texts, list) and isinstance(logprobs, list) and isinstance(tops, list)):
        return None
    if not len(texts) == len(logprobs) == len(tops) or not texts:
        return None
    tokens = [_token(*row) for row in zip(texts, logprobs, tops, strict=True)]
    complete = [token for token in tokens if token is not None]
    # only the first of a text may be without: nothing stands before it
    if len(complete) < len(tokens) or any(token.logprob is None for token in complete[1:]):
        return None
    return complete


def _token(text: Any, logprob: Any, top: Any) -> _Token | None:
    if not isinstance(text, str):
        return None
    if logprob is None:
        return _Token(text, None, likeliest=False)
    others = (
        [one for one in top.values() if type(one) in (int, float)] if isinstance(top, dict) else []
    )
    if type(logprob) not in (int, float) or not math.isfinite(logprob) or not others:
        return None
    return _Token(text, float(logprob), likeliest=logprob >= max(others))


def _positions(tokens: Sequence[_Token], text: str) -> list[tuple[int, _Token]] | None:
    """The tokens that make up a text, each with its end in it; None where they don't. A first token
    that isn't in it is the one that stands before every text."""
    for skipped in (0, 1):
        at, positions = 0, []
        for token in tokens[skipped:]:
            if at == len(text):
                break
            if not text.startswith(token.text, at):
                break
            at += len(token.text)
            positions.append((at, token))
        if at == len(text):
            return positions
    return None
