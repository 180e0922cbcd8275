"""Metrics: what an answer is worth, one pure function a file, and the table that lists them all.

A new metric is one file and one line of METRICS. The table imports none of the files, so that no
metric pays for another's library.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from importlib import import_module
from typing import Any

from runners.metrics import options as parse
from runners.metrics.score import Answer, MetricError, MetricOption, MetricScore, MetricSpec

__all__ = [
    "METRICS",
    "Answer",
    "MetricError",
    "MetricOption",
    "MetricScore",
    "MetricSpec",
    "Scorer",
    "scorer",
]

_LOWER = MetricOption(parse.flag, False, "take capitals and small letters as the same")
_TOKENIZERS = ("13a", "intl", "char", "zh", "none")

_TABLE = (
    MetricSpec(
        "exact_match",
        "Exact match",
        "white space at the ends",
        binary=True,
        options={
            "lower": _LOWER,
            "punctuation": MetricOption(parse.flag, False, "leave out punctuation"),
            "articles": MetricOption(parse.flag, False, "leave out a, an, the"),
        },
    ),
    MetricSpec(
        "contains",
        "Contains",
        "white space at the ends",
        binary=True,
        options={"lower": _LOWER},
    ),
    MetricSpec(
        "regex_match",
        "Regex match",
        "none",
        binary=True,
        instead="pattern",
        options={
            "pattern": MetricOption(parse.pattern, None, "the pattern; else each reference is one"),
        },
    ),
    MetricSpec(
        "numeric_match",
        "Numeric match",
        "all but the last number; its thousands separators, currency and per cent signs",
        binary=True,
        options={
            "tolerance": MetricOption(parse.quantity, 1e-6, "difference still taken as equal"),
            "relative": MetricOption(
                parse.quantity, 0.0, "the same, as a share of the larger number"
            ),
        },
    ),
    MetricSpec(
        "multiple_choice",
        "Multiple choice",
        "all but the letter chosen",
        binary=True,
        options={
            "letters": MetricOption(parse.letters, "ABCDEFGHIJ", "the letters to choose from")
        },
    ),
    MetricSpec(
        "json_valid",
        "JSON valid",
        "white space at the ends",
        needs_reference=False,
        binary=True,
        options={
            "root": MetricOption(
                parse.one_of("any", "object", "array"), "any", "any, object, array"
            )
        },
    ),
    MetricSpec(
        "json_schema",
        "JSON Schema",
        "white space at the ends",
        binary=True,
        instead="schema",
        options={
            "schema": MetricOption(parse.schema, None, "the schema; else each reference is one")
        },
    ),
    MetricSpec(
        "json_fields",
        "JSON fields",
        "order of fields, 1 and 1.0",
        options={
            "fields": MetricOption(
                parse.names, (), "fields that count, `a.b` inside; else all at the top"
            ),
            "strict": MetricOption(parse.flag, False, "count the output's surplus fields as wrong"),
        },
    ),
    MetricSpec("token_f1", "Token F1", "capitals, punctuation, articles, white space (SQuAD's)"),
    MetricSpec("rouge_l", "ROUGE-L", "capitals, all that is no letter, digit or underscore"),
    MetricSpec(
        "bleu",
        "BLEU",
        "white space, as sacrebleu's tokenizer has it",
        options={
            "lower": _LOWER,
            "tokenize": MetricOption(parse.one_of(*_TOKENIZERS), "13a", ", ".join(_TOKENIZERS)),
        },
    ),
    MetricSpec(
        "chrf",
        "chrF",
        "white space",
        options={
            "lower": _LOWER,
            "words": MetricOption(parse.flag, False, "count pairs of words too: chrF++"),
        },
    ),
    MetricSpec(
        "length",
        "Length",
        "white space at the ends",
        needs_reference=False,
        higher_is_better=False,
        unit="characters",
    ),
    MetricSpec(
        "latency",
        "Latency",
        "none",
        needs_reference=False,
        higher_is_better=False,
        unit="ms",
        reads_text=False,
    ),
    MetricSpec(
        "tokens",
        "Tokens",
        "none",
        needs_reference=False,
        higher_is_better=False,
        unit="tokens",
        reads_text=False,
        options={
            "of": MetricOption(
                parse.one_of("completion", "prompt", "total"),
                "completion",
                "completion, prompt, total",
            ),
        },
    ),
)

METRICS: dict[str, MetricSpec] = {metric.name: metric for metric in _TABLE}


@dataclass(frozen=True, slots=True)
class Scorer:
    """A metric made ready: call it with an answer and the item's references."""

    metric: MetricSpec
    needs_reference: bool
    _function: Callable[..., MetricScore]
    _options: Mapping[str, Any]
    _extract: Any

    def __call__(self, answer: Answer, references: Sequence[Any] = ()) -> MetricScore:
        """The answer's best score over the references; None in the list is no reference.

        Always a finite number, or None with a reason.
        """
        if isinstance(references, str):
            raise TypeError("references are a list; this is one text")
        extracted = None
        if self._extract is not None:
            from runners.metrics.pattern import TOO_SLOW, last_group

            try:
                part = last_group(self._extract, answer.text)
            except TimeoutError:
                return MetricScore(None, f"the extraction pattern {TOO_SLOW}", extracted=False)
            extracted = part is not None
            answer = answer if part is None else replace(answer, text=part)
        return replace(self._best(answer, references), extracted=extracted)

    def _best(self, answer: Answer, references: Sequence[Any]) -> MetricScore:
        if not self.needs_reference:
            return self._one(answer, None)
        scores = [self._one(answer, one) for one in references if one is not None]
        scored = [score for score in scores if score.value is not None]
        if scored:
            return max(scored, key=lambda score: score.value or 0.0)
        return scores[0] if scores else MetricScore(None, "no reference")

    def _one(self, answer: Answer, reference: Any) -> MetricScore:
        try:
            return self._function(answer, reference, **self._options)
        except (ValueError, RecursionError) as error:  # a bad reference; JSON nested without end
            return MetricScore(None, str(error))


