"""Test sets that are tasks of lm-evaluation-harness, for any version.

The harness says what is asked of a document and what its scores are; who is asked is the version's
own backend, as ever.
"""

import os
import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import lru_cache
from importlib import import_module
from time import monotonic
from typing import TYPE_CHECKING, Any

from evalhub.declare.declaration import DeclarationError, validate
from evalhub.declare.sampling import Sampling
from runners.backends import backend_of
from runners.backends.asking import (
    SERVED_NAME,
    Answered,
    BackendClient,
    BackendError,
    BackendRequest,
    Paid,
    Reply,
    TextLikelihood,
    limit_of,
)
from runners.backends.clients import client_of, make_in_thread
from runners.engines.errors import EngineError
from runners.engines.harness import HarnessDocument, HarnessTask, LmEvalTask, load

if TYPE_CHECKING:
    from evalhub.registry.models import Run

TOGETHER = 16
"""Documents whose likelihoods are asked by one call."""
USUAL_TOKENS = 256
"""Of an answer where neither the task nor the version says; the harness's own default."""
WAIT_S = 0.5
SCORED_S = 2.0
"""A fraction of a lease: TER of one long answer takes seconds."""
_making = threading.Lock()


def client_for(run: "Run", waiting: Callable[[], None] = lambda: None) -> BackendClient:
    """Who answers a run's questions: its version, by way of the harness where its items are a
    harness's. `waiting` is called while it is made, as by `client_of`. Raises BackendError."""
    version, engine = run.version, run.test_set_version.engine
    if engine is None:
        return client_of(version, run.reach, waiting)

    def by_harness() -> BackendClient:
        task = _task(engine)
        if task.kind != "generate_until":
            return _Likelihoods(task, client_of(version, run.reach))
        sampling = _sampling(task, version.sampling)
        with _making:
            return _Generation(task, _client(_Drawn(version, sampling, run.reach)), sampling)

    return make_in_thread(by_harness, waiting)


def _task(engine: dict[str, Any]) -> HarnessTask:
    """The task as it was when its items were made. Raises BackendError where it isn't any more."""
    try:
        spec = validate(LmEvalTask, engine["lm_eval"])
        task = load(spec)
    except (EngineError, DeclarationError) as error:
        raise BackendError(f"the task {engine['lm_eval'].get('task')} {error}") from error
    if task.prompts_sha256 != engine["prompts_sha256"]:
        raise BackendError(
            f"the task {spec.task} asks something else where the worker runs than when its test "
            "set was made: give it the same YAML, data and version of lm-evaluation-harness"
        )
    return task


def _sampling(task: HarnessTask, own: Sampling) -> Sampling:
    """The task's sampling settings; the version's own for what the task leaves open."""
    first = next(iter(task.documents.values())).instances[0].args[1]
    until = first.get("until") or []
    until = [until] if isinstance(until, str) else list(until)
    drawn = bool(first.get("do_sample", (first.get("temperature") or 0) > 0))
    temperature = float(first.get("temperature") or 1.0) if drawn else 0.0
    tokens = first.get("max_gen_toks") or own.max_tokens or USUAL_TOKENS
    return own.model_copy(
        update={
            "temperature": temperature,
            "max_tokens": int(tokens),
            "stop": tuple(text for text in until if text) or own.stop,
        }
    )


@dataclass(frozen=True)
class _Drawn:
    """A version with a task's sampling settings; equal by content."""

    version: Any
    sampling: Sampling
    reach: Any

    def __hash__(self) -> int:
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Drawn) and self._key == other._key

    @property
    def _key(self) -> tuple[str, ...]:
        settings = self.sampling.model_dump_json(), self.reach.model_dump_json()
        return (self.version.digest, *settings)


@lru_cache(maxsize=16)
def _client(source: _Drawn) -> BackendClient:
    version = source.version
    backend = backend_of(version)
    module = import_module(f"runners.backends.{backend.type}")
    client: BackendClient = module.Client.of(backend, version.prompt, source.sampling, source.reach)
    return client


