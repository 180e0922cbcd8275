"""Answers of one batch: `generate` of transformers, with what it doesn't give by itself.

The log-probability of each answer is kept on the way, draws are the same in whatever batch a prompt
comes, and a stop text ends its row alone.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import peft
import torch
from transformers import (
    GenerationConfig,
    LogitsProcessor,
    LogitsProcessorList,
    StoppingCriteria,
    StoppingCriteriaList,
)

from runners.engines.errors import ItemError

BASE = "__base__"
"""PEFT's name for a row that no adapter is to change."""
TOKENS_PER_CHARACTER = 4


@dataclass(frozen=True, slots=True)
class Drawing:
    """How answers are drawn: greedily where `temperature` is 0.

    In transformers' order: the penalty, temperature, `top_k`, `top_p`, `min_p`. A `top_k` or
    `min_p` of 0 and a penalty of 1 are none. Rows of one batch have all of it in common.
    """

    most_tokens: int
    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0
    min_p: float = 0.0
    repetition_penalty: float = 1.0
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PromptRow:
    """A prompt's tokens, who answers it, and the seed of its draws."""

    tokens: Sequence[int]
    adapter: str = BASE
    seed: int = 0


@dataclass(frozen=True, slots=True)
class DrawnAnswer:
    """An answer's text; `logprob` sums over its tokens, the one that ends it included, as the
    model has them before anything of the Drawing."""

    text: str
    tokens: int
    logprob: float
    ended: bool


NO_NUMBERS = (
    "the model's logits aren't numbers (NaN or infinite){where}: look for NaN in the weights of "
    "the base and the adapter, or load them with a wider dtype"
)
"""What a model says that computes nothing: whatever token is taken then, it is no answer."""


class Cancelled(Exception):
    """Nobody waits for the batch any more."""


def generate(
    model: Any,
    tokenizer: Any,
    rows: Sequence[PromptRow],
    drawing: Drawing,
    *,
    unwanted: Callable[[], bool] = lambda: False,
) -> list[DrawnAnswer | ItemError]:
    """The answers to the rows, in their order; ItemError for a row whose logits were no numbers.

    Args:
        model: a causal model, or one of PEFT with the adapters that the rows name.
        unwanted: asked at each token; Cancelled is raised once it says yes.
    """
    device = model.device
    width = max(len(row.tokens) for row in rows)
    padding = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else 0
    ids = torch.tensor(
        [[padding] * (width - len(row.tokens)) + list(row.tokens) for row in rows], device=device
    )
    mask = torch.tensor(
        [[0] * (width - len(row.tokens)) + [1] * len(row.tokens) for row in rows], device=device
    )
    ends = _ends(model, tokenizer)
    watch = _Watch(tokenizer, rows, drawing, ends, width, unwanted)
    with torch.inference_mode(), answering(model, [row.adapter for row in rows]) as mixed:
        out = model.generate(
            input_ids=ids,
            attention_mask=mask,
            # greedy here: what is drawn is drawn by _Watch, which adds noise to the logits
            generation_config=GenerationConfig(
                max_new_tokens=drawing.most_tokens,
                do_sample=False,
                eos_token_id=ends or None,
                pad_token_id=padding,
                use_cache=True,
            ),
            logits_processor=LogitsProcessorList([watch.before]),
            stopping_criteria=StoppingCriteriaList([watch.after]),
            **mixed,
        )
    if watch.cancelled:
        raise Cancelled
    return watch.drawn(out[:, width:].tolist())


