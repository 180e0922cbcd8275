"""Answers as a reviewer sees them."""

import pytest

from evalhub.declare.declaration import validate
from evalhub.declare.review import Form, Show
from evalhub.declare.study import StudyReview
from reviews.texts import Turn, display_text, turns


def test_what_a_reader_cannot_see_is_taken_out() -> None:
    assert display_text("\ufeffOne \r\ntwo\t\rthree\x00\n\n") == "One\ntwo\nthree"


def test_inner_layout_is_kept() -> None:
    assert display_text("a\n\n    b") == "a\n\n    b"


def test_a_json_answer_is_indented() -> None:
    assert display_text('{"a":[1,"ü \\n"]}') == '{\n  "a": [\n    1,\n    "ü \\n"\n  ]\n}'


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
    assert display_text(text) == text


def test_a_text_and_a_chat_are_read_as_turns() -> None:
    assert turns(" Hello? ") == [Turn("", "Hello?")]
    chat = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hello?"}]
    assert turns(chat) == [Turn("system", "Be kind."), Turn("user", "Hello?")]


PRETTY, PLAIN = validate(Show, {"json": "pretty"}), Show(markdown="plain")


@pytest.mark.parametrize(
    "text",
    [
        '{"b":1,"a":"ü"}',
        '{ "a": "\\u00fc",\n"b": 1 }',
        '```json\n{"a": "ü", "b": 1}\n```',
        '```\n{"b": 1,\t"a": "ü"}\n```\n',
    ],
    ids=["compact", "escapes", "fence", "bare fence"],
)
def test_json_that_says_the_same_reads_the_same_where_a_plan_asks_for_it(text: str) -> None:
    assert display_text(text, PRETTY) == '{\n  "a": "ü",\n  "b": 1\n}'
    assert display_text(text) != display_text(text, PRETTY)


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1, "a": 2}',
        '{"a": 0.1000000000000000055}',
        '{"a": 1e999}',
        '{"a": NaN}',
        '{"a": "\\ud800"}',
        '{"a": "\\u200b"}',
        '{"a": 1,}',
        "[" * 9999,
        "[" + "1" * 5000 + "]",
        "{a} is no JSON",
        "```python\n{}\n```",
    ],
    ids=["twice", "digits", "infinite", "NaN", "half", "unseen", "comma", "deep", "long", "prose",
         "code"],
)  # fmt: skip
def test_nothing_is_lost_for_the_sake_of_one_layout(text: str) -> None:
    assert display_text(text, PRETTY) == text


def test_marks_of_markdown_are_taken_off_and_words_and_code_are_left() -> None:
    text = (
        "# Title\n\n\n\n**Bold** and `code`, 2*3*4.\n\n* one\n+ two\n3) three\n---\n> said\n"
        "```python\n# a comment\nx = a ** b\n```\nEnd."
    )
    assert display_text(text, PLAIN) == (
        "Title\n\nBold and code, 2*3*4.\n\n- one\n- two\n3. three\nsaid\n"
        "# a comment\nx = a ** b\nEnd."
    )
    assert display_text("---", PLAIN) == "---"
    assert display_text("```\n```", PLAIN) == "```\n```"


def test_a_plan_says_how_answers_are_shown() -> None:
    usual = {"json": "indented", "markdown": "rendered"}
    assert Form().as_json()["show"] == usual
    assert validate(StudyReview, {"test_set": "q", "items": 3}).as_json()["show"] == usual
    asked = Form(show=PRETTY)
    assert asked.as_json()["show"] == {"json": "pretty", "markdown": "rendered"}
    assert validate(Form, asked.as_json()) == asked
    assert "JSON in one layout" in asked.show.sentence
    assert Show().sentence == ""
