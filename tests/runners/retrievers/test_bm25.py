"""What a retriever finds: published scores, one order, and nothing for what shares no word."""

import pytest

from evalhub.declare.retrievers import Retriever
from runners.retrievers.bm25 import Index

ANIMALS = (
    "a cat is a feline and likes to purr",
    "a dog is the human's best friend and loves to play",
    "a bird is a beautiful animal that can fly",
    "a fish is a creature that lives in water and swims",
)
USUAL = Retriever(documents="sha256:…")


def test_the_scores_are_those_of_bm25s_s_own_readme() -> None:
    found = Index.of(ANIMALS, USUAL).best("does the fish purr like a cat?", 3)
    assert [number for number, _ in found] == [0, 3]
    assert [score for _, score in found] == pytest.approx([1.058438, 0.481589], abs=1e-6)


def test_an_index_is_made_without_a_word(caplog: pytest.LogCaptureFixture) -> None:
    Index.of(ANIMALS, USUAL).best("cat", 3)
    assert caplog.records == []


def test_a_score_is_what_the_formula_says() -> None:
    """Two documents of 1 and 3 words, "sun" in the second alone, k1 = 1.2, b = 0.5: idf =
    ln(1 + (2 - 1 + .5)/(1 + .5)) = ln 2; tf part 1/(1 + 1.2·(.5 + .5·3/2)) = 1/2.5."""
    retriever = Retriever(documents="x", k1=1.2, b=0.5, stopwords=None)
    found = Index.of(["moon", "sun moon star"], retriever).best("sun", 1)
    assert found == [(1, pytest.approx(0.693147 / 2.5, abs=1e-6))]


def test_of_equal_documents_the_first_comes_first_and_no_more_than_k_do() -> None:
    index = Index.of(["a red house", "a blue house", "a red house", "a red house"], USUAL)
    assert [number for number, _ in index.best("Red house", 2)] == [0, 2]
    assert len(index.best("house", 50)) == 4


@pytest.mark.parametrize("query", ["", "?!", "the", "zebra", "\0", "x" * 100_000])
def test_what_shares_no_word_with_any_finds_nothing(query: str) -> None:
    assert Index.of(ANIMALS, USUAL).best(query, 3) == []


def test_words_in_any_script_are_words() -> None:
    index = Index.of(["Der Kühlschrank steht links", "холодильник слева", "冷蔵庫は左です"], USUAL)
    assert [number for number, _ in index.best("Где холодильник?", 3)] == [1]
    assert [number for number, _ in index.best("kühlschrank", 3)] == [0]
