"""Tools and calls, as files and servers have them."""

import json
from pathlib import Path
from typing import Any

import pytest

from evalhub.io.answers import read_answers
from evalhub.io.items import FieldMapping, ItemContent, read_items
from evalhub.io.rows import DataError
from evalhub.io.tools import call_text, calls_of, message_text, tools_of, with_calls

BOOK = {"name": "book", "parameters": {"type": "object"}}
CALL = {"name": "book", "arguments": {"day": "Monday"}}
AS_SENT = {"id": "1", "type": "function", "function": CALL | {"arguments": '{"day": "Monday"}'}}


def item(folder: Path, **fields: Any) -> ItemContent:
    path = folder / "items.jsonl"
    path.write_text(json.dumps({"id": "a", "input": "Book me Monday."} | fields) + "\n")
    ((_, found),) = read_items(path, FieldMapping(tools="tools" if "tools" in fields else None))
    return found


@pytest.mark.parametrize("given", [[CALL], [AS_SENT]])
def test_calls_are_read_in_both_forms(given: Any) -> None:
    assert calls_of(given) == [CALL]


def test_arguments_that_are_no_object_stay_what_they_are() -> None:
    (call,) = calls_of([{"name": "book", "arguments": '{"day": '}]) or []
    assert call["arguments"] == '{"day": '
    assert calls_of([{"name": "now"}]) == [{"name": "now", "arguments": {}}]


@pytest.mark.parametrize(
    "given", ["book", [{}], [3], [{"name": ""}], [{"name": "x" * 201}], [CALL] * 129]
)
def test_what_is_no_call_is_refused(given: Any) -> None:
    with pytest.raises(ValueError, match="call"):
        calls_of(given)


def test_calls_are_read_by_people_a_line_each() -> None:
    assert call_text(CALL) == 'book(day="Monday")'
    assert with_calls("One moment.", [CALL]) == 'One moment.\nbook(day="Monday")'
    assert with_calls("", [CALL]) == 'book(day="Monday")'
    assert with_calls("Done.", None) == "Done."
    said = {"role": "assistant", "content": None, "tool_calls": [AS_SENT]}
    assert message_text(said) == 'book(day="Monday")'


def test_items_carry_tools_which_are_part_of_what_is_asked(tmp_path: Path) -> None:
    with_tools, without = item(tmp_path, tools=[BOOK]), item(tmp_path)
    assert (
        with_tools.tools == [{"type": "function", "function": BOOK}] == tools_of(with_tools.tools)
    )
    assert without.tools is None
    assert with_tools.input_bytes() != without.input_bytes()
    assert without.input_bytes() == b'["Book me Monday.",[],""]'
    assert item(tmp_path, tools=json.dumps([BOOK])).tools == with_tools.tools


@pytest.mark.parametrize("tools", ["book", [{}], [BOOK, BOOK], [{"name": "a", "parameters": 3}]])
def test_what_is_no_tool_is_refused_where_it_stands(tmp_path: Path, tools: Any) -> None:
    with pytest.raises(DataError, match=r"items\.jsonl, line 1, field 'tools'"):
        item(tmp_path, tools=tools)


def test_a_conversation_with_calls_and_their_answers_is_an_input(tmp_path: Path) -> None:
    turns = [
        {"role": "user", "content": "Book me Monday."},
        {"role": "assistant", "content": None, "tool_calls": [AS_SENT]},
        {"role": "tool", "tool_call_id": "1", "content": "taken"},
    ]
    found = item(tmp_path, input=turns)
    assert found.input == turns
    assert isinstance(found.fingerprint(), int)


@pytest.mark.parametrize(
    "turn",
    [
        {"role": "tool", "content": "taken"},
        {"role": "assistant", "content": None},
        {"role": "user", "content": "Hi", "tool_calls": [CALL]},
        {"role": "assistant", "content": None, "tool_calls": ["book"]},
        {"role": "user", "content": "Hi", "name": "Rui"},
    ],
)
def test_a_message_that_cant_be_sent_is_refused(tmp_path: Path, turn: dict[str, Any]) -> None:
    with pytest.raises(DataError, match=r"field 'input\[0\][.']"):
        item(tmp_path, input=[turn])


def test_recorded_answers_may_call_tools_and_have_thought(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    rows = [
        {"id": "a", "output": "Right.", "reasoning": "Well …", "finish_reason": "stop"},
        {"id": "b", "tool_calls": [AS_SENT]},
        {"id": "c", "output": None, "tool_calls": [CALL]},
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    first, second, third = read_answers(path)
    assert (first.text, first.reasoning, first.tool_calls) == ("Right.", "Well …", None)
    assert (second.text, second.tool_calls) == ("", [CALL])
    assert (third.text, third.tool_calls) == ("", [CALL])
    path.write_text('{"id": "a", "output": "x", "tool_calls": ["book"]}\n')
    with pytest.raises(DataError, match="field 'tool_calls'"):
        list(read_answers(path))
