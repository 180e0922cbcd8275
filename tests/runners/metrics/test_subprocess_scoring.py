"""What can stall who scores is scored in a process that can be ended; the next answer follows."""

import json
import os
import time
from typing import Any

import pytest

from runners.metrics import Answer, MetricError, scorer
from runners.metrics.subprocess_scoring import LONG, SECONDS

OBJECTS = json.dumps([{"a": n} for n in range(20_000)])
NESTED: dict[str, Any] = {"pattern": "^(a|aa)+$"}
for _ in range(16):
    NESTED = {"allOf": [NESTED, NESTED]}
"""65,536 schemas, 2.5 MB: a quarter of them took 2.7 s to read."""
LIMIT_S = 240
"""For what took minutes to for ever, and takes a few seconds on a machine that is busy."""


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ({"type": "array", "uniqueItems": True}, OBJECTS),
        ({"pattern": "^(a|aa)+$"}, json.dumps("a" * 200 + "b")),
    ],
    ids=["unique items", "pattern"],
)
@pytest.mark.heavy
@pytest.mark.alone
def test_a_schema_that_takes_too_long_leaves_the_answer_unscored_and_the_next_one_scored(
    schema: dict[str, Any], text: str
) -> None:
    score, start = scorer("json_schema", schema=schema), time.monotonic()
    slow, quick = score.batch([(Answer(text), []), (Answer("[1]"), [])])
    assert slow.value is None
    assert slow.reason == f"json_schema took more than {SECONDS:g} s on this output"
    assert quick.value is not None
    assert time.monotonic() - start < LIMIT_S


@pytest.mark.heavy
def test_a_pattern_that_no_time_limit_within_stops_is_stopped() -> None:
    score, start = scorer("regex_match", pattern="(a|aa)+$"), time.monotonic()
    assert "took more than 2 s" in score(Answer("a" * 100_000 + "b")).reason
    assert score(Answer("baa")).value == 1
    assert time.monotonic() - start < LIMIT_S


@pytest.mark.heavy
def test_a_schema_that_takes_too_long_to_read_is_refused() -> None:
    start = time.monotonic()
    with pytest.raises(MetricError, match="reading it took more than"):
        scorer("json_schema", schema=NESTED)
    assert time.monotonic() - start < LIMIT_S


@pytest.mark.heavy
def test_a_reference_that_is_such_a_schema_leaves_the_answer_unscored() -> None:
    found = scorer("json_schema")(Answer('"aab"'), [json.dumps(NESTED)])
    assert found.value is None
    assert "took more than" in found.reason


@pytest.mark.heavy
def test_a_pattern_that_takes_too_long_to_read_is_refused() -> None:
    start = time.monotonic()
    with pytest.raises(MetricError, match="reading it took more than"):
        scorer("regex_match", pattern="(?:" * 80 + "a" + "{1,2})" * 80)
    with pytest.raises(MetricError, match="longer than 10,000 characters"):
        scorer("contains", extract="(a)" * 10_000)
    assert time.monotonic() - start < LIMIT_S


@pytest.mark.parametrize(
    "name", ["bleu", "chrf", "rouge_l", "token_f1", "exact_match", "numeric_match", "contains"]
)
@pytest.mark.heavy
@pytest.mark.alone
def test_a_megabyte_of_text_is_scored_or_left_in_a_moment(name: str) -> None:
    words = [f"w{n * 7919 % 99_991}" for n in range(150_000)]
    start = time.monotonic()
    found = scorer(name)(Answer(" ".join(words)), [" ".join(reversed(words))])
    assert found.value is not None or found.reason
    assert time.monotonic() - start < LIMIT_S


def test_rouge_of_long_answers_is_the_same_apart_as_here() -> None:
    text, reference = "one two three four " * (LONG // 15), "one three two four " * 10
    score = scorer("rouge_l")
    here = score.metric.score(Answer(text), reference)
    assert score(Answer(text), [reference]) == here


def test_a_fork_has_a_process_of_its_own() -> None:
    score = scorer("regex_match", pattern="a")
    assert score(Answer("a")).value == 1
    fork = os.fork()
    if not fork:  # as a worker of Celery is
        os._exit(0 if score(Answer("b")).value == 0 else 1)
    assert os.waitpid(fork, 0)[1] == 0
    assert score(Answer("a")).value == 1
