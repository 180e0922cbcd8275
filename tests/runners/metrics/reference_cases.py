"""Metrics beside their reference implementations: 200 random and 20 nasty inputs for each.

Metrics whose comparison is of another kind stand in COMPARED_ELSEWHERE. A case holds a metric with
its options and another way to its value; where either has none, the input isn't compared. Random
inputs are drawn with a fixed seed; nasty ones are made by hand.
"""

import json
import random
import re
import string
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

from runners.metrics import Answer, scorer
from tests.runners.metrics.rouge_score_reference import values

SEED, RANDOM = 20261202, 200
WORDS = (
    *("the", "a", "an", "of", "to", "cat", "dog", "sat", "on", "mat", "order", "refund", "paid"),
    *("late", "parcel", "Paris", "42", "3.5", "7", "yes", "no", "not", "safe", "answer", "is"),
    *("blue", "Green", "red-brown", "customer's", "e-mail", "2026", "ticket"),
)
ENDS = ("", ".", "!", "?", ",", " ")

type Pair = tuple[str, str]

NASTY: tuple[Pair, ...] = (
    ("", "cat"),
    (" \n\t", "cat"),
    ("!!! ???", "cat"),
    ("the a an", "an"),
    ("the", "cat"),
    ("CAT", "cat"),
    ("caf\u00e9", "cafe\u0301"),
    ("\u4e2d\u6587\u7b54\u6848", "\u4e2d\u6587\u7b54\u6848"),
    ("\u0130stanbul", "i\u0307stanbul"),
    ("Stra\u00dfe", "STRASSE"),
    ("\u00abyes\u00bb", "yes"),
    ("snake_case_name", "snake case name"),
    ("a\u200bb", "ab"),
    ("yes\u00a0no", "yes no"),
    ("\U0001f600 ok", "ok \U0001f600"),
    ("cat " * 500, "cat"),
    ("one\r\ntwo\x0bthree", "one two three"),
    ("1,234.50", "1234.5"),
    ("don\u2019t", "don't"),
    ('{"a": 1}', '{"a": 1.0}'),
)


@dataclass(frozen=True)
class Case:
    """A metric beside its reference: `inputs` makes what both are given, `metric` and `reference`
    their values of one input."""

    name: str
    beside: str
    metric: Callable[[Any], float | None]
    reference: Callable[[Any], float | None]
    inputs: tuple[Sequence[Any], Sequence[Any]] = field(default_factory=lambda: (pairs(), NASTY))

    def greatest(self, inputs: Sequence[Any]) -> float:
        """The greatest absolute difference over the inputs that both score."""
        values = [(self.metric(each), self.reference(each)) for each in inputs]
        compared = [abs(a - b) for a, b in values if a is not None and b is not None]
        return max(compared)

    @property
    def row(self) -> str:
        """Its row of the document: both kinds of input by their greatest difference."""
        cells = [self.name, self.beside, *(figure(self.greatest(each)) for each in self.inputs)]
        return f"| {' | '.join(cells)} |"


def figure(difference: float) -> str:
    """A greatest difference; what is below 1e-15 is rounding, and may be 0 on another machine."""
    return "below 1e-15" if difference < 1e-15 else f"{difference:.2g}"


def pairs() -> list[Pair]:
    rng = random.Random(SEED)
    drawn = []
    for _ in range(RANDOM):
        words = rng.choices(WORDS, k=rng.randint(1, 12))
        other = [w for w in words if rng.random() < 0.7] + rng.choices(WORDS, k=rng.randint(0, 3))
        texts = [" ".join(each or ["cat"]) + rng.choice(ENDS) for each in (words, other)]
        drawn.append((texts[0], texts[0] if rng.random() < 0.2 else texts[1]))
    return drawn


def of_text(name: str, **options: Any) -> Callable[[Pair], float | None]:
    score = scorer(name, **options)
    return lambda pair: score(Answer(pair[0]), [pair[1]]).value


def squad(text: str) -> str:
    """SQuAD 1.1's normalisation, step by step as its evaluation script has it."""
    text = "".join(char for char in text.lower() if char not in string.punctuation)
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", text).split())


def squad_f1(pair: Pair) -> float:
    given, wanted = (squad(each).split() for each in pair)
    if not given or not wanted:
        return float(given == wanted)
    same = sum((Counter(given) & Counter(wanted)).values())
    if same == 0:
        return 0.0
    precision, recall = same / len(given), same / len(wanted)
    return 2 * precision * recall / (precision + recall)


