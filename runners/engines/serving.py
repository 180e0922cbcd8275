"""One thread a base: whoever asks the same base, under whatever adapter, waits in one queue.

So prompts of several arms and runs go together in a batch, and the base is in memory once. A base
that nobody asks leaves memory with its adapters where another needs the room, or after a while.
"""

import gc
import logging
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from runners.engines.batching import next_batch
from runners.engines.errors import EngineError, NoRoomError
from runners.engines.generating import Cancelled, Drawing, DrawnAnswer, PromptRow, generate
from runners.engines.likelihoods import Continuation, Likelihood, likelihoods
from runners.engines.loading import Base, Source, fits_beside, load, memory_ended

logger = logging.getLogger(__name__)

MOST_BASES = 2
"""Of a process in memory: an arm's and another's, or a judge's. Those that are being asked stay."""
IDLE_S = 600.0
"""Seconds after which a base that nobody asks leaves memory."""

Done = DrawnAnswer | Likelihood | EngineError
"""What comes of one question; EngineError where it alone failed."""


@dataclass(slots=True)
class Visit:
    """One caller of a base. The base's thread calls all three functions.

    Attributes:
        prepare: what is asked of the loaded base; EngineError where it can't be asked so.
        failed: told what ends the visit: nothing more is given.
        gone: set by the visitor, who waits for nothing more.
    """

    prepare: Callable[[Base], Sequence["Question"]]
    failed: Callable[[Exception], None]
    gone: threading.Event = field(default_factory=threading.Event)


@dataclass(slots=True)
class Question:
    """A row to answer or a pair to judge; `on_result` takes what comes of it."""

    asked: PromptRow | Continuation
    on_result: Callable[[Done], None]
    most_tokens: int
    drawing: Drawing | None = None
    visit: Visit | None = None

    @property
    def width(self) -> int:
        if isinstance(self.asked, Continuation):
            return self.asked.width
        assert self.drawing is not None
        return len(self.asked.tokens) + self.drawing.most_tokens