def _forget() -> None:
    """A fork may use none of its parent's connections."""
    global _making
    _making = threading.Lock()
    _client.cache_clear()


os.register_at_fork(after_in_child=_forget)


def _documents(
    task: HarnessTask, questions: Sequence[BackendRequest]
) -> list[tuple[BackendRequest, HarnessDocument]]:
    from evalhub.registry.models import Item

    items = Item.objects.filter(pk__in={question.item_id for question in questions})
    keys = dict(items.values_list("pk", "key"))
    return [(question, task.documents[keys[question.item_id]]) for question in questions]


def _with_scores(
    task: HarnessTask, document: HarnessDocument, texts: Sequence[Sequence[Any]], by: Reply
) -> Reply:
    """The reply with the task's scores; what the task can't score is that answer's error."""
    try:
        return replace(by, given_scores=task.scores(document, texts))
    except Exception as error:
        what = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        return Reply(error=f"the task {task.spec.task} can't score this answer: {what}")


@dataclass(frozen=True, slots=True)
class _Generation:
    """Answers in words, cut where the task says, and scored by it: where it asks each document
    several times, all of them together."""

    task: HarnessTask
    client: BackendClient
    sampling: Sampling

    def limit(self) -> str:
        """See Limited."""
        return limit_of(self.client)

    def answer(self, questions: Sequence[BackendRequest]) -> Generator[list[Answered]]:
        """See BackendClient."""
        of: dict[tuple[int, int], _Answers] = {}
        requests = []
        for question, document in _documents(self.task, questions):
            answers = _Answers(question, document)
            for number in range(question.sample * document.repeats, answers.end):
                of[question.item_id, number] = answers
                prompt = document.instances[0].args[0]
                requests.append(replace(question, sample=number, input=prompt, choices=None))
        with closing(self.client.answer(requests)) as batches:
            for batch in batches:
                scored, since = list[Answered](), monotonic()
                for part, reply in batch:
                    answers = of[part.item_id, part.sample]
                    if answers.whole_with(part.sample, reply):
                        scored.append((answers.question, self._score_reply(answers)))
                    if monotonic() - since > SCORED_S:
                        yield scored
                        scored, since = [], monotonic()
                yield scored

    def _score_reply(self, answers: "_Answers") -> Reply:
        texts = [self._cut(reply) for reply in answers.replies]
        reply = answers.together(texts)
        return reply if reply.text is None else _with_scores(self.task, answers.of, [texts], reply)

    def _cut(self, reply: Reply) -> str:
        text = reply.text or ""
        for end in self.sampling.stop or ():
            text = text.partition(end)[0]
        return text


@dataclass(slots=True)
class _Answers:
    """The answers to one question as they come: one, or as many as its task scores together."""

    question: BackendRequest
    of: HarnessDocument
    found: dict[int, Reply] = field(default_factory=dict)

    @property
    def end(self) -> int:
        """After the number of the last."""
        return (self.question.sample + 1) * self.of.repeats

    @property
    def replies(self) -> list[Reply]:
        return [self.found[number] for number in sorted(self.found)]

    def whole_with(self, number: int, reply: Reply) -> bool:
        """Takes an answer; whether it was the last that was missing."""
        self.found[number] = reply
        return len(self.found) == self.of.repeats

    def together(self, texts: Sequence[str]) -> Reply:
        """One reply: all the texts with their number, and what they cost together; the first error
        in place of them."""
        replies = self.replies
        if len(replies) == 1:
            return replies[0] if replies[0].text is None else replace(replies[0], text=texts[0])
        paid = Paid.together(_tokens_of(reply) for reply in replies)
        for number, reply in enumerate(replies, 1):
            if reply.text is None:
                why = f"answer {number} of {len(replies)}: {reply.error}"
                return Reply(error=why, fault=reply.fault, paid=paid)
        numbered_texts = (f"[{number}/{len(texts)}] {each}" for number, each in enumerate(texts, 1))
        cut = any(reply.finish_reason == "length" for reply in replies)
        return Reply(
            text="\n\n".join(numbered_texts),
            latency_ms=_sum([reply.latency_ms for reply in replies]),
            prompt_tokens=_sum([reply.prompt_tokens for reply in replies]),
            completion_tokens=_sum([reply.completion_tokens for reply in replies]),
            finish_reason="length" if cut else replies[0].finish_reason,
            logprob=_sum([reply.logprob for reply in replies]),
            served_model=_names([reply.served_model for reply in replies]),
            fingerprint=_names([reply.fingerprint for reply in replies]),
            paid=paid,
        )


