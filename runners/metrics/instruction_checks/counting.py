"""Checks that count: words, keywords, letters, paragraphs."""

import re
from collections.abc import Sequence

from evalhub.io.instructions import LESS

_PUNCTUATION = frozenset(".,?!'\"")


def _holds(count: int, relation: str, bound: int) -> bool:
    """Whether a count is less than a bound, or at least it."""
    return count < bound if relation == LESS else count >= bound


def has_keywords(text: str, *, keywords: Sequence[str]) -> bool:
    """Whether each keyword occurs, in capitals or not, also inside a word."""
    return all(re.search(keyword, text, re.IGNORECASE) for keyword in keywords)


def has_keyword_often(text: str, *, keyword: str, frequency: int, relation: str) -> bool:
    """Whether a keyword occurs as often as asked, in capitals or not."""
    return _holds(len(re.findall(keyword.strip(), text, re.IGNORECASE)), relation, frequency)


def lacks_words(text: str, *, forbidden_words: Sequence[str]) -> bool:
    """Whether none of the words occurs as a word of its own."""
    return not any(re.search(rf"\b{word}\b", text, re.IGNORECASE) for word in forbidden_words)


def has_letter_often(text: str, *, letter: str, let_frequency: int, let_relation: str) -> bool:
    """Whether a character occurs as often as asked, in capitals or not.

    Where it is no letter from a to z, lm-eval counts a letter drawn at random in its place.
    """
    return _holds(text.lower().count(letter.lower()), let_relation, let_frequency)


def has_words(text: str, *, num_words: int, relation: str) -> bool:
    r"""Whether the runs of letters, digits and _ (`\w+`) are as many as asked."""
    return _holds(len(re.findall(r"\w+", text)), relation, num_words)


def has_paragraphs(text: str, *, num_paragraphs: int) -> bool:
    """Whether *** parts the text into exactly so many paragraphs. One that is empty doesn't count
    at either end, and is wrong between others."""
    filled = [bool(part.strip()) for part in re.split(r"\s?\*\*\*\s?", text)]
    return all(filled[1:-1]) and sum(filled) == num_paragraphs


def has_first_word(text: str, *, num_paragraphs: int, nth_paragraph: int, first_word: str) -> bool:
    """Whether there are exactly so many paragraphs, parted by an empty line, and one of them begins
    with a word. Its number counts empty ones, too."""
    parts = text.split("\n\n")
    count = sum(bool(part.strip()) for part in parts)
    if count != num_paragraphs or nth_paragraph > count or not parts[nth_paragraph - 1].strip():
        return False
    word = parts[nth_paragraph - 1].split()[0].lstrip("'").lstrip('"')
    end = next((at for at, sign in enumerate(word) if sign in _PUNCTUATION), len(word))
    # letter by letter, as a Greek sigma at the end would be another one
    return "".join(letter.lower() for letter in word[:end]) == first_word.lower()
