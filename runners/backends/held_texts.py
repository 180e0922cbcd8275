"""How likely a server finds held texts: by vLLM's `prompt_logprobs`, by `echo` with logprobs, or by
llama.cpp's server, which tells it of tokens that it generates alone: a grammar holds it to the
text's own, one after the other, and it reports the probability that each had without the grammar. A
token that is part of a character it reports alone in a list of the whole vocabulary.
"""

import asyncio
import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import groupby
from typing import Any, NamedTuple

from runners.backends.asking import BackendError, BackendRequest, Fault, Reply
from runners.backends.endpoint_state import EndpointState
from runners.backends.exchange import Exchange
from runners.backends.faults import error_in
from runners.backends.masking import Secret
from runners.backends.replies import name_of_served, replies, tokens_reported

type _TokenReader = Callable[[dict[str, Any]], list[PromptToken] | None]

PROBE = "One, two, three, four."
"""What is asked first, and of no item: whether the server tells, and what it puts before a text."""

BIAS = 1000.0
"""On the logit of a token that llama.cpp's server is to generate, whatever the others are."""
ALL = 1_000_000
"""More tokens than a vocabulary has."""


class PromptToken(NamedTuple):
    """A token of a prompt; None where the server doesn't say."""

    text: str | None
    logprob: float | None


class _Piece(NamedTuple):
    """A token of llama.cpp's tokenizer, and whether it is whole characters."""

    token: int
    whole: bool


def tokens_before(tokens: Sequence[PromptToken], text: str) -> int | None:
    """How many tokens a server put before a text, white space apart; None where the rest isn't it,
    or its first token comes without its log-probability, as where nothing stands before it."""
    bare = _bare(text)
    for count, token in enumerate(tokens):
        rest = [later.text for later in tokens[count:]]
        if (
            token.logprob is not None
            and None not in rest
            and _bare("".join(map(str, rest))) == bare
        ):
            return count
    return None


def _bare(text: str) -> str:
    return "".join(text.split())


