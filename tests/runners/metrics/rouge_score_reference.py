"""The package rouge-score, whose logging is taken back out of this process."""

import logging
import sys
from collections.abc import Callable
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

KINDS = {"rouge_1": "rouge1", "rouge_2": "rouge2", "rouge_l": "rougeL"}
"""Its names of our metrics."""


@lru_cache(maxsize=1)
def rouge_score() -> Any:
    """The package's module.

    absl, which it imports, adds a handler to the root logger. Whenever logging is set up anew, as
    each command does, that handler closes the stream that was standard error when it was made:
    pytest's own, with which every later test would fail. So it gets the process's.
    """
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    from absl import logging as absl_logging
    from rouge_score import rouge_scorer

    absl_logging.get_absl_handler().python_handler.stream = sys.__stderr__
    root.handlers[:] = handlers
    root.setLevel(level)
    return rouge_scorer


def values(
    kind: str, *, stem: bool, words: Callable[[str], list[str]] | None = None
) -> Callable[[str, str], float]:
    """F1 of an answer by a reference, by the package; `words` in place of its own tokenizer."""
    tokenizer = None if words is None else SimpleNamespace(tokenize=words)
    scorer = rouge_score().RougeScorer([KINDS[kind]], use_stemmer=stem, tokenizer=tokenizer)

    def value(answer: str, reference: str) -> float:
        return float(scorer.score(reference, answer)[KINDS[kind]].fmeasure)

    return value
