"""Likelihoods of continuations: for choices, and for whole texts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from runners.engines.errors import ItemError
from runners.engines.generating import BASE, NO_NUMBERS, answering


@dataclass(frozen=True, slots=True)
class Continuation:
    """Context tokens, the tokens whose likelihood is computed, and the model."""

    given: tuple[int, ...]
    asked: tuple[int, ...]
    adapter: str = BASE

    @property
    def width(self) -> int:
        return len(self.given) + len(self.asked)


@dataclass(frozen=True, slots=True)
class Likelihood:
    """The sum of the log-probabilities (nats), and whether each token was the most likely."""

    logprob: float
    greedy: bool


def join_tokens(
    tokenizer: Any,
    before_text: str,
    after_text: str,
    *,
    start: int,
    special: bool = True,
    moves: bool = True,
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Tokens of the first text (`start` where there are none) and of the second as it continues it.

    Both are tokenised as one text, as the model saw such texts in training; a token across the
    border belongs to `after_text`.

    Args:
        special: whether the tokenizer's own first token is put before.
        moves: whether white space at the end of `before_text` belongs to `after_text`.
    """
    if moves:
        bare = before_text.rstrip()
        before_text, after_text = bare, before_text[len(bare) :] + after_text
    whole = tokenizer.encode(before_text + after_text, add_special_tokens=special)
    before = tokenizer.encode(before_text, add_special_tokens=special)
    border = len(before)
    while border and whole[:border] != before[:border]:
        border -= 1
    if border == 0:
        return (start,), tuple(whole)
    return tuple(whole[:border]), tuple(whole[border:])


def windows(
    tokens: Sequence[int], *, start: int, most: int
) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """(given, asked) pairs in which each token of a long text is asked for once.

    The first is given `start` alone; a later window is given as much of what came before as fits,
    and asks for what is left (disjoint windows, as perplexities are usually reported).
    """
    pairs = []
    for at in range(0, len(tokens), most - 1):
        window = tuple(tokens[at : at + most - 1])
        room = most - len(window)
        before = (start, *tokens[:at])
        pairs.append((tuple(before[-room:]), window))
    return pairs


def likelihoods(
    model: Any, pairs: Sequence[Continuation], padding: int
) -> list[Likelihood | ItemError]:
    """The likelihoods of one batch, in its order; every pair has at least one token on each side.
    ItemError for a pair whose logits were no numbers.

    Only the places that are asked for go through the last layer, whose output is as wide as the
    vocabulary.
    """
    device = model.device
    width = max(pair.width for pair in pairs)
    # padded at the end: what stands before is never looked at from there
    ids = torch.tensor(
        [[*pair.given, *pair.asked, *[padding] * (width - pair.width)] for pair in pairs],
        device=device,
    )
    mask = torch.tensor(
        [[1] * pair.width + [0] * (width - pair.width) for pair in pairs], device=device
    )
    first = min(len(pair.given) for pair in pairs) - 1
    adapters = [pair.adapter for pair in pairs]
    with torch.inference_mode(), answering(model, adapters) as mixed:
        logits = model(
            input_ids=ids,
            attention_mask=mask,
            use_cache=False,
            logits_to_keep=torch.arange(first, width, device=device),
            **mixed,
        ).logits
    results: list[Likelihood | ItemError] = []
    for row, pair in enumerate(pairs):
        start = len(pair.given) - 1 - first
        tokens = torch.tensor(pair.asked, device=device)
        own = logits[row, start : start + len(pair.asked)].float()
        logprobs = own.gather(1, tokens[:, None])[:, 0] - own.logsumexp(-1)
        if not bool(logprobs.isfinite().all()):
            results.append(ItemError(NO_NUMBERS.format(where="")))
            continue
        results.append(
            Likelihood(float(logprobs.double().sum()), bool((own.argmax(-1) == tokens).all()))
        )
    return results