@dataclass(slots=True)
class HeldTexts:
    """Asks how likely each item's text is, by itself: no prompt and no template."""

    exchange: Exchange
    _first: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)
    _start: tuple[int, ...] | None = field(default=None, init=False)
    """Of llama.cpp's server, the tokens that begin every text."""
    _plain: int | None = field(default=None, init=False)
    """A token of whole characters, the probe's first."""

    @property
    def state(self) -> EndpointState:
        return self.exchange.state

    def requests(self, questions: Iterable[BackendRequest]) -> Iterator[Sequence[BackendRequest]]:
        """One text per request."""
        for question in questions:
            yield [question]

    async def ask(self, questions: Sequence[BackendRequest]) -> list[Reply]:
        """Raises BackendError where the server doesn't tell, asked once a model before anything
        else, and as an exchange does."""
        backend = self.exchange.backend
        if backend.why_no_texts:
            raise BackendError(f"{backend.address}: {backend.why_no_texts}")
        await self.exchange.check_adapter()
        async with self._first:
            before = await self._tokens_before()
        return [await self._judge(question.input, before) for question in questions]

    async def _tokens_before(self) -> int:
        backend = self.exchange.backend
        key = backend.model, f"{backend.text_logprobs} {backend.text_start or ''}"
        if key not in self.state.text_starts or (self._by_grammar and self._start is None):
            tokens, reply = await self._read(PROBE, gives_way=False)
            where = f"{backend.address}/completions was asked how likely a text is"
            if reply.error:
                raise BackendError(
                    f"{where}, and doesn't tell: {reply.error}; ask a server that does, or correct "
                    "the arm's text_logprobs"
                )
            count = tokens_before(tokens, PROBE)
            if count is None:
                raise BackendError(
                    f"{where}, and doesn't tell it of the first token, before which its tokenizer "
                    "puts none: say the token that begins every text in the arm's text_start, such "
                    "as <|endoftext|>"
                )
            self.state.text_starts[key] = count
        return self.state.text_starts[key]

    async def _judge(self, text: str, before: int) -> Reply:
        tokens, reply = await self._read(text)
        if reply.error:
            return reply
        logprobs = [token.logprob for token in tokens[before:]]
        known = [logprob for logprob in logprobs if logprob is not None]
        if not known or len(known) < len(logprobs):
            return replace(reply, text=None, error="the server left out a token's log-probability")
        return replace(reply, text=text, logprob=math.fsum(known))

    @property
    def _by_grammar(self) -> bool:
        return self.exchange.backend.text_logprobs == "llama.cpp"

    async def _read(self, text: str, *, gives_way: bool = True) -> tuple[list[PromptToken], Reply]:
        """The tokens of a prompt with this text; or a reply with the error."""
        if self._by_grammar:
            return await self._read_by_grammar(text, gives_way=gives_way)
        backend = self.exchange.backend
        echo = backend.text_logprobs == "echo"
        body = {
            "prompt": (backend.text_start or "") + text,
            "max_tokens": 1,  # with none, some servers answer nothing at all
            **({"echo": True, "logprobs": 1} if echo else {"prompt_logprobs": 0}),
        }
        read = _echoed_tokens if echo else _prompt_tokens
        return await self._send("/completions", body, read, gives_way=gives_way)

    async def _read_by_grammar(
        self, text: str, *, gives_way: bool
    ) -> tuple[list[PromptToken], Reply]:
        if self._start is None:
            own = self.exchange.backend.text_start
            start, reply = await self._tokenize(own or "", special=True, gives_way=gives_way)
            if reply.error:
                return [], reply
            if not start:
                return [PromptToken(None, None)], reply  # there is nothing before a text
            self._start = tuple(piece.token for piece in start)
        pieces, reply = await self._tokenize(text, special=False, gives_way=gives_way)
        if reply.error or not pieces:
            return [], reply if reply.error else Reply(error="the server finds no token in it")
        self._plain = pieces[0].token if self._plain is None else self._plain
        context, tokens = list(self._start), list[PromptToken]()
        for run in _runs(pieces):
            more, reply = await self._generate(context, run, gives_way=gives_way)
            if reply.error:
                return [], reply
            context += [piece.token for piece in run]
            tokens += more
        return tokens, replace(reply, prompt_tokens=None, completion_tokens=None, paid=None)

    async def _generate(
        self, context: Sequence[int], run: Sequence["_Piece"], *, gives_way: bool
    ) -> tuple[list[PromptToken], Reply]:
        """Makes the server generate these tokens, and says how likely each was."""
        ids = [piece.token for piece in run]
        body: dict[str, Any] = {"prompt": [*context], "cache_prompt": True}
        if not run[0].whole:
            # of its own it would say nothing: it waits for the rest of the character
            plain = {"max_tokens": 1, "logprobs": ALL, "logit_bias": [[self._plain, BIAS]]}
            read_one = partial(_listed_token, token=ids[0])
            return await self._send("/completions", body | plain, read_one, gives_way=gives_way)
        grammar = "root ::= " + " ".join(f"<[{token}]>" for token in ids)
        body |= {"max_tokens": len(ids), "logprobs": 1, "grammar": grammar}
        generated: list[Any] = []

        def read(answer: dict[str, Any]) -> list[PromptToken] | None:
            content = (_first_choice(answer).get("logprobs") or {}).get("content")
            rows = content if isinstance(content, list) else []
            generated.extend(row.get("id") for row in rows if isinstance(row, dict))
            return [_token(row.get("token"), row.get("logprob")) for row in rows] or None

        tokens, reply = await self._send("/completions", body, read, gives_way=gives_way)
        if reply.error or generated == ids:
            return tokens, reply
        if generated == ids[: len(generated)]:
            end = len(context) + len(generated)
            error = f"the server's context ended after {end} tokens of it: cut it into shorter ones"
            return [], Reply(error=error, fault=Fault.ITEM)
        return [], Reply(
            error="the server generated other tokens than the text's: its grammars take no "
            "tokens by number, as llama.cpp's do since the end of 2025"
        )

    async def _tokenize(
        self, text: str, *, special: bool, gives_way: bool
    ) -> tuple[list["_Piece"], Reply]:
        """By llama.cpp's own address beside /v1; `special`: as the beginning of a prompt."""
        target = self.exchange.target
        root = replace(self.exchange, target=replace(target, url=target.url.removesuffix("/v1")))
        body = {
            "content": text,
            "add_special": special,
            "parse_special": special,
            "with_pieces": True,
        }
        pieces: list[_Piece] = []

        def read(content: bytes, latency_ms: float, key: Secret) -> list[Reply]:
            answer = _as_object(content)
            tokens = answer.get("tokens")
            rows = tokens if isinstance(tokens, list) else [None]
            for row in rows:
                if not isinstance(row, dict) or type(row.get("id")) is not int:
                    flaw = "its /tokenize gives no tokens with their pieces, as llama.cpp's does"
                    return [Reply(error=flaw)]
                pieces.append(_Piece(row["id"], isinstance(row.get("piece"), str)))
            return [Reply(text="")]

        [reply] = await root.send(
            "/tokenize", json.dumps(body).encode(), frozenset(), read, gives_way=gives_way
        )
        return pieces, reply

    async def _send(
        self, path: str, fields: dict[str, Any], read: _TokenReader, *, gives_way: bool
    ) -> tuple[list[PromptToken], Reply]:
        """What `read` finds in the response, and what else it says."""
        backend = self.exchange.backend
        body = {"model": backend.model, "temperature": 0, **fields} | backend.extra
        tokens: list[PromptToken] = []

        def read_response(content: bytes, latency_ms: float, key: Secret) -> list[Reply]:
            answer = _as_object(content)
            if not answer or error_in(answer) is not None:
                return replies(content, latency_ms, key)
            result = read(answer)
            if result is None:
                return [Reply(error=_TELLS_NOTHING.format(backend.text_logprobs))]
            tokens.extend(result)
            prompt, completion, paid = tokens_reported(answer)
            return [
                Reply(
                    text="",
                    latency_ms=latency_ms,
                    prompt_tokens=prompt,
                    completion_tokens=completion,
                    paid=paid if paid and paid.cached else None,
                    served_model=name_of_served(answer.get("model"), key),
                    fingerprint=name_of_served(answer.get("system_fingerprint"), key),
                )
            ]

        [reply] = await self.exchange.send(
            path, json.dumps(body).encode(), frozenset(), read_response, gives_way=gives_way
        )
        return tokens, reply