def scorer(name: str, *, extract: str | None = None, **options: Any) -> Scorer:
    """The metric of that name with its options, ready to score answers.

    `extract` is a regular expression with a group: the first group of its last match is scored in
    place of the output; where it doesn't match, the whole output is, and the score says so.
    Raises MetricError for an unknown name or option, or a value that an option doesn't take.
    """
    metric = METRICS.get(name)
    if metric is None:
        raise MetricError(f"there is no metric {name!r}{_near(name, METRICS)}")
    given: dict[str, Any] = {}
    for key, value in options.items():
        option = metric.options.get(key)
        if option is None:
            raise MetricError(f"{name} has no option {key!r}{_near(key, metric.options)}")
        try:
            given[key] = option.parse(value)
        except ValueError as error:
            raise MetricError(f"{name}: option {key!r} {error}") from error
    return Scorer(
        metric=metric,
        needs_reference=metric.needs_reference and metric.instead not in given,
        _function=getattr(import_module(f"runners.metrics.{name}"), name),
        _options=given,
        _extract=None if extract is None else _extraction(metric, extract),
    )


def _extraction(metric: MetricSpec, source: str) -> Any:
    if not metric.reads_text:
        raise MetricError(f"{metric.name} does not read the output's text: leave out `extract`")
    try:
        pattern = parse.pattern(source)
    except ValueError as error:
        raise MetricError(f"the extraction pattern {error}") from error
    if not pattern.groups:
        raise MetricError(
            "the extraction pattern has no group: put the part to score in brackets, "
            "as in 'answer is (.*)'"
        )
    return pattern


def _near(word: str, known: Mapping[str, Any]) -> str:
    """Which name may have been meant, and which there are."""
    close = get_close_matches(word, known, n=1)
    meant = f"; did you mean {close[0]}?" if close else ""
    return f"{meant} (known: {', '.join(known) or 'none'})"
