"""Which of a harness's own figures are scores of a document each, and which can't be paired.

A study compares two arms document by document. That takes a figure which is the mean of a score
of each document: accuracy is one, BLEU of a whole corpus is not.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

from runners.engines.errors import EngineError

BITS = "bits_per_byte"
_PERPLEXITIES = {
    "byte_perplexity": "score: bits_per_byte is its logarithm to base 2",
    "word_perplexity": "score: bits_per_byte says the same of the same documents, by their bytes",
    "perplexity": "score: acc says how often the text is the likeliest",
}
_ANSWERS = {
    "bleu": "metric: bleu",
    "chrf": "metric: chrf",
    "chrf++": "metric: chrf",
    "f1": "metric: token_f1, or exact_match of the label",
    "mcc": "score: acc",
}
"""What scores the answers to a file of the same items one by one."""
_PROBE = (0.0, 1.0, 1.0, 0.25)


def available_scores(task: Any) -> list[str]:
    """The names that a document's scores of this task have: METRIC, or METRIC,FILTER."""
    filters = [str(each.name) for each in getattr(task, "_filters", ())] or ["none"]
    return [
        metric if name == "none" else f"{metric},{name}"
        for metric in task.aggregation()
        for name in filters
    ]


def check_score(task: Any, kind: str, score: str) -> None:
    """Raises EngineError where `score` is no figure of the task, or one of no single document."""
    metric = score.partition(",")[0]
    figures = task.aggregation()
    if metric not in figures:
        raise EngineError(f"has no metric {metric!r}, but {', '.join(figures)}: say it as `score`")
    if metric in _PERPLEXITIES and kind in ("loglikelihood", "loglikelihood_rolling"):
        raise EngineError(
            f"has {metric} as the exponential of a mean, which is no mean over documents: "
            f"{_PERPLEXITIES[metric]}"
        )
    if metric == BITS and kind == "loglikelihood_rolling":
        return
    if not _is_mean(figures[metric]):
        instead = _ANSWERS.get(metric)
        raise EngineError(
            f"has {metric} of all documents together, which no document has by itself, so that two "
            "arms can't be compared on it document by document"
            + (f": take {instead} on a file of these items" if instead else "")
        )
    if score not in (names := available_scores(task)):
        raise EngineError(
            f"scores {metric} after a filter: say it as `score`, one of "
            f"{', '.join(repr(name) for name in names if name.partition(',')[0] == metric)}"
        )


def _is_mean(aggregation: Callable[[Sequence[float]], Any]) -> bool:
    """Whether it makes of four numbers their mean: by what it does, since tasks bring their own."""
    try:
        found = float(aggregation(list(_PROBE)))
    except Exception:
        return False
    return math.isclose(found, sum(_PROBE) / len(_PROBE))


def mean_bytes(tasks_and_documents: Sequence[tuple[Any, Any]]) -> float:
    """UTF-8 bytes of a document on the average, as each task counts them.

    Raises EngineError where a task doesn't say them, or says none.
    """
    total = 0.0
    for task, document in tasks_and_documents:
        try:
            _, size = task.process_results(document, [0.0])[BITS]
            total += float(size)
        except Exception as error:
            raise EngineError(f"doesn't say how many bytes a document has: {error}") from error
    if total <= 0:
        raise EngineError("has documents without a byte")
    return total / len(tasks_and_documents)


def document_bits(value: Any, mean: float) -> float:
    """A document's share of the harness's bits a byte.

    Args:
        value: (log-likelihood in nats, bytes) of the document, as the harness has it.
        mean: bytes of a document on the average.

    Returns:
        −nats / (ln 2 · mean). Its mean over n documents is −Σ nats / (ln 2 · Σ bytes), which is
        bits_per_byte of lm-evaluation-harness, exactly: both arms read the same bytes.
    """
    likelihood, _ = value
    return -float(likelihood) / (math.log(2) * mean)