@contextmanager
def answering(model: Any, adapters: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Lets each row of a batch be answered by its adapter; gives the model's arguments for that.

    A batch of one arm is answered as though the others weren't there, which is faster.
    """
    if not hasattr(model, "peft_config"):
        yield {}
    elif len(set(adapters)) > 1:
        with _whole_modules_off(model), _without_hooks(model):  # no row of a mixed batch has one
            yield {"adapter_names": list(adapters)}
    elif adapters[0] == BASE:
        with model.disable_adapter():
            yield {}
    else:
        model.set_adapter(adapters[0], inference_mode=True)
        yield {}


@contextmanager
def _whole_modules_off(model: Any) -> Iterator[None]:
    """The base's own modules answer, wherever an adapter brought a whole one in its place: PEFT
    looks there for every row's adapter."""
    wrappers = [
        module
        for module in model.modules()
        if isinstance(module, peft.utils.AuxiliaryTrainingWrapper)
    ]
    for wrapper in wrappers:
        wrapper.enable_adapters(False)
    try:
        yield
    finally:
        for wrapper in wrappers:
            wrapper.enable_adapters(True)


@contextmanager
def _without_hooks(model: Any) -> Iterator[None]:
    """PEFT leaves its hooks in the model where a mixed batch fails: none of them is left here, for
    the next batch to meet."""
    try:
        yield
    except BaseException:
        for module in model.modules():
            for key, hook in [*module._forward_pre_hooks.items()]:
                if "adapter_names" in getattr(hook, "keywords", {}):
                    del module._forward_pre_hooks[key]
                    module._forward_pre_hooks_with_kwargs.pop(key, None)
        raise


def _ends(model: Any, tokenizer: Any) -> list[int]:
    """The tokens that end an answer, by the model's and the tokenizer's word."""
    eos = getattr(model.generation_config, "eos_token_id", None)
    eos_ids = eos if isinstance(eos, list) else [eos]
    return sorted(
        {token_id for token_id in [*eos_ids, tokenizer.eos_token_id] if token_id is not None}
    )


class _Before(LogitsProcessor):  # type: ignore[misc]
    def __init__(self, watch: "_Watch") -> None:
        self.watch = watch

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        return self.watch.shaped(input_ids, scores)


class _After(StoppingCriteria):  # type: ignore[misc]
    def __init__(self, watch: "_Watch") -> None:
        self.watch = watch

    def __call__(self, input_ids: Any, scores: Any, **_: Any) -> Any:
        return self.watch.ended(input_ids)


class _Watch:
    """Observes each generation step: the logits before a token is chosen, and the token."""

    def __init__(
        self,
        tokenizer: Any,
        rows: Sequence[PromptRow],
        drawing: Drawing,
        ends: Sequence[int],
        width: int,
        unwanted: Callable[[], bool],
    ) -> None:
        self.tokenizer, self.drawing, self.width = tokenizer, drawing, width
        self.unwanted, self.cancelled = unwanted, False
        self.before, self.after = _Before(self), _After(self)
        self.ends, self.rows = ends, rows
        self.seen: Any = None
        self.logits: Any = None
        self.sums = torch.zeros(len(rows), dtype=torch.float64)
        self.counts = [0] * len(rows)
        self.done = [False] * len(rows)
        self.by_end = [False] * len(rows)
        self.broken = [False] * len(rows)
        self.noise = []
        if drawing.temperature > 0:
            self.noise = [torch.Generator().manual_seed(row.seed) for row in rows]
        longest = max((len(text) for text in drawing.stop), default=0)
        self.tail = TOKENS_PER_CHARACTER * (longest + 1)

    def shaped(self, ids: Any, logits: Any) -> Any:
        """The logits whose highest is the token that is drawn (Gumbel's way of drawing)."""
        self.logits = shaped = logits.float()
        if self.drawing.repetition_penalty != 1:
            self._mark_seen(ids, shaped)
            shaped = penalise(shaped, self.seen, self.drawing.repetition_penalty)
        if not self.noise:
            return shaped
        shaped = shaped / self.drawing.temperature
        if self.drawing.top_k:
            shaped = keep_likeliest(shaped, self.drawing.top_k)
        if self.drawing.top_p < 1:
            shaped = _nucleus(shaped, self.drawing.top_p)
        if self.drawing.min_p > 0:
            shaped = keep_near_likeliest(shaped, self.drawing.min_p)
        uniform = torch.stack(
            [torch.rand(shaped.shape[-1], generator=generator) for generator in self.noise]
        ).clamp_(min=torch.finfo(torch.float32).tiny)
        return shaped - torch.log(-torch.log(uniform)).to(shaped.device)

    def _mark_seen(self, ids: Any, logits: Any) -> None:
        """Marks each row's tokens of its prompt and answer; what fills up the batch is none."""
        if self.seen is not None:
            self.seen.scatter_(1, ids[:, -1:], True)
            return
        self.seen = torch.zeros_like(logits, dtype=torch.bool)
        for at, row in enumerate(self.rows):
            self.seen[at, list(row.tokens)] = True

    def ended(self, ids: Any) -> Any:
        """Counts the token that was taken, and says which rows have got to their end by it."""
        self.cancelled = self.cancelled or self.unwanted()
        tokens = ids[:, -1]
        mass = self.logits.logsumexp(-1)  # finite where each logit is, and where some are -inf
        logprobs = self.logits.gather(1, tokens[:, None])[:, 0] - mass
        going = [not is_done for is_done in self.done]
        if not bool(mass.isfinite().all()):
            for at, finite in enumerate(mass.isfinite().tolist()):
                if going[at] and not finite:
                    self.broken[at] = self.done[at] = True
        self.sums += torch.where(torch.tensor(going), logprobs.cpu().double(), 0.0)
        for at, token in enumerate(tokens.tolist()):
            if not going[at] or self.broken[at]:
                continue
            if token in self.ends:
                self.done[at] = self.by_end[at] = True
                continue
            self.counts[at] += 1
            if self.drawing.stop:
                start = max(self.width, ids.shape[1] - self.tail)
                text = self.tokenizer.decode(ids[at, start:], skip_special_tokens=True)
                self.done[at] = any(stop in text for stop in self.drawing.stop)
        return torch.tensor([self.cancelled or is_done for is_done in self.done], device=ids.device)

    def drawn(self, answers: Sequence[Sequence[int]]) -> list[DrawnAnswer | ItemError]:
        results: list[DrawnAnswer | ItemError] = []
        for at, tokens in enumerate(answers):
            if self.broken[at]:
                where = f" at token {self.counts[at] + 1} of its answer"
                results.append(ItemError(NO_NUMBERS.format(where=where)))
                continue
            text = self.tokenizer.decode(tokens[: self.counts[at]], skip_special_tokens=True)
            cuts = [position for stop in self.drawing.stop if (position := text.find(stop)) >= 0]
            text = text[: min(cuts)] if cuts else text
            results.append(
                DrawnAnswer(
                    text,
                    self.counts[at],
                    float(self.sums[at]),
                    self.by_end[at] or bool(cuts),
                )
            )
        return results


def penalise(logits: Any, seen: Any, penalty: float) -> Any:
    """Logits of seen tokens divided by the penalty, or times it where they are below 0 (Keskar et
    al. 2019, arXiv 1909.05858, as transformers does). `seen` is a mask of their shape."""
    return torch.where(seen, torch.where(logits < 0, logits * penalty, logits / penalty), logits)


def keep_likeliest(logits: Any, count: int) -> Any:
    """The logits with all but the `count` highest, and those equal to the last, at minus infinity
    (Fan et al. 2018, arXiv 1805.04833)."""
    last = logits.topk(min(count, logits.shape[-1]), dim=-1).values[..., -1:]
    return logits.masked_fill(logits < last, float("-inf"))


def keep_near_likeliest(logits: Any, share: float) -> Any:
    """The logits with each token less likely than this share of the likeliest's probability at
    minus infinity (Nguyen et al. 2024, arXiv 2407.01082)."""
    probabilities = logits.softmax(-1)
    least = share * probabilities.amax(-1, keepdim=True)
    return logits.masked_fill(probabilities < least, float("-inf"))


def _nucleus(logits: Any, share: float) -> Any:
    """The logits with all but the most likely tokens of this share of the mass at minus infinity
    (Holtzman et al. 2020, arXiv 1904.09751); the token that crosses the share is kept."""
    ordered, order = logits.sort(dim=-1, descending=True)
    mass = ordered.softmax(-1)
    beyond = mass.cumsum(-1) - mass >= share
    return logits.masked_fill(beyond.scatter(-1, order, beyond), float("-inf"))
