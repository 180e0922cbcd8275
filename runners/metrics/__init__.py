"""Metrics: what an answer is worth, one a file, and the table that lists them all.

A new metric is one file and one line of the table. No metric's file imports a heavy library before
it scores.
"""

from collections.abc import Mapping
from difflib import get_close_matches
from functools import reduce
from importlib import import_module
from operator import or_
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from evalhub.declare.declaration import DeclarationError, validate
from runners.metrics.own_branch import with_own
from runners.metrics.own_table import own_declaration, own_metrics
from runners.metrics.score import (
    Answer,
    Ask,
    JudgeReply,
    MetricDeclaration,
    MetricError,
    MetricScore,
    Scorer,
)

__all__ = [
    "METRICS",
    "Answer",
    "AnyMetric",
    "Ask",
    "JudgeReply",
    "MetricDeclaration",
    "MetricError",
    "MetricScore",
    "Scorer",
    "metric_declaration",
    "metric_kind",
    "scorer",
]

# The metric's name, which is its file's too, and its declaration there.
_TABLE = {
    "exact_match": "ExactMatch",
    "contains": "Contains",
    "regex_match": "RegexMatch",
    "numeric_match": "NumericMatch",
    "multiple_choice": "MultipleChoice",
    "choice_likelihood": "ChoiceLikelihood",
    "likelihood_per_byte": "LikelihoodPerByte",
    "log_loss": "LogLoss",
    "json_valid": "JsonValid",
    "json_schema": "JsonSchema",
    "json_fields": "JsonFields",
    "instructions": "Instructions",
    "tool_call_match": "ToolCallMatch",
    "code_tests": "CodeTests",
    "pass_at_k": "PassAtK",
    "sql_result": "SqlResult",
    "token_f1": "TokenF1",
    "rouge_1": "Rouge1",
    "rouge_2": "Rouge2",
    "rouge_l": "RougeL",
    "bleu": "Bleu",
    "chrf": "Chrf",
    "length": "length",
    "empty": "empty",
    "truncation": "Truncation",
    "repetition": "Repetition",
    "refusal": "Refusal",
    "language_switch": "LanguageSwitch",
    "markup": "Markup",
    "latency": "Latency",
    "tokens": "Tokens",
    "recorded": "RecordedScore",
    "corpus_score": "CorpusScore",
    "corpus_bleu": "CorpusBleu",
    "corpus_chrf": "CorpusChrf",
    "classification": "Classification",
    "brier": "Brier",
    "calibration_error": "CalibrationError",
    "judge": "Judge",
    "faithfulness": "Faithfulness",
    "context_precision": "ContextPrecision",
    "context_recall": "ContextRecall",
    "groundedness": "Groundedness",
    "abstention": "Abstention",
}

METRICS: dict[str, type[MetricDeclaration]] = {
    name: getattr(import_module(f"runners.metrics.{name}"), kind) for name, kind in _TABLE.items()
}

if TYPE_CHECKING:
    AnyMetric = MetricDeclaration
else:
    # {"name": "exact_match", "lower": true}: the name says which metric's options these are.
    AnyMetric = with_own(
        Annotated[reduce(or_, METRICS.values()), Field(discriminator="name")], tuple(METRICS)
    )


def scorer(name: str, **options: Any) -> Scorer:
    """The metric of that name with its options, ready to score answers.

    `extract` is a regular expression with a group: the first group of its last match is scored in
    place of the output; where it doesn't match, the whole output is, and the score says so.
    Raises MetricError for an unknown name or option, or a value that an option doesn't take.
    """
    return Scorer(metric_declaration(name, **options))


def metric_declaration(name: str, **options: Any) -> MetricDeclaration:
    """The metric of that name with its options. Raises MetricError, as `scorer`."""
    if name not in METRICS:
        own = own_declaration(name, options)
        if own is None:
            known = {**METRICS, **own_metrics()}
            raise MetricError(f"there is no metric {name!r}{_near(name, known)}")
        return own
    try:
        return validate(METRICS[name], {"name": name, **options})
    except DeclarationError as error:
        raise MetricError(f"{name}: {error}") from error


def metric_kind(name: str) -> type[MetricDeclaration] | None:
    """The metric of that name, Evalhub's or this home's own; None where there is none.

    Raises OwnMetricsError where this home's can't be had.
    """
    return METRICS.get(name) or own_metrics().get(name)


def _near(word: str, names: Mapping[str, Any]) -> str:
    """Text for an error: the closest name, and all that exist."""
    close = get_close_matches(word, names, n=1)
    hint = f"; did you mean {close[0]}?" if close else ""
    return f"{hint} (known: {', '.join(names)})"
