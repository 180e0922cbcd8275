"""What a document adds to a score that a task of a harness has of all its documents together.

The formulas are in `evalhub.stats.corpus`; here a harness's own value of a document becomes counts.
"""

from collections.abc import Callable, Sequence
from typing import Any

from evalhub.stats.corpus_counts import COUNTS
from runners.text_counts import bleu_counts, chrf_counts

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
        return chrf_counts(answer, references, score=metric)
    if metric == "bleu":
        return bleu_counts(answer, references, lower=False, tokenize="13a")
    import sacrebleu

    ter = sacrebleu.corpus_ter([answer], [[text] for text in references])
    return [ter.num_edits, ter.ref_length]
