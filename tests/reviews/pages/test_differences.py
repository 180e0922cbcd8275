"""What differs between two answers, as both panes mark it."""

import re
from html import unescape

import pytest

from reviews.pages.differences import mark_differences


def bare(html: str) -> str:
    return unescape(re.sub(r"</?mark>", "", html))


def test_both_sides_are_marked_where_the_other_says_something_else() -> None:
    left, right = mark_differences("We refund it today.", "We refund half of it soon.")
    assert left.html == "We refund it <mark>today</mark>."
    assert right.html == "We refund <mark>half of</mark> it <mark>soon</mark>."
    assert (left.words, right.words) == (1, 3)


def test_exchanging_the_sides_exchanges_the_marks() -> None:
    there = mark_differences("one two three", "one three")
    assert there == mark_differences("one three", "one two three")[::-1]


def test_white_space_makes_no_difference() -> None:
    left, right = mark_differences("a  b\nc", "a b c")
    assert (left.html, right.html) == ("a  b\nc", "a b c")


def test_answers_are_escaped() -> None:
    left, _ = mark_differences("<b>&", "<i>&")
    assert left.html == "&lt;<mark>b</mark>&gt;&amp;"


def test_nothing_but_marks_is_added_to_either_text() -> None:
    texts = " x <y> & z\n\n  w", "é <y> 'q' w \n"
    left, right = mark_differences(*texts)
    assert (bare(left.html), bare(right.html)) == texts


def test_a_mark_ends_with_its_line() -> None:
    left, _ = mark_differences("a b\n\n c", "")
    assert left.html == "<mark>a b</mark>\n\n <mark>c</mark>"


def test_an_empty_answer_differs_in_everything() -> None:
    left, right = mark_differences("", "all of it")
    assert left.html == ""
    assert right.html == "<mark>all of it</mark>"


@pytest.mark.parametrize(("tail", "marks"), [("the same end\n", 1), ("other words\n", 2)])
def test_long_answers_are_compared_line_by_line_first(tail: str, marks: int) -> None:
    same = "".join(f"line {i} with some words in it\n" for i in range(400))
    ours = f"this begins\n{same}{tail}"
    left, _ = mark_differences(ours, f"that begins\n{same}the same end\n")
    assert left.html.count("<mark>") == marks
    assert bare(left.html) == ours


def test_two_long_answers_with_nothing_in_common_are_marked_whole() -> None:
    left, right = mark_differences(
        "\n".join(f"a{i}" for i in range(3000)), "\n".join(f"b{i}" for i in range(3000))
    )
    assert (left.words, right.words) == (3000, 3000)
    assert left.html.count("<mark>") == 3000  # a line each


def test_answers_that_loop_are_not_counted_word_by_word() -> None:
    left, right = mark_differences("x y\n" * 3000 + "z", "y x\nx y\n" * 3000)
    assert (left.words, right.words) == (None, None)
    assert bare(left.html) == "x y\n" * 3000 + "z"
