"""What a message says: its answer, its reasoning and its calls, each apart."""

from typing import Any

import pytest

from runners.backends.messages import message_of, split_calls, split_reasoning


@pytest.mark.parametrize(
    ("text", "answer", "thought"),
    [
        ("<think>Hm.</think>\n\nParis", "Paris", "Hm."),
        ("\n<thinking>Hm.</thinking>Paris", "Paris", "Hm."),
        ("Hm.\n</think>\nParis", "Paris", "Hm."),
        ("<think>Hm. And then", "", "Hm. And then"),
        ("<think></think>Paris", "Paris", ""),
        ("Paris", "Paris", ""),
        ("Say <think> and </think> aloud", "Say <think> and </think> aloud", ""),
        ("", "", ""),
    ],
)
def test_thoughts_are_kept_apart(text: str, answer: str, thought: str) -> None:
    assert split_reasoning(text) == (answer, thought)


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
def test_a_servers_own_field_for_thoughts_is_read(field: str) -> None:
    said = message_of({"message": {"content": "Paris", field: "Hm."}})
    assert (said.text, said.reasoning, said.calls) == ("Paris", "Hm.", None)


def test_an_answer_that_only_calls_a_tool_is_an_answer() -> None:
    call = {"id": "1", "type": "function", "function": {"name": "now", "arguments": "{}"}}
    said = message_of({"message": {"content": None, "tool_calls": [call]}})
    assert (said.text, said.calls) == ("", [{"name": "now", "arguments": {}}])


def test_a_message_without_content_is_no_answer() -> None:
    assert message_of({"message": {"content": None}}).text is None
    assert message_of({"message": {"content": None, "reasoning_content": "Hm."}}).text is None
    assert message_of({}).text is None


def test_all_of_it_is_looked_through() -> None:
    call = {"name": "now", "arguments": '{"a": {"b": ["c"]}}'}
    said = message_of({"message": {"content": "x", "reasoning": "y", "tool_calls": [call]}})
    assert set(said.parts.split("\n")) == {"x", "y", "name", "now", "arguments", "a", "b", "c"}


@pytest.mark.parametrize("calls", [[{}], [{"function": {}}], ["now"], [{"function": {"name": 3}}]])
def test_a_call_that_nobody_could_make_is_an_error(calls: Any) -> None:
    with pytest.raises(ValueError, match="without a name"):
        message_of({"message": {"content": "", "tool_calls": calls}})


def test_tools_are_called_in_a_text() -> None:
    first = '<tool_call>\n{"name": "now", "arguments": {"zone": "UTC"}}\n</tool_call>'
    second = '<tool_call>{"name": "add", "arguments": "{\\"a\\": 1}"}</tool_call>'
    assert split_calls(f"I look.\n{first}\n{second}") == (
        "I look.",
        [{"name": "now", "arguments": {"zone": "UTC"}}, {"name": "add", "arguments": {"a": 1}}],
    )


@pytest.mark.parametrize(
    "text",
    [
        "It is noon.",
        "<tool_call>now()</tool_call>",
        '<tool_call>{"arguments": {}}</tool_call>',
        '<tool_call>["now"]</tool_call>',
        '<tool_call>{"name": "now", "arguments": {',
        '<tool_call>{"name": "now"}</tool_call><tool_call>{"name": </tool_call>',
    ],
)
def test_what_is_no_call_is_text(text: str) -> None:
    assert split_calls(text) == (text, None)
