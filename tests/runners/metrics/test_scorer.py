"""The scorer: options, extraction, several references, and what is refused."""

import math
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runners.metrics import (
    METRICS,
    Answer,
    JudgeReply,
    MetricError,
    MetricScore,
    Scorer,
    metric_declaration,
    scorer,
)
from runners.metrics.score import Ask, Scorable, TextMetric


def test_importing_the_table_and_matching_numbers_imports_nothing_heavy() -> None:
    program = (
        "import sys; from runners.metrics import Answer, AnyMetric, scorer;"
        "scorer('numeric_match')(Answer('3'), ['3']);"
        "print([m for m in ('django', 'celery', 'sacrebleu', 'jsonschema', 'pyarrow', 'regex',"
        " 'numpy') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


NEEDED = {
    "judge": {"by": "grader", "rubric": "polite"},
    "faithfulness": {"by": "grader"},
    "groundedness": {"by": "grader"},
    "corpus_score": {"score": "bleu"},
    "classification": {"score": "accuracy", "labels": ["a", "b"]},
}
"""Options without which a metric says nothing."""


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_of_the_table_is_there(name: str) -> None:
    metric = metric_declaration(name, **NEEDED.get(name, {}))
    assert type(metric) is METRICS[name]
    assert metric.name == name
    assert metric.title
    assert metric.normalisation


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("exact_macth", {}, "there is no metric 'exact_macth'; did you mean exact_match?"),
        ("zzz", {}, "(known: exact_match, contains, regex_match,"),
        ("exact_match", {"lwer": True}, "'lwer': isn't known here; did you mean lower? (known:"),
        ("empty", {"by": "x"}, "empty: field 'by': isn't known here (known: name, extract)"),
        ("exact_match", {"lower": "yes"}, "'lower': true or false is needed, not \"yes\""),
        ("numeric_match", {"tolerance": -1}, "'tolerance': must be 0 or more, not -1"),
        ("numeric_match", {"tolerance": math.nan}, "'tolerance': nan is not a number that JSON"),
        ("numeric_match", {"tolerance": True}, "'tolerance': a number is needed, not true"),
        ("multiple_choice", {"letters": "abc"}, "'letters': must be capital letters"),
        ("corpus_score", {"score": "acc"}, "'score': is none of bleu, chrf, chrf++, mcc, f1, ter,"),
        ("bleu", {"tokenize": "flores"}, "'tokenize': \"flores\" isn't one of 13a, intl, char, zh"),
        ("tokens", {"of": ["total"]}, "'of': [\"total\"] isn't one of completion, prompt, total"),
        ("json_fields", {"fields": "topic"}, "'fields': a list is needed"),
        ("json_fields", {"fields": [1]}, "'fields[0]': a text is needed, not 1"),
        ("json_fields", {"fields": [""]}, "'fields[0]': is empty"),
        ("regex_match", {"pattern": "(a"}, "'pattern': is not a regular expression"),
        ("regex_match", {"pattern": 3}, "'pattern': a text is needed, not 3"),
        ("exact_match", {"extract": "(a"}, "'extract': is not a regular expression"),
        ("exact_match", {"extract": ""}, "'extract': must be a regular expression"),
        ("exact_match", {"extract": "answer is .*"}, "'extract': has no group"),
        ("latency", {"extract": "(a)"}, "latency: field 'extract': isn't known here (known: name)"),
    ],
)
def test_what_cannot_be_used_is_refused_with_what_would_be_right(
    name: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(MetricError) as caught:
        scorer(name, **options)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("extract", "output", "scored", "extracted"),
    [
        (r"answer is (\w+)", "The answer is A. No, the answer is B.", "B", True),
        (r"(?s).*the answer is (.*?)\.?\s*$", "So\nthe answer is 3.5.\n", "3.5", True),
        (r"answer is (\w+) or (\w+)", "answer is A or B", "A", True),
        (r"answer is (\w+)", "B", "B", False),
        (r"answer is( \w+)?", "the answer is B, the answer is", "B", True),
        (r"answer is( \w+)?", "answer is", "answer is", False),
        (r"answer:(.*)", "answer:", "", True),
        (None, "B", "B", None),
    ],
)
def test_the_first_group_of_the_last_match_is_scored_in_place_of_the_output(
    extract: str | None, output: str, scored: str, extracted: bool | None
) -> None:
    score = scorer("exact_match", extract=extract)(Answer(output), [scored])
    assert score == MetricScore(1.0, extracted=extracted)


@pytest.mark.heavy
def test_a_pattern_that_backtracks_without_end_is_stopped_and_leaves_the_answer_unscored() -> None:
    endless, output = r"^(?:(?:a|a)+)+(b)$", "a" * 60 + "c"
    started = time.monotonic()
    extraction = scorer("exact_match", extract=endless)(Answer(output), ["b"])
    match = scorer("regex_match", pattern=endless)(Answer(output), [])
    assert time.monotonic() - started < 120  # two seconds of computing each, on a busy machine
    assert extraction == MetricScore(
        None, "the extraction pattern took more than 2 s on this output", extracted=False
    )
    assert match.value is None
    assert "took more than 2 s" in match.reason


def test_of_several_references_the_best_counts() -> None:
    score = scorer("token_f1")
    assert score(Answer("red cat"), ["dog", "cat", "red cat"]).value == 1
    assert score(Answer("red cat"), ["dog", None, "cat"]).value == pytest.approx(2 / 3)
    assert scorer("numeric_match")(Answer("3"), ["three", "4"]).value == 0


