"""Metrics of JSON: is it JSON, does a schema hold, how many fields are right."""

from typing import Any

import pytest

from runners.metrics import Answer, MetricError, scorer

TICKET = {
    "type": "object",
    "properties": {"topic": {"enum": ["billing", "login"]}, "urgent": {"type": "boolean"}},
    "required": ["topic"],
}


@pytest.mark.parametrize(
    ("output", "root", "expected"),
    [
        (' {"a": [1, null]}\n', "any", 1),
        ("3", "any", 1),
        ("3", "object", 0),
        ("[1]", "array", 1),
        ("{}", "array", 0),
        ("", "any", 0),
        ("{'a': 1}", "any", 0),
        ('{"a": 1,}', "any", 0),
        ('{"a": NaN}', "any", 0),
        ('{"a": 1, "a": 2}', "any", 0),
        ('```json\n{"a": 1}\n```', "any", 0),
        ('{"a": 1} Hope this helps!', "any", 0),
    ],
)
def test_json_is_valid_where_the_whole_output_is_strict_json(
    output: str, root: str, expected: float
) -> None:
    score = scorer("json_valid", root=root)(Answer(output), [])
    assert score.value == expected
    assert bool(score.reason) == (expected == 0)


def test_json_in_a_fence_is_reached_by_an_extraction_pattern() -> None:
    fenced = scorer("json_valid", extract=r"(?s)```json\s*(.*?)```")
    assert fenced(Answer('Here:\n```json\n{"a": 1}\n```'), []).value == 1


@pytest.mark.parametrize(
    ("output", "expected", "reason"),
    [
        ('{"topic": "login", "urgent": true}', 1, ""),
        ('{"topic": "weather"}', 0, "$.topic: 'weather' is not one of ['billing', 'login']"),
        ('{"urgent": true}', 0, "$: 'topic' is a required property"),
        ("nonsense", 0, "malformed JSON at column 1: Expecting value"),
    ],
)
def test_a_schema_holds_or_an_error_is_named(output: str, expected: float, reason: str) -> None:
    score = scorer("json_schema", schema=TICKET)(Answer(output), [])
    assert (score.value, score.reason) == (expected, reason)


def test_without_the_option_each_reference_is_the_schema() -> None:
    score = scorer("json_schema")
    assert score.metric.compares is True
    assert score(Answer("3"), [{"type": "integer"}]).value == 1
    assert score(Answer("3"), ['{"type": "string"}']).value == 0
    assert score(Answer("3"), [{"type": "whole"}]).value is None
    assert score(Answer("3"), []).reason == "no reference"


@pytest.mark.parametrize("schema", [{"type": "whole"}, 3, "{", {"required": "topic"}])
def test_a_bad_schema_is_refused_before_anything_is_scored(schema: Any) -> None:
    with pytest.raises(MetricError, match="json_schema: field 'schema'"):
        scorer("json_schema", schema=schema)


def test_a_schema_is_never_fetched() -> None:
    elsewhere = {"$ref": "http://127.0.0.1:9/schema.json"}
    score = scorer("json_schema", schema=elsewhere)(Answer("3"), [])
    assert score.value is None
    assert score.reason.startswith("the schema refers to what is not in it")


def test_a_schema_may_refer_to_its_own_parts() -> None:
    schema = {"$defs": {"n": {"type": "integer"}}, "items": {"$ref": "#/$defs/n"}}
    assert scorer("json_schema", schema=schema)(Answer("[1, 2]"), []).value == 1
    assert scorer("json_schema", schema=schema)(Answer('[1, "2"]'), []).value == 0


def test_an_output_nested_beyond_what_a_schema_can_follow_is_unscored() -> None:
    schema = {"items": {"$ref": "#"}}
    score = scorer("json_schema", schema=schema)(Answer("[" * 480 + "]" * 480), [])
    assert score.value is None
    assert "recursion" in score.reason


@pytest.mark.parametrize(
    ("output", "options", "expected"),
    [
        ('{"topic": "login", "urgent": true, "n": 1.0, "who": {"id": 7}}', {}, 1),
        ('{"topic": "login", "urgent": 1, "n": 1, "who": {"id": 7}}', {}, 3 / 4),
        ('{"topic": "billing", "n": true}', {}, 0),
        ('{"topic": "Login", "who": {"id": 7, "x": 1}}', {}, 0),
        ('{"topic": "login", "extra": 1}', {}, 1 / 4),
        ('{"topic": "login", "extra": 1}', {"strict": True}, 1 / 5),
        ('{"topic": "login", "who": {"id": 7}}', {"fields": ["topic", "who.id"]}, 1),
        ('{"topic": "login", "who": 7}', {"fields": ["topic", "who.id"]}, 1 / 2),
        ('["login"]', {}, 0),
        ("nonsense", {}, 0),
    ],
)
def test_json_fields_is_the_share_of_the_references_fields_that_are_equal(
    output: str, options: dict[str, Any], expected: float
) -> None:
    reference = {"topic": "login", "urgent": True, "n": 1, "who": {"id": 7}}
    score = scorer("json_fields", **options)(Answer(output), [reference])
    assert score.value == pytest.approx(expected)


def test_the_fields_that_are_wrong_are_named() -> None:
    score = scorer("json_fields", strict=True)
    assert score(Answer('{"a": 2, "c": 1}'), ['{"a": 1, "b": 2}']).reason == "wrong: a, b, c"


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        ("nonsense", "the reference is not JSON"),
        ([1], "the reference is no JSON object with fields"),
        ({}, "the reference is no JSON object with fields"),
        ({"b": 1}, "the reference has no field 'a'"),
    ],
)
def test_a_reference_without_the_fields_leaves_the_answer_unscored(
    reference: Any, reason: str
) -> None:
    score = scorer("json_fields", fields=["a"])(Answer("{}"), [reference])
    assert score.value is None
    assert score.reason.startswith(reason)