def rouge(pair: Pair) -> float:
    return values("rouge_l", stem=False)(*pair)


def sacrebleu_of(function: str, **options: Any) -> Callable[[Pair], float]:
    import sacrebleu

    return lambda pair: getattr(sacrebleu, function)(pair[0], [pair[1]], **options).score / 100


def loads(text: str) -> float:
    try:
        json.loads(text)
    except ValueError:
        return 0.0
    return 1.0


# Each drawn in one piece or cut, so that about half are JSON.
def documents() -> list[str]:
    rng = random.Random(SEED)
    drawn = []
    for _ in range(RANDOM):
        value = {
            "order": rng.choice([rng.randint(-5, 50), "7", None, 2.5]),
            "paid": rng.choice([True, "yes"]),
        }
        text = json.dumps({name: each for name, each in value.items() if rng.random() < 0.8})
        drawn.append(text[: rng.randint(1, len(text))] if rng.random() < 0.3 else text)
    return drawn


NASTY_JSON = (
    *("", " ", "null", "true", "0", "-0", "01", "1e400", "NaN", "Infinity", '"a"', "'a'", "{}"),
    *('{"order": 1.0}', '{"order": 1, "order": 2}', '{"order": true}', "[1,]", "\ufeff{}"),
    *('{"a": "\\ud800"}', "[" * 50 + "]" * 50),
)
SCHEMA = {
    "type": "object",
    "properties": {"order": {"type": "integer", "minimum": 0}, "paid": {"type": "boolean"}},
    "required": ["order"],
}


@cache
def rust_validator() -> Any:
    import jsonschema_rs

    return jsonschema_rs.validator_for(SCHEMA)


def schema_rs(text: str) -> float | None:
    try:
        value = json.loads(text)
    except ValueError:
        return 0.0
    return float(rust_validator().is_valid(value))


type Choices = tuple[list[str], list[float], int]


def choices() -> list[Choices]:
    rng = random.Random(SEED)
    drawn = []
    for _ in range(RANDOM):
        texts = sorted({" ".join(rng.choices(WORDS, k=rng.randint(1, 5))) for _ in range(4)})
        sums = [-rng.random() * 4 * len(each) for each in texts]
        drawn.append((texts, sums, rng.randrange(len(texts))))
    return drawn


NASTY_CHOICES: tuple[Choices, ...] = (
    *((["a", "b"], [-1.0, -1.0], right) for right in (0, 1)),
    *((["a", "aaaa"], [-2.0, -8.0], right) for right in (0, 1)),
    *((["\u4e2d", "abc"], [-3.0, -3.5], right) for right in (0, 1)),
    *((["\U0001f600", "abcd"], [-4.0, -4.1], right) for right in (0, 1)),
    *((["e\u0301", "\u00e9"], [-2.0, -1.5], right) for right in (0, 1)),
    *((["yes", "no"], [0.0, -1e9], right) for right in (0, 1)),
    *((["yes", "no"], [-1e-12, -2e-12], right) for right in (0, 1)),
    *((["x" * 1000, "y"], [-999.0, -1.0], right) for right in (0, 1)),
    *(([" a", "a"], [-1.5, -1.0], right) for right in (0, 1)),
    *((["a", "b", "c", "d"], [-3.0, -2.0, -2.0, -4.0], right) for right in (1, 2)),
)


def likelihoods(name: str, **options: Any) -> Callable[[Choices], float | None]:
    score = scorer(name, **options)

    def value(item: Choices) -> float | None:
        texts, sums, right = item
        answer = Answer("", choices=texts, choice_logprobs=sums)
        return score(answer, [right]).value

    return value


def harness(length: Callable[[str], int]) -> Callable[[Choices], float]:
    """lm-evaluation-harness's `process_results` of multiple choice: argmax of the sums, each over
    its completion's length."""
    return lambda item: float(
        np.argmax(np.array(item[1]) / np.array([float(length(each)) for each in item[0]]))
        == item[2]
    )


def expression(pair: Pair) -> float | None:
    return float(re.search(re.escape(pair[1]), pair[0]) is not None)


def pattern_of(pair: Pair) -> float | None:
    return of_text("regex_match", pattern=re.escape(pair[1]))(pair)


