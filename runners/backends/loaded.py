"""Questions to a model that is loaded here: prompts and choices become rows and pairs of an engine.

It imports torch, so whoever imports it does so when a model is to be asked.
"""

import hashlib
import queue
import re
import secrets
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from evalhub.declare.prompt import Prompt
from evalhub.declare.sampling import Sampling
from evalhub.io.held_texts import is_held_text
from runners.backends.asking import Answered, BackendRequest, Fault, Reply
from runners.backends.hf import USUAL_MOST_TOKENS
from runners.backends.messages import split_calls, split_reasoning
from runners.engines.adapters import put_in
from runners.engines.errors import EngineError, ItemError
from runners.engines.files import fetch_adapter, model_digest, text_digest
from runners.engines.generating import BASE, Drawing, DrawnAnswer, PromptRow
from runners.engines.likelihoods import Continuation, Likelihood, join_tokens, windows
from runners.engines.loading import Base, Source
from runners.engines.serving import Done, Question, Visit, engine_of
from runners.engines.template_names import ignored_arguments
from runners.prompting import PromptError, chat, completion

if TYPE_CHECKING:
    from runners.backends.hf import HfBackend

BATCH_S = 0.5
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")

type Deliver = Callable[[Any], None]
type Parts = list[tuple[tuple[int, ...], tuple[int, ...]]]
"""(given, asked) tokens; a text that is longer than the context comes in several."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A version's way of asking the base that it shares with others; nothing is loaded yet."""

    backend: "HfBackend"
    prompt: Prompt
    sampling: Sampling
    source: Source
    chance: int
    """In place of a seed where the version has none."""

    @classmethod
    def of(cls, backend: "HfBackend", prompt: Prompt, sampling: Sampling) -> Self:
        """Raises EngineError where the model isn't there, or isn't the one that was registered."""
        if backend.model_sha256 is not None:
            digest = model_digest(Path(backend.model))
            if digest != backend.model_sha256:
                raise EngineError(
                    f"wrong base: the model in {backend.model} isn't the one that was registered "
                    f"(SHA-256 {backend.model_sha256[:12]}…, and here is {digest[:12]}…): put it "
                    "back, or register it anew as a version of its own"
                )
        source = Source(
            model=backend.model,
            revision=backend.revision,
            digest=backend.model_sha256,
            dtype=backend.dtype,
            device_map=backend.device_map,
            quantization=backend.quantization,
        )
        return cls(backend, prompt, sampling, source, secrets.randbits(62))

    def answer(self, questions: Sequence[BackendRequest]) -> Generator[list[Answered]]:
        """Batches of replies, about one every BATCH_S seconds, empty or not. Raises EngineError."""

        def prepare(base: Base, deliver: Deliver) -> list[Question]:
            adapter = self._adapter(base)
            template = self._template(base)
            parts = []
            for question in questions:
                try:
                    parts += self._questions(base, adapter, template, question, deliver)
                except (PromptError, EngineError) as error:
                    deliver((question, _failure(error)))
            return parts

        yield from self._visit(prepare, len(questions))

    def loglikelihood(self, pairs: Sequence[tuple[str, str]]) -> list[tuple[float, bool]]:
        """See Client.loglikelihood. Raises EngineError."""

        def prepare(base: Base) -> Iterator[Parts]:
            for before_text, after_text in pairs:
                before, after = join_tokens(
                    base.tokenizer, before_text, after_text, start=_start(base)
                )
                room = base.context - len(after)
                if room < 1:
                    raise ItemError(
                        f"{len(after)} tokens are asked for, and the model takes {base.context}"
                    )
                yield [(before[-room:], after)]

        judged = self._judge(prepare, len(pairs))
        return [(parts[0].logprob, parts[0].greedy) for parts in judged]

    def loglikelihood_rolling(self, texts: Sequence[str]) -> list[float]:
        """See Client.loglikelihood_rolling. Raises EngineError."""

        def prepare(base: Base) -> Iterator[Parts]:
            for text in texts:
                tokens = base.tokenizer.encode(text, add_special_tokens=False)
                yield windows(tokens, start=_start(base), most=base.context)

        judged = self._judge(prepare, len(texts))
        return [sum(part.logprob for part in parts) for parts in judged]

    def _judge(
        self, prepare: Callable[[Base], Iterator[Parts]], count: int
    ) -> list[list[Likelihood]]:
        def questions_of(base: Base, deliver: Deliver) -> list[Question]:
            adapter = self._adapter(base)
            return [
                question
                for at, parts in enumerate(prepare(base))
                for question in self._pairs(adapter, parts, partial(_deliver_numbered, deliver, at))
            ]

        by_position: dict[int, list[Done]] = {}
        for batch in self._visit(questions_of, count):
            by_position.update(batch)
        judged: list[list[Likelihood]] = []
        for at in range(count):
            if errors := [result for result in by_position[at] if isinstance(result, EngineError)]:
                raise errors[0]
            judged.append([result for result in by_position[at] if isinstance(result, Likelihood)])
        return judged

    def _visit(
        self, prepare: Callable[[Base, Deliver], list[Question]], count: int
    ) -> Generator[list[Any]]:
        """What a visit delivers, in batches, until `count` have come."""
        arrived: queue.SimpleQueue[Any] = queue.SimpleQueue()
        visit = Visit(lambda base: prepare(base, arrived.put), arrived.put)
        engine_of(self.source).visit(visit)
        try:
            while count:
                batch, error = _batch(arrived, count)
                count -= len(batch)
                yield batch
                if error is not None:
                    raise error
        finally:
            visit.gone.set()

    def _adapter(self, base: Base) -> str:
        """The name under which the version's adapter answers; loaded by now."""
        backend = self.backend
        if backend.adapter is None:
            return BASE
        folder = Path(backend.adapter)
        if backend.adapter_sha256 is None:
            folder = fetch_adapter(backend.adapter, backend.adapter_revision)
        return put_in(base, folder, backend.adapter_sha256)

    def _template(self, base: Base) -> str | None:
        """The chat template, which must be the registered one."""
        backend = self.backend
        if backend.api == "completion":
            return None
        if backend.chat_template is not None:
            try:
                template = Path(backend.chat_template).read_text(encoding="utf-8")
            except (OSError, ValueError) as error:
                raise EngineError(f"{backend.chat_template} can't be read: {error}") from error
        else:
            template = base.tokenizer.chat_template
        if not isinstance(template, str):
            raise EngineError(
                f"{backend.model} has no chat template: give it one, or say api: completion"
            )
        if backend.template_sha256 not in (None, text_digest(template)):
            raise EngineError(
                f"the chat template of {backend.model} isn't the one that was registered: register "
                "it anew as a version of its own"
            )
        arguments = self.sampling.chat_template_kwargs
        if arguments and (flaw := ignored_arguments(template, arguments)):
            raise EngineError(f"sampling.chat_template_kwargs: {flaw}")
        return template

    def _questions(
        self,
        base: Base,
        adapter: str,
        template: str | None,
        question: BackendRequest,
        deliver: Deliver,
    ) -> list[Question]:
        """What one question is to the engine. Raises PromptError, and EngineError."""
        if is_held_text(question.choices):
            parts = [self._held_text(base, question.input)]
            return self._pairs(
                adapter, parts, lambda judged: deliver((question, _text_reply(question, judged)))
            )
        text = self._text(base, template, question)
        if question.choices is not None:
            choices = self._choices(base, template, text, question.choices)
            gathered = _Gathered(
                len(choices), lambda answers: deliver((question, _choose(question, answers)))
            )
            return [
                question
                for at, choice in enumerate(choices)
                for question in self._pairs(adapter, choice, partial(gathered.take, at))
            ]
        tokens = base.tokenizer.encode(text, add_special_tokens=template is None)
        tokens = tokens or [_start(base)]
        most = self.sampling.max_tokens or USUAL_MOST_TOKENS
        if len(tokens) + most > base.context:
            raise ItemError(
                f"the prompt has {len(tokens)} tokens and its answer may have {most}; the model "
                f"takes {base.context} together"
            )
        drawing = Drawing(
            most_tokens=most,
            temperature=self.sampling.temperature or 0.0,
            top_p=self.sampling.top_p or 1.0,
            top_k=self.sampling.top_k or 0,
            min_p=self.sampling.min_p or 0.0,
            repetition_penalty=self.sampling.repetition_penalty or 1.0,
            stop=self.sampling.stop or (),
        )
        row = PromptRow(tuple(tokens), adapter, self._seed(tokens, question.sample))
        count = len(tokens)
        return [
            Question(
                row,
                lambda answer: deliver(
                    (question, _reply(answer, count, calls=bool(question.tools)))
                ),
                self.backend.batch_tokens,
                drawing,
            )
        ]

    def _text(self, base: Base, template: str | None, question: BackendRequest) -> str:
        if template is None:
            return completion(self.prompt, question.input, question.context)
        messages = chat(self.prompt, question.input, question.context)
        try:
            rendered: str = base.tokenizer.apply_chat_template(
                messages,
                tools=list(question.tools) if question.tools else None,
                chat_template=template,
                add_generation_prompt=True,
                tokenize=False,
                **(self.sampling.chat_template_kwargs or {}),
            )
        except Exception as error:  # a template is a program, and raises what it likes
            raise PromptError(f"the chat template refuses the messages: {error}") from error
        return rendered

    def _held_text(self, base: Base, text: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The token that begins every text, and the text's: neither prompt nor template."""
        tokens = base.tokenizer.encode(text, add_special_tokens=False)
        if len(tokens) + 1 > base.context:
            raise ItemError(
                f"the text has {len(tokens)} tokens, and the model takes {base.context} with the "
                "one before them: cut it into shorter ones"
            )
        return (_start(base),), tuple(tokens)

    def _choices(
        self, base: Base, template: str | None, text: str, choices: Sequence[str]
    ) -> list[Parts]:
        """Each choice as it would stand after the prompt; alone in windows, if it is longer."""
        parts: list[Parts] = []
        gap = "" if template is not None or not text or text[-1:].isspace() else " "
        for choice in choices:
            before, after = join_tokens(
                base.tokenizer,
                text,
                gap + choice,
                start=_start(base),
                special=template is None,
                moves=template is None,
            )
            if not after:
                raise PromptError("a choice is empty")
            if len(before) + len(after) <= base.context:
                parts.append([(before, after)])
            elif text:
                raise ItemError(
                    f"prompt and choice have {len(before) + len(after)} tokens together, and the "
                    f"model takes {base.context}"
                )
            else:
                parts.append(windows(after, start=_start(base), most=base.context))
        return parts

    def _pairs(
        self, adapter: str, parts: Parts, take: Callable[[list[Done]], None]
    ) -> list[Question]:
        gathered = _Gathered(len(parts), take)
        return [
            Question(
                Continuation(prefix, continuation, adapter),
                partial(gathered.take, at),
                self.backend.batch_tokens,
            )
            for at, (prefix, continuation) in enumerate(parts)
        ]

    def _seed(self, tokens: Sequence[int], sample: int) -> int:
        """Of what is drawn after this prompt: the same wherever the item stands."""
        own = self.chance if self.sampling.seed is None else self.sampling.seed
        mark = hashlib.sha256(f"{own + sample}:{list(tokens)}".encode()).digest()
        return int.from_bytes(mark[:8]) >> 1


def _deliver_numbered(deliver: Deliver, at: int, results: list[Done]) -> None:
    deliver((at, results))


class _Gathered:
    """Collects the parts of one answer and delivers them once all have arrived."""

    def __init__(self, count: int, whole: Callable[[list[Any]], None]) -> None:
        self.found: list[Any] = [None] * count
        self.left, self.whole = count, whole

    def take(self, at: int, one: Any) -> None:
        self.found[at] = one
        self.left -= 1
        if not self.left:
            self.whole(self.found)


def _start(base: Base) -> int:
    """The token that stands before everything."""
    tokenizer = base.tokenizer
    token = tokenizer.bos_token_id
    return int(token if token is not None else tokenizer.eos_token_id or 0)


def _failure(error: PromptError | EngineError) -> Reply:
    own = isinstance(error, PromptError | ItemError)
    return Reply(error=str(error), fault=Fault.ITEM if own else Fault.MODEL)


def _reply(answer: Done, prompt_tokens: int, *, calls: bool) -> Reply:
    """`calls`: whether tools could be called."""
    if isinstance(answer, EngineError):
        return _failure(answer)
    assert isinstance(answer, DrawnAnswer)
    if _UNSTORABLE.search(answer.text):
        return Reply(error="the answer holds a NUL character or half a surrogate pair")
    message, thought = split_reasoning(answer.text)
    text, called = split_calls(message) if calls else (message, None)
    return Reply(
        text=text,
        reasoning=thought,
        tool_calls=called,
        prompt_tokens=prompt_tokens,
        completion_tokens=answer.tokens,
        finish_reason="stop" if answer.ended else "length",
        logprob=answer.logprob,
    )


def _text_reply(question: BackendRequest, judged: Sequence[Done]) -> Reply:
    """How likely the item's own text is."""
    [result] = judged
    if isinstance(result, EngineError):
        return _failure(result)
    assert isinstance(result, Likelihood)
    return Reply(text=question.input, logprob=result.logprob)


def _choose(question: BackendRequest, parts: Sequence[Sequence[Done]]) -> Reply:
    """The likeliest of the choices is the answer."""
    if errors := [result for part in parts for result in part if isinstance(result, EngineError)]:
        return _failure(errors[0])
    sums = [
        sum(result.logprob for result in part if not isinstance(result, EngineError))
        for part in parts
    ]
    best = max(range(len(sums)), key=sums.__getitem__)
    assert question.choices is not None
    return Reply(text=question.choices[best], logprob=sums[best], choice_logprobs=sums)


def _batch(arrived: "queue.SimpleQueue[Any]", most: int) -> tuple[list[Any], Exception | None]:
    """The results of the next BATCH_S seconds, and the error that ends the visit."""
    batch: list[Any] = []
    end = time.monotonic() + BATCH_S
    while len(batch) < most and (left := end - time.monotonic()) > 0:
        try:
            one = arrived.get(timeout=left)
        except queue.Empty:
            break
        if isinstance(one, Exception):
            return batch, one
        batch.append(one)
    return batch, None