def _tokens_of(reply: Reply) -> Paid | None:
    if reply.paid is not None or reply.prompt_tokens is None or reply.completion_tokens is None:
        return reply.paid
    return Paid(reply.prompt_tokens, reply.completion_tokens)


def _names(names: Sequence[str]) -> str:
    """The distinct served model names of several answers to one document."""
    return " + ".join(dict.fromkeys(name for name in names if name))[:SERVED_NAME]


def _sum[T: (int, float)](values: Sequence[T | None]) -> T | None:
    """The sum; None where a value is missing."""
    numbers = [value for value in values if value is not None]
    return sum(numbers[1:], numbers[0]) if numbers and len(numbers) == len(values) else None


@dataclass(frozen=True, slots=True)
class _Likelihoods:
    """How likely the version finds given texts, some documents at a time."""

    task: HarnessTask
    client: Any

    def limit(self) -> str:
        """See Limited."""
        return limit_of(self.client)

    def answer(self, questions: Sequence[BackendRequest]) -> Generator[list[Answered]]:
        """See BackendClient. What is asked when the generator is closed is asked to its end."""
        pairs = _documents(self.task, questions)
        thread = ThreadPoolExecutor(1, "likelihoods")
        try:
            for start in range(0, len(pairs), TOGETHER):
                some = pairs[start : start + TOGETHER]
                arguments = [instance.args for _, doc in some for instance in doc.instances]
                waiting = thread.submit(self._ask, arguments)
                while True:
                    try:
                        likelihoods = waiting.result(WAIT_S)
                        break
                    except NotYet:
                        yield []
                replies = iter(likelihoods)
                yield [
                    (question, self._reply(doc, [next(replies) for _ in doc.instances]))
                    for question, doc in some
                ]
        finally:
            thread.shutdown(wait=False, cancel_futures=True)

    def _ask(self, arguments: Sequence[tuple[Any, ...]]) -> list[TextLikelihood | str]:
        if self.task.kind == "loglikelihood_rolling":
            return list(self.client.loglikelihood_rolling([argument[0] for argument in arguments]))
        return list(
            self.client.loglikelihood([(argument[0], argument[1]) for argument in arguments])
        )

    def _reply(
        self, document: HarnessDocument, likelihoods: Sequence[TextLikelihood | str]
    ) -> Reply:
        """The likeliest of the texts stands for the answer; the first error in place of it."""
        paid = Paid.together(
            result.paid for result in likelihoods if isinstance(result, TextLikelihood)
        )
        for likelihood in likelihoods:
            if isinstance(likelihood, str):
                return Reply(error=likelihood, paid=paid)
        judged = [result for result in likelihoods if isinstance(result, TextLikelihood)]
        likely = [result.logprob for result in judged]
        best = max(range(len(likely)), key=likely.__getitem__)
        text = str(document.instances[best].args[-1]).strip()
        several = len(likely) > 1
        reply = Reply(
            text=text,
            logprob=None if several else likely[0],
            choice_logprobs=likely if several else None,
            paid=paid,
        )
        rolling = self.task.kind == "loglikelihood_rolling"
        outcomes = [
            [result.logprob if rolling else (result.logprob, result.greedy)] for result in judged
        ]
        return _with_scores(self.task, document, outcomes, reply)
