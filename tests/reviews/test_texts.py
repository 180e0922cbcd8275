"""Answers as a reviewer sees them."""

import pytest

from reviews.texts import Turn, shown, turns


def test_what_a_reader_cannot_see_is_taken_out() -> None:
    assert shown("\ufeffOne \r\ntwo\t\rthree\x00\n\n") == "One\ntwo\nthree"


def test_inner_layout_is_kept() -> None:
    assert shown("a\n\n    b") == "a\n\n    b"


def test_a_json_answer_is_indented() -> None:
    assert shown('{"a":[1,"ü \\n"]}') == '{\n  "a": [\n    1,\n    "ü \\n"\n  ]\n}'


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1, "a": 2}',
        '{"a": 1.50}',
        '{"a": 1,}',
        "{a}",
        "[1, 2",
        '{"a": "\\u00fc"}',
        "[" * 9999,
    ],
    ids=["duplicate key", "trailing zero", "comma", "no JSON", "cut off", "escape", "deep"],
)
def test_json_that_would_change_by_more_than_white_space_stays_as_it_came(text: str) -> None:
    assert shown(text) == text


def test_a_text_and_a_chat_are_read_as_turns() -> None:
    assert turns(" Hello? ") == [Turn("", "Hello?")]
    chat = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hello?"}]
    assert turns(chat) == [Turn("system", "Be kind."), Turn("user", "Hello?")]
