"""Which of a harness's own figures are means over documents, and which are of all of them together.

A study compares two arms document by document. That takes a figure which is the mean of a score
of each document, as accuracy is, or whose documents have counts, as those of BLEU have.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

from runners.engines.errors import EngineError
from runners.engines.harness_counts import check_value, is_own

BITS = "bits_per_byte"
_PROBE = (0.0, 1.0, 1.0, 0.25)


def available_scores(task: Any) -> list[str]:
    """The names that a document's scores of this task have: METRIC, or METRIC,FILTER."""
    filters = [str(filter_.name) for filter_ in getattr(task, "_filters", ())] or ["none"]
    return [
        metric if name == "none" else f"{metric},{name}"
        for metric in task.aggregation()
        for name in filters
    ]


def check_score(task: Any, kind: str, score: str) -> bool:
    """Whether `score` is of all documents together, and not a mean over them.

    Raises EngineError where it is no figure of the task, or one that isn't compared.
    """
    metric = score.partition(",")[0]
    figures = task.aggregation()
    if metric not in figures:
        raise EngineError(f"has no metric {metric!r}, but {', '.join(figures)}: say it as `score`")
    together = is_own(metric, figures[metric])
    own = together or (metric == BITS and kind == "loglikelihood_rolling")
    if not own and not _is_mean(figures[metric]):
        raise EngineError(
            f"has {metric} of all documents together by a function of its own, which no document "
            "has by itself, so that two arms can't be compared on it document by document"
        )
    if score not in (names := available_scores(task)):
        raise EngineError(
            f"scores {metric} after a filter: say it as `score`, one of "
            f"{', '.join(repr(name) for name in names if name.partition(',')[0] == metric)}"
        )
    return together


def check_documents(
    tasks_and_documents: Sequence[tuple[Any, Any, Sequence[Any]]], kind: str, metric: str
) -> None:
    """That every document has counts of a score of all documents together.

    Args:
        tasks_and_documents: (task, document, its instances) of each.

    Raises:
        EngineError: one has none, or not as many references as the others.
    """
    sizes: set[int] = set()
    for task, document, instances in tasks_and_documents:
        try:
            value = task.process_results(document, _results(kind, len(instances)))[metric]
            sizes.add(check_value(metric, value))
        except Exception as error:
            raise EngineError(f"has a document whose {metric} can't be had: {error}") from error
        if metric == "f1" and (len(instances) > 2 or int(value[0]) not in (0, 1)):
            raise EngineError("has f1 of more labels than 0 and 1, which the harness refuses")
    if len(sizes) > 1:
        raise EngineError(
            f"has documents with {min(sizes)} and with {max(sizes)} references, of which the "
            f"harness takes {min(sizes)} each for {metric}: give all as many"
        )


def _results(kind: str, count: int) -> list[Any]:
    """What the harness hands a task of a document; nothing of it is kept."""
    if kind == "generate_until":
        return [""]
    return [-1.0] if kind == "loglikelihood_rolling" else [(-1.0, False)] * count


def _is_mean(aggregation: Callable[[Sequence[float]], Any]) -> bool:
    """Whether it makes of four numbers their mean: by what it does, since tasks bring their own."""
    try:
        result = float(aggregation(list(_PROBE)))
    except Exception:
        return False
    return math.isclose(result, sum(_PROBE) / len(_PROBE))


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
