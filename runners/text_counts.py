"""What one answer adds to the BLEU or chrF of a corpus, in the order of `evalhub.stats.corpus`."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from evalhub.stats.corpus_counts import BLEU_ORDER, CHARACTER_ORDER, WORD_ORDER

_PUNCTUATION = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")


def bleu_counts(
    answer: str, references: Sequence[str], *, lower: bool, tokenize: str
) -> list[float]:
    """sacrebleu's: clipped matches and totals of orders 1 to 4, the answer's length, and the length
    of the reference whose length is nearest."""
    bleu = _bleu(lower, tokenize).corpus_score([answer], [[text] for text in references])
    counts = [*bleu.counts[:BLEU_ORDER], *bleu.totals[:BLEU_ORDER], bleu.sys_len, bleu.ref_len]
    return [float(count) for count in counts]


def chrf_counts(answer: str, references: Sequence[str], *, score: str) -> list[float]:
    """Of the reference that the answer alone has the best score with, the first of equal ones: how
    many n-grams of each order the answer has, the reference has, and both have.

    `score` is "chrf", or "chrf++", which has words and pairs of words too.
    """
    from evalhub.stats.corpus import corpus_score

    word_order = WORD_ORDER if score == "chrf++" else 0
    grams = list(_grams(answer, word_order))
    every = [
        [
            count
            for pair in zip(grams, _grams(text, word_order), strict=True)
            for count in _match(*pair)
        ]
        for text in references
    ]
    if len(every) == 1:
        return every[0]
    return max(every, key=lambda counts: corpus_score(score, [counts]).value)


@lru_cache(maxsize=16)
def _bleu(lower: bool, tokenize: str) -> Any:
    from sacrebleu.metrics.bleu import BLEU

    return BLEU(lowercase=lower, tokenize=tokenize)


def _match(answer: Mapping[Any, int], reference: Mapping[Any, int]) -> tuple[float, float, float]:
    """How many an answer has (0 where the reference has none of that order), the reference has, and
    both have."""
    shared = sum(min(count, reference.get(gram, 0)) for gram, count in answer.items())
    total = sum(reference.values())
    return (sum(answer.values()) if total else 0), total, shared


def _grams(text: str, word_order: int) -> Iterator[Counter[Any]]:
    """Character n-grams of each order without white space, then those of words."""
    characters = "".join(text.split())
    for order in range(1, CHARACTER_ORDER + 1):
        yield Counter(
            characters[start : start + order] for start in range(len(characters) - order + 1)
        )
    words = [part for word in text.split() for part in _without_punctuation(word)]
    for order in range(1, word_order + 1):
        yield Counter(
            tuple(words[start : start + order]) for start in range(len(words) - order + 1)
        )


def _without_punctuation(word: str) -> tuple[str, ...]:
    """A word and one mark at its end, or else at its start, as chrF++ parts them (Popović 2017)."""
    if len(word) > 1 and word[-1] in _PUNCTUATION:
        return word[:-1], word[-1]
    if len(word) > 1 and word[0] in _PUNCTUATION:
        return word[0], word[1:]
    return (word,)