CHOICES = (choices(), NASTY_CHOICES)
JSON = (documents(), NASTY_JSON)
CASES = (
    Case(
        "exact_match",
        "Python's ==",
        of_text("exact_match"),
        lambda p: float(p[0].strip() == p[1].strip()),
    ),
    Case(
        "exact_match, all options",
        "SQuAD 1.1",
        of_text("exact_match", lower=True, punctuation=True, articles=True),
        lambda p: float(squad(p[0]) == squad(p[1])),
    ),
    Case("contains", "Python's in", of_text("contains"), lambda p: float(p[1].strip() in p[0])),
    Case("regex_match", "Python's re", pattern_of, expression),
    Case("token_f1", "SQuAD 1.1", of_text("token_f1"), squad_f1),
    Case("rouge_l", "rouge-score 0.1.2", of_text("rouge_l"), rouge),
    Case("bleu", "sacrebleu 2.6", of_text("bleu"), sacrebleu_of("sentence_bleu")),
    Case("chrf", "sacrebleu 2.6", of_text("chrf"), sacrebleu_of("sentence_chrf")),
    Case(
        "chrf, words",
        "sacrebleu 2.6",
        of_text("chrf", words=True),
        sacrebleu_of("sentence_chrf", word_order=2),
    ),
    Case("length", "Python's len", of_text("length"), lambda p: float(len(p[0].strip()))),
    Case(
        "json_valid",
        "Python's json",
        lambda text: scorer("json_valid")(Answer(text), []).value,
        loads,
        JSON,
    ),
    Case(
        "json_schema",
        "jsonschema-rs 0.60",
        lambda text: scorer("json_schema", schema=SCHEMA)(Answer(text), []).value,
        schema_rs,
        JSON,
    ),
    Case(
        "choice_likelihood",
        "lm-eval's acc",
        likelihoods("choice_likelihood"),
        harness(lambda c: 1),
        CHOICES,
    ),
    Case(
        "choice_likelihood, per: character",
        "lm-eval's acc_norm",
        likelihoods("choice_likelihood", per="character"),
        harness(len),
        CHOICES,
    ),
    Case(
        "choice_likelihood, per: byte",
        "lm-eval's acc_bytes",
        likelihoods("choice_likelihood", per="byte"),
        harness(lambda c: len(c.encode())),
        CHOICES,
    ),
    Case(
        "likelihood_per_byte",
        "lm-eval's byte_perplexity, its log",
        likelihoods("likelihood_per_byte"),
        lambda item: item[1][item[2]] / len(item[0][item[2]].encode("utf-8")),
        CHOICES,
    ),
)
COMPARED_ELSEWHERE = {
    "log_loss": "tests/runners/metrics/test_log_loss.py::test_it_is_the_harness_s_bits_per_byte",
    "instructions": "tests/runners/metrics/test_instructions_peer.py"
    "::test_each_check_is_lm_eval_s_on_random_and_nasty_texts",
    "pass_at_k": "tests/runners/metrics/test_pass_at_k.py"
    "::test_it_differs_from_the_published_formula_by_rounding_alone",
    "rouge_1": "tests/runners/metrics/test_words.py::test_rouge_is_that_of_rouge_score",
    "rouge_2": "tests/runners/metrics/test_words.py::test_rouge_is_that_of_rouge_score",
    "corpus_score": "tests/runners/engines/test_harness_counts.py"
    "::test_the_sum_of_a_corpus_s_counts_has_the_score_of_sacrebleu",
    "corpus_bleu": "tests/runners/metrics/test_corpus_texts.py"
    "::test_the_score_of_a_corpus_is_sacrebleus",
    "corpus_chrf": "tests/runners/metrics/test_corpus_texts.py"
    "::test_the_score_of_a_corpus_is_sacrebleus",
    "classification": "tests/stats/test_classification.py"
    "::test_scores_are_scikit_learns_on_200_random_and_20_nasty_inputs",
    "brier": "tests/runners/metrics/test_classification.py"
    "::test_brier_is_scikit_learns_on_200_random_and_20_nasty_inputs",
    "calibration_error": "tests/stats/test_calibration.py"
    "::test_the_curve_is_scikit_learns_on_200_random_and_20_nasty_inputs",
    "context_precision": "tests/runners/metrics/test_retrieval.py"
    "::test_precision_is_that_of_scikit_learn_and_of_ragas",
    "context_recall": "tests/runners/metrics/test_retrieval.py"
    "::test_recall_is_that_of_scikit_learn",
}
"""Metrics with a reference implementation, and the test that compares with it."""