def _listed_token(answer: dict[str, Any], *, token: int) -> list[PromptToken] | None:
    """A token among all that could have come in place of the one that was generated."""
    content = (_first_choice(answer).get("logprobs") or {}).get("content")
    first = content[0] if isinstance(content, list) and content else None
    rows = first.get("top_logprobs") if isinstance(first, dict) else None
    for row in rows if isinstance(rows, list) else []:
        if isinstance(row, dict) and row.get("id") == token:
            return [_token(row.get("token"), row.get("logprob"))]
    return None


def _runs(pieces: Sequence["_Piece"]) -> Iterator[list["_Piece"]]:
    """Stretches of whole pieces, and each other piece alone: a grammar refuses the beginning of a
    character that goes on in the next token."""
    for whole, group in groupby(pieces, key=lambda piece: piece.whole):
        if whole:
            yield list(group)
        else:
            yield from ([piece] for piece in group)


_TELLS_NOTHING = "the response doesn't say how likely the prompt's tokens are ({})"


def _as_object(content: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def _first_choice(answer: dict[str, Any]) -> dict[str, Any]:
    choices = answer.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    return first if isinstance(first, dict) else {}


def _prompt_tokens(answer: dict[str, Any]) -> list[PromptToken] | None:
    """By `prompt_logprobs`: of each token {its id: {logprob, decoded_token}, …}, its own first; of
    a prompt's first token null."""
    entries = _first_choice(answer).get("prompt_logprobs")
    if not isinstance(entries, list) or not entries:
        return None
    tokens = []
    for entry in entries:
        own = next(iter(entry.values()), None) if isinstance(entry, dict) else None
        own = own if isinstance(own, dict) else {}
        tokens.append(_token(own.get("decoded_token"), own.get("logprob")))
    return tokens


def _echoed_tokens(answer: dict[str, Any]) -> list[PromptToken] | None:
    """By `echo`: the prompt's tokens come first, and the one that was generated last."""
    fields = _first_choice(answer).get("logprobs")
    fields = fields if isinstance(fields, dict) else {}
    texts, logprobs = fields.get("tokens"), fields.get("token_logprobs")
    if not isinstance(texts, list) or not isinstance(logprobs, list):
        return None
    prompt, *_ = tokens_reported(answer)
    count = len(texts) - 1 if prompt is None else prompt
    if len(texts) != len(logprobs) or not 0 < count <= len(texts):
        return None
    rows = zip(texts[:count], logprobs[:count], strict=True)
    return [_token(text, logprob) for text, logprob in rows]


def _token(text: Any, logprob: Any) -> PromptToken:
    number = type(logprob) in (int, float) and math.isfinite(logprob) and logprob <= 0
    return PromptToken(text if isinstance(text, str) else None, float(logprob) if number else None)
