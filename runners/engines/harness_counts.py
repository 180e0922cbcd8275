"""What a document adds to a score that a task of a harness has of all its documents together.

The formulas are in `evalhub.stats.corpus`; here a harness's own value of a document becomes counts.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from evalhub.stats.corpus_counts import BLEU_ORDER, CHARACTER_ORDER, COUNTS, WORD_ORDER

_PUNCTUATION = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
_TEXTS = ("bleu", "chrf", "chrf++", "ter")
_LABELS = ("mcc", "f1")
_AGGREGATIONS = {
    "bleu": "bleu",
    "chrf": "chrf",
    "chrf++": "chrfpp",
    "ter": "ter",
    "mcc": "matthews_corrcoef",
    "f1": "f1_score",
    "perplexity": "perplexity",
    "word_perplexity": "weighted_perplexity",
    "byte_perplexity": "weighted_perplexity",
}
"""The harness's own function of that score, in lm_eval.api.metrics."""


def is_own(metric: str, aggregation: Callable[..., Any]) -> bool:
    """Whether a task puts this metric of all documents together as the harness itself does, and not
    by a function of its own."""
    if metric not in _AGGREGATIONS:
        return False
    from lm_eval.api import metrics

    return aggregation is getattr(metrics, _AGGREGATIONS[metric], None)


def counts_of(metric: str, value: Any) -> dict[str, float]:
    """A document's counts by their names in `evalhub.stats.corpus`.

    Args:
        value: of the document, as the harness's function of the metric takes it.

    Raises:
        ValueError: it is something else.
    """
    if metric in _TEXTS:
        references, answer = texts_of(value)
        counts = _text_counts(metric, references, answer)
    elif metric in _LABELS:
        counts = labels_of(value)
    else:
        counts = likelihood_of(value)
    return dict(zip(COUNTS[metric], map(float, counts), strict=True))


def check_value(metric: str, value: Any) -> int:
    """The number of references, or of labels' sides, in a document's value. Raises ValueError."""
    if metric in _TEXTS:
        return len(texts_of(value)[0])
    return len(labels_of(value) if metric in _LABELS else likelihood_of(value))


def texts_of(value: Any) -> tuple[list[str], str]:
    """The references and the answer."""
    try:
        references, answer = value
    except (TypeError, ValueError):
        raise ValueError(f"is no pair of texts, but {_kind(value)}") from None
    references = [references] if isinstance(references, str) else list(references)
    if isinstance(answer, list | tuple) and len(answer) == 1:
        [answer] = answer
    if not references or not all(isinstance(text, str) for text in [*references, answer]):
        raise ValueError("is no pair of texts")
    return references, answer


def labels_of(value: Any) -> tuple[float, float]:
    """The right label and the answer's, as numbers."""
    try:
        gold, answer = value
        return float(int(gold)), float(int(answer))
    except (TypeError, ValueError):
        raise ValueError("is no pair of numbered labels") from None


def likelihood_of(value: Any) -> tuple[float, float]:
    """Nats, and the size by which they count: 1 where each document counts as much."""
    try:
        logprob, size = value if isinstance(value, tuple | list) else (value, 1)
        return float(logprob), float(size)
    except (TypeError, ValueError):
        raise ValueError(f"is no log-likelihood, but {_kind(value)}") from None


def _kind(value: Any) -> str:
    return f"a {type(value).__name__}"


def _text_counts(metric: str, references: Sequence[str], answer: str) -> Sequence[float]:
    if metric in ("chrf", "chrf++"):
        return _chrf_counts(metric, references, answer)
    import sacrebleu

    streams = [[text] for text in references]
    if metric == "bleu":
        bleu = sacrebleu.corpus_bleu([answer], streams)
        return [*bleu.counts[:BLEU_ORDER], *bleu.totals[:BLEU_ORDER], bleu.sys_len, bleu.ref_len]
    ter = sacrebleu.corpus_ter([answer], streams)
    return [ter.num_edits, ter.ref_length]


def _chrf_counts(metric: str, references: Sequence[str], answer: str) -> list[float]:
    """Of the reference that the answer alone has the best score with, the first of equal ones."""
    from evalhub.stats.corpus import corpus_score

    word_order = WORD_ORDER if metric == "chrf++" else 0
    grams = list(_grams(answer, word_order))
    every = [
        [
            count
            for pair in zip(grams, _grams(text, word_order), strict=True)
            for count in _match(*pair)
        ]
        for text in references
    ]
    return max(every, key=lambda counts: corpus_score(metric, [counts]).value)


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