class Engine:
    """A base, loaded by the first visit, and who waits for it."""

    def __init__(self, source: Source, idle_s: float = IDLE_S) -> None:
        self.source, self.idle_s = source, idle_s
        self._idle = False
        self._visits: list[Visit] = []
        self._something = threading.Condition(threading.RLock())
        self._base: Base | None = None
        self._waiting: list[Question] = []
        self._fits: int | None = None
        threading.Thread(target=self._run, name=f"base {source.model}", daemon=True).start()

    def visit(self, visit: Visit) -> None:
        """Queue the visit; returns at once."""
        with self._something:
            self._visits.append(visit)
            self._something.notify()

    @property
    def loaded(self) -> bool:
        """Whether its base is in memory."""
        return self._base is not None

    def let_go(self) -> bool:
        """Lets the base and its adapters leave memory, unless somebody asks it; whether it did. The
        next visit loads it again."""
        with self._something:
            if not self._idle or self._visits or self._base is None:
                return False
            self._base = None
        logger.info("let go of %s", self.source.model)
        _free_memory()
        return True

    def _run(self) -> None:
        while True:
            with self._something:
                while not self._visits and not self._waiting:
                    self._idle = True
                    if not self._something.wait(self.idle_s if self._base else None):
                        self.let_go()
                self._idle = False
                arrived, self._visits = self._visits, []
            while arrived:
                self._receive(arrived.pop(0))
            self._waiting = [request for request in self._waiting if not _is_gone(request)]
            batch = next_batch(
                self._waiting,
                group=self._group,
                width=lambda question: question.width,
                most_tokens=self._most(),
            )
            batch_ids = {id(request) for request in batch}
            self._waiting = [request for request in self._waiting if id(request) not in batch_ids]
            self._answer(batch)

    def _group(self, question: Question) -> tuple[Any, ...]:
        """Key of questions that may share a batch; an adapter that answers alone is part of it."""
        name = question.asked.adapter
        alone = self._base is not None and name in self._base.alone
        return question.drawing, question.most_tokens, name if alone else ""

    def _most(self) -> int:
        most = self._waiting[0].most_tokens if self._waiting else 0
        return most if self._fits is None else min(most, self._fits)

    def _receive(self, visit: Visit) -> None:
        if visit.gone.is_set():
            return
        try:
            self._base = self._base or _load(self)
            questions = visit.prepare(self._base)
        except EngineError as error:
            visit.failed(error)
        except Exception as error:
            logger.exception("%s: could not be asked", self.source.model)
            visit.failed(error)
        else:
            for question in questions:
                question.visit = visit
            self._waiting += questions

    def _answer(self, batch: Sequence[Question]) -> None:
        """Answers a batch; in halves where memory ends, and from then on in smaller ones."""
        if not batch:
            return
        try:
            answers = self._ask(batch)
        except Cancelled:
            # Who still waits is asked again: only some of them are gone.
            self._waiting = [
                *(request for request in batch if not _is_gone(request)),
                *self._waiting,
            ]
            return
        except Exception as error:
            if not memory_ended(error):
                self._break_visits(batch, error)
                return
        else:
            for question, answer in zip(batch, answers, strict=True):
                question.on_result(answer)
            return
        # Not while the error is handled: it holds all that the batch had in memory.
        self._answer_in_less(batch)

    def _answer_in_less(self, batch: Sequence[Question]) -> None:
        size = len(batch) * max(request.width for request in batch)
        _free_memory()
        if _room_made(beside=self, keep=0):
            self._waiting = [*batch, *self._waiting]
            return
        if len(batch) == 1:
            batch[0].on_result(EngineError(f"memory ends at one prompt of {size} tokens"))
            return
        self._fits = size // 2
        logger.warning("%s: memory ended at %d tokens", self.source.model, size)
        self._answer(batch[: len(batch) // 2])
        self._answer(batch[len(batch) // 2 :])

    def _ask(self, batch: Sequence[Question]) -> Sequence[Done]:
        base = self._base
        assert base is not None, "what waits was prepared by a base"
        drawing = batch[0].drawing
        if drawing is None:
            padding = base.tokenizer.pad_token_id or 0
            pairs = [request.asked for request in batch if isinstance(request.asked, Continuation)]
            return likelihoods(base.model, pairs, padding)
        rows = [request.asked for request in batch if isinstance(request.asked, PromptRow)]
        return generate(
            base.model,
            base.tokenizer,
            rows,
            drawing,
            unwanted=lambda: all(_is_gone(request) for request in batch),
        )

    def _break_visits(self, batch: Sequence[Question], error: Exception) -> None:
        """End the visits of a batch that failed with an unexpected error."""
        logger.exception("%s: a batch failed", self.source.model)
        for visit in {id(request.visit): request.visit for request in batch}.values():
            if visit is not None:
                visit.failed(error)
                visit.gone.set()


def _is_gone(question: Question) -> bool:
    return question.visit is not None and question.visit.gone.is_set()


def _free_memory() -> None:
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


_engines: OrderedDict[Source, Engine] = OrderedDict()
_finding = threading.Lock()
_loading = threading.Lock()


def engine_of(source: Source) -> Engine:
    """The engine of this process for a base."""
    with _finding:
        if source not in _engines:
            _engines[source] = Engine(source)
        _engines.move_to_end(source)
        return _engines[source]


def _room_made(*, beside: Engine, keep: int) -> bool:
    """Lets other bases go that nobody asks, until `keep` of them are left, those that were asked
    last; whether any went."""
    with _finding:
        others = [engine for engine in _engines.values() if engine is not beside and engine.loaded]
    went = 0
    for other in others:
        if len(others) - went > keep:
            went += other.let_go()
    return went > 0


def _load(engine: Engine) -> Base:
    """Load an engine's base, unloading idle ones for room. Raises EngineError."""
    with _loading:
        _room_made(beside=engine, keep=MOST_BASES - 1 if fits_beside(engine.source) else 0)
        try:
            return load(engine.source)
        except NoRoomError:
            if not _room_made(beside=engine, keep=0):
                raise
        return load(engine.source)


def _forget() -> None:
    """A fork has none of its parent's threads."""
    global _finding, _loading
    _finding, _loading = threading.Lock(), threading.Lock()
    _engines.clear()


os.register_at_fork(after_in_child=_forget)
