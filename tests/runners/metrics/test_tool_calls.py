"""Calls of tools, compared with those that are right."""

from typing import Any

import pytest

from runners.metrics import Answer, scorer

MONDAY = {"name": "book", "arguments": {"day": "Monday", "seats": 2}}
TUESDAY = {"name": "book", "arguments": {"day": "Tuesday", "seats": 2}}
NOW = {"name": "now", "arguments": {}}


@pytest.mark.parametrize(
    ("calls", "reference", "options", "value"),
    [
        ([MONDAY], MONDAY, {}, 1),
        ([MONDAY], [MONDAY], {}, 1),
        ([{**MONDAY, "arguments": {"seats": 2.0, "day": "Monday"}}], MONDAY, {}, 1),
        ([MONDAY], TUESDAY, {}, 0),
        ([MONDAY], NOW, {}, 0),
        ([MONDAY, NOW], MONDAY, {}, 0),
        (None, MONDAY, {}, 0),
        (None, [], {}, 1),
        ([NOW], [], {}, 0),
        ([MONDAY, TUESDAY], [TUESDAY, MONDAY], {}, 1),
        ([MONDAY, TUESDAY], [TUESDAY, MONDAY], {"ordered": True}, 0),
        ([MONDAY], {"name": "book", "arguments": {"day": "Monday"}}, {}, 0),
        ([MONDAY], {"name": "book", "arguments": {"day": "Monday"}}, {"arguments": "given"}, 1),
        ([MONDAY], TUESDAY, {"arguments": "ignored"}, 1),
        ([{"name": "book", "arguments": '{"day": '}], MONDAY, {}, 0),
        ([MONDAY], '{"name": "book", "arguments": {"day": "Monday", "seats": 2}}', {}, 1),
    ],
)
def test_calls_match_as_the_options_say(
    calls: Any, reference: Any, options: dict[str, Any], value: float
) -> None:
    score = scorer("tool_call_match", **options)
    assert score(Answer("", tool_calls=calls), [reference]).value == value


def test_calls_find_their_fellows_where_the_first_fit_would_take_anothers() -> None:
    loose = [{"name": "book", "arguments": {}}, {"name": "book", "arguments": {"day": "Monday"}}]
    score = scorer("tool_call_match", arguments="given")
    assert score(Answer("", tool_calls=[MONDAY, TUESDAY]), [loose]).value == 1


def test_it_is_said_what_was_called_instead() -> None:
    found = scorer("tool_call_match")(Answer("", tool_calls=[NOW]), [MONDAY])
    assert found.reason == 'calls now() in place of book(day="Monday", seats=2)'


@pytest.mark.parametrize("reference", ["Paris", 3, [{"day": 1}], [3]])
def test_a_reference_that_is_no_call_leaves_the_answer_unscored(reference: Any) -> None:
    assert scorer("tool_call_match")(Answer("", tool_calls=[NOW]), [reference]).value is None
