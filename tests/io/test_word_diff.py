"""What is marked as different between two answers."""

import time

from hypothesis import given
from hypothesis import strategies as st

from evalhub.io.word_diff import Piece, word_diff

WORDS = st.lists(st.sampled_from(["a", "b", "the", " ", "\n", ",", "9:46"])).map("".join)


def test_one_word_that_differs_is_marked_in_both() -> None:
    before, after, _ = word_diff("It arrived at 9 sharp.", "It arrived at 10 sharp.")
    assert before == [Piece("It arrived at ", False), Piece("9", True), Piece(" sharp.", False)]
    assert after == [Piece("It arrived at ", False), Piece("10", True), Piece(" sharp.", False)]


def test_equal_texts_have_no_marks() -> None:
    before, after, _ = word_diff("the same", "the same")
    assert before == after == [Piece("the same", False)]


def test_texts_that_share_next_to_nothing_are_marked_whole() -> None:
    _, after, _ = word_diff("It arrived at 9:46.", '{"intent": "arrival", "priority": "low"}')
    assert after == [Piece('{"intent": "arrival", "priority": "low"}', True)]


def test_an_empty_answer_has_no_pieces() -> None:
    assert word_diff("", "yes") == ([], [Piece("yes", True)], True)


def unmarked(pieces: list[Piece]) -> str:
    """What isn't marked, without white space: a space between two marks may be marked too."""
    return "".join("".join(piece.text for piece in pieces if not piece.changed).split())


@given(WORDS, WORDS)
def test_the_pieces_make_up_the_texts_and_agree_where_nothing_is_marked(
    before: str, after: str
) -> None:
    old, new, _ = word_diff(before, after)
    assert "".join(piece.text for piece in old) == before
    assert "".join(piece.text for piece in new) == after
    assert unmarked(old) == unmarked(new)


def test_ten_pairs_of_very_long_answers_take_no_time_to_speak_of() -> None:
    old = " ".join(f"word{i % 97}" for i in range(20_000))
    new = " ".join(f"word{i % 89}" for i in range(20_000))
    start = time.perf_counter()
    for _ in range(10):
        word_diff(old, new)
    assert time.perf_counter() - start < 2
