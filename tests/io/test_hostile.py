"""Texts made to stall whoever reads them: each is read in a moment, or refused."""

import subprocess
import sys
from pathlib import Path

import pytest

from evalhub.io.document import MOST_ALIASES, MOST_BYTES, MOST_VALUES, Document
from evalhub.io.json_values import NESTING, JsonError, parse_json
from evalhub.io.rows import DataError
from evalhub.io.word_diff import LONGEST, word_diff

LIMIT_S = 240
"""For what took minutes to hours and takes a second now: generous, as machines are busy."""

STALLS = {
    "signs before a word": "question('a' + '!' * 1_000_000 + 'a').fingerprint()",
    "signs behind it": "question('a' + '!' * 1_000_000).fingerprint()",
    "combining marks": r"question('a' + '\u0316\u0301' * 500_000).fingerprint()",
    "a name twice among many": "refused('{' + names(90_000) + '\"89999\":2}')",
    "a long name": "parse_json('{\"' + 'k' * 500_000 + '\":[' + '0,' * 250_000 + '0]}')",
    "brackets without end": "refused('[' * 500_000)",
    "digits without end": "refused('1' * 1_000_000)",
    "white space": "word_diff('x' + ' ' * 99_000 + 'x', 'y' + ' ' * 99_000 + 'z')",
    "two answers that loop": "word_diff('x y ' * 450 + 'z', 'y x ' * 500)",
    "lines that loop": r"word_diff('x y\n' * 10_000 + 'z', 'y x\nx y\n' * 10_000)",
    "a loop within a line": "word_diff('a b a ' * 330 + 'c', 'b a ' * 500)",
    "a megabyte each": "word_diff('x y ' * 250_000, 'y x ' * 250_000)",
}
SET_UP = """
from evalhub.io.items import ItemContent
from evalhub.io.json_values import JsonError, parse_json
from evalhub.io.word_diff import word_diff
def question(text):
    return ItemContent('k', text, [], '', [], '', {})
def names(n):
    return ''.join(f'"{i}":1,' for i in range(n))
def refused(text):
    try:
        parse_json(text)
    except JsonError:
        return
    raise AssertionError
"""


@pytest.mark.parametrize("what", STALLS)
def test_no_text_stalls(what: str) -> None:
    subprocess.run([sys.executable, "-c", SET_UP + STALLS[what]], timeout=LIMIT_S, check=True)


def test_texts_that_repeat_themselves_say_that_they_are_not_aligned() -> None:
    found = word_diff("x y\n" * 3_000 + "z", "y x\nx y\n" * 3_000)
    assert not found.aligned
    assert "".join(piece.text for piece in found.one) == "x y\n" * 3_000 + "z"


def test_texts_beyond_what_is_compared_come_back_in_one_piece() -> None:
    one, other = "a" * LONGEST, "b"
    assert [len(pieces) for pieces in word_diff(one, other)[:2]] == [1, 1]
    assert not word_diff(one, other).aligned
    assert word_diff(one, one).aligned


def test_json_is_nested_up_to_a_depth_that_is_told() -> None:
    parse_json("[" * NESTING + "]" * NESTING)
    with pytest.raises(JsonError, match=f"nested more than {NESTING} deep"):
        parse_json("[" * (NESTING + 1) + "]" * (NESTING + 1))


def test_the_first_flaw_of_a_value_is_told() -> None:
    with pytest.raises(JsonError) as caught:
        parse_json('{"a": ["fine", "\\u0000"], "b": "\\ud800"}')
    assert caught.value.field == "a[1]"


LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)
)


@pytest.mark.parametrize(
    ("text", "said", "line"),
    [
        (LAUGHS, f"more than {MOST_VALUES:,} values", 1),
        ("a: &a x\nb:\n" + "- *a\n" * 1001, f"more than {MOST_ALIASES:,} aliases", 1004),
        ("a: 1\nb: &b [*b]\n", "holds itself", 2),
        ("a:\n  " + "[" * 100_000, "nested more than 60 deep", 2),
        ("a: 1\nb: " + "9" * 5000, "a number of more than 400 characters", 2),
        ("a: 1\nb: 1" + ":1" * 100_000, "a number of more than 400 characters", 2),
        ("a: x\n" * (MOST_BYTES // 4), "longer than 4 MiB", 838_862),
        ("a:\n  b: 'x'\n  c: \"x\\0y\"\n", "field 'a.c': holds a NUL character at position 2", 3),
        ('a: "\\e[31m"\n', "holds the control character U+001B", 1),
        ('a: 1\nb: "\\ud800"\n', "holds half a surrogate pair", 2),
        ('a:\n  "b\\0": 1\n', "a name in it holds a NUL character", 2),
    ],
    ids=["laughs", "aliases", "itself", "deep", "digits", "sixties", "long", "nul", "escape",
         "surrogate", "name"],
)  # fmt: skip
def test_a_document_that_asks_too_much_is_refused(
    tmp_path: Path, text: str, said: str, line: int
) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(text)
    with pytest.raises(DataError) as caught:
        Document(path)
    assert said in str(caught.value)
    assert caught.value.line == line
