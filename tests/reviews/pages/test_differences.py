"""What differs between two answers, as both panes mark it."""

import re
from html import unescape

import pytest

from reviews.pages.differences import differences


def bare(html: str) -> str:
    return unescape(re.sub(r"</?mark>", "", html))


def test_both_sides_are_marked_where_the_other_says_something_else() -> None:
    found = differences("We refund it today.", "We refund half of it soon.")
    assert found.left == "We refund it <mark>today</mark>."
    assert found.right == "We refund <mark>half of</mark> it <mark>soon</mark>."
    assert (found.only_left, found.only_right) == (1, 3)


def test_exchanging_the_sides_exchanges_the_marks() -> None:
    there, back = (
        differences("one two three", "one three"),
        differences("one three", "one two three"),
    )
    assert (there.left, there.right) == (back.right, back.left)


def test_white_space_makes_no_difference() -> None:
    found = differences("a  b\nc", "a b c")
    assert (found.left, found.right) == ("a  b\nc", "a b c")


def test_answers_are_escaped() -> None:
    found = differences("<b>&", "<i>&")
    assert found.left == "&lt;<mark>b</mark>&gt;&amp;"


def test_nothing_but_marks_is_added_to_either_text() -> None:
    left, right = " x <y> & z\n\n  w", "é <y> 'q' w \n"
    found = differences(left, right)
    assert bare(found.left) == left
    assert bare(found.right) == right


def test_a_mark_ends_with_its_line() -> None:
    assert differences("a b\n\n c", "").left == "<mark>a b</mark>\n\n <mark>c</mark>"


def test_an_empty_answer_differs_in_everything() -> None:
    found = differences("", "all of it")
    assert found.left == ""
    assert found.right == "<mark>all of it</mark>"


@pytest.mark.parametrize("tail", ["the same end\n", "other words\n"])
def test_long_answers_are_compared_line_by_line_first(tail: str) -> None:
    same = "".join(f"line {i} with some words in it\n" for i in range(400))
    found = differences(same + tail, same + "the same end\n")
    assert ("<mark>" in found.left) == (tail == "other words\n")
    assert bare(found.left) == same + tail


def test_two_long_answers_with_nothing_in_common_are_marked_whole() -> None:
    found = differences(
        "\n".join(f"a{i}" for i in range(3000)), "\n".join(f"b{i}" for i in range(3000))
    )
    assert (found.only_left, found.only_right) == (3000, 3000)
    assert found.left.count("<mark>") == 3000  # a line each