class Distance(TextMetric):
    """How far the output's number is from the reference."""

    title: ClassVar = "Distance"
    normalisation: ClassVar = "none"
    higher_is_better: ClassVar = False
    unit: ClassVar = "metres"

    def score(self, answer: Answer, reference: Any) -> MetricScore:
        return MetricScore(abs(float(answer.text) - float(reference)))


def test_of_several_references_the_best_is_the_smallest_where_lower_is_better() -> None:
    score = Scorer(Distance(name="distance"))
    assert score(Answer("3"), ["10", "4", "0"]).value == 1
    assert score(Answer("3"), ["ten", "5"]).value == 2


class Rank(TextMetric):
    """An answer's place by length in its batch, which only the whole batch tells."""

    title: ClassVar = "Rank"
    normalisation: ClassVar = "none"
    needs_reference: ClassVar = False

    def score_batch(self, batch: Sequence[Scorable], ask: Ask | None) -> list[MetricScore]:
        lengths = sorted(len(answer.text) for answer, _ in batch)
        return [MetricScore(float(lengths.index(len(answer.text)))) for answer, _ in batch]


def test_a_metric_is_asked_for_a_whole_batch_of_extracted_answers() -> None:
    score = Scorer(Rank(name="rank", extract="it is (.*)"))
    endless = "it is " + "a" * 10
    found = score.batch([(Answer(text), []) for text in ("long", "it is me", endless)])
    assert [(each.value, each.extracted) for each in found] == [(1, False), (0, True), (2, True)]


def test_a_metric_that_scores_one_answer_scores_a_batch_alike() -> None:
    score = scorer("exact_match")
    batch = [(Answer("a"), ["a"]), (Answer("b"), ["a", "b"]), (Answer("c"), [])]
    assert score.batch(batch) == [score(answer, references) for answer, references in batch]


class Judged(TextMetric):
    """1 where a model says that the answer is right."""

    title: ClassVar = "Judged"
    normalisation: ClassVar = "none"
    needs_model: ClassVar = True
    binary: ClassVar = True

    def score_batch(self, batch: Sequence[Scorable], ask: Ask | None) -> list[MetricScore]:
        assert ask is not None
        said = ask([f"Is {answer.text!r} right? {references}" for answer, references in batch])
        return [MetricScore(float(each.text == "yes")) for each in said]


def test_a_metric_that_needs_a_model_is_handed_one() -> None:
    asked: list[str] = []

    def model(prompts: Sequence[str]) -> list[JudgeReply]:
        asked.extend(prompts)
        return [JudgeReply("yes" if "'4'" in prompt else "no") for prompt in prompts]

    found = Scorer(Judged(name="judged"), ask=model).batch([(Answer("4"), [4]), (Answer("5"), [4])])
    assert [each.value for each in found] == [1, 0]
    assert asked == ["Is '4' right? [4]", "Is '5' right? [4]"]


def test_a_metric_that_needs_a_model_is_refused_where_none_is_given() -> None:
    with pytest.raises(MetricError, match="judged asks a model, and none is given"):
        Scorer(Judged(name="judged"))


@pytest.mark.parametrize("name", [name for name in METRICS if METRICS[name].needs_reference])
@pytest.mark.parametrize("references", [[], [None]])
def test_without_a_reference_an_answer_is_unscored(name: str, references: list[None]) -> None:
    assert scorer(name, **NEEDED.get(name, {}))(Answer("3"), references) == MetricScore(
        None, "no reference"
    )


def test_a_missing_reference_still_says_whether_the_pattern_matched() -> None:
    score = scorer("exact_match", extract="is (.*)")(Answer("it is B"), [])
    assert score == MetricScore(None, "no reference", extracted=True)


@pytest.mark.parametrize("reference", [True, {"a": 1}, ["a"]])
def test_a_reference_that_is_no_text_leaves_a_text_metric_unscored(reference: Any) -> None:
    score = scorer("exact_match")(Answer("x"), [reference])
    assert score.value is None
    assert score.reason == f"the reference is a {type(reference).__name__}, not text"


def test_one_text_in_place_of_a_list_of_references_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(TypeError, match="references are a list"):
        scorer("exact_match")(Answer("x"), "x")


REFERENCE = (
    st.text(max_size=30)
    | st.integers()
    | st.floats()
    | st.booleans()
    | st.dictionaries(st.text(max_size=3), st.integers() | st.text(max_size=3), max_size=3)
)


OF_ITSELF = [name for name, kind in METRICS.items() if not (kind.needs_model or kind.sandboxed)]


@pytest.mark.parametrize("name", OF_ITSELF)
@settings(max_examples=60, deadline=None)
@given(
    output=st.text(max_size=60) | st.from_regex(r"[-$.,0-9eE%() A-J{}\":]{0,20}", fullmatch=True),
    references=st.lists(REFERENCE, max_size=3),
)
def test_any_output_gets_a_finite_score_or_a_reason(
    name: str, output: str, references: list[Any]
) -> None:
    score = scorer(name, **NEEDED.get(name, {}))(Answer(output), references)
    if score.value is None:
        assert score.reason
    else:
        assert math.isfinite(score.value)
        assert METRICS[name].unit or 0 <= score.value <= 1
        assert not METRICS[name].binary or score.value in (0, 1)


@pytest.mark.parametrize(
    "name", ["exact_match", "contains", "token_f1", "rouge_1", "rouge_l", "bleu", "chrf"]
)
@settings(max_examples=60, deadline=None)
@given(text=st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=30))
def test_the_reference_itself_is_worth_one(name: str, text: str) -> None:
    assert scorer(name)(Answer(text), [text]).value == pytest.approx(1)
