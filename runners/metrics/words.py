"""What a word is, by rules that have a name, for metrics that compare words."""

import re
import unicodedata
from functools import lru_cache
from typing import Any

from runners.metrics.normalise import normalise
from runners.metrics.score import TextMetric

_UNSPACED = ("Han", "Hiragana", "Katakana", "Bopomofo", "Thai", "Lao", "Khmer", "Myanmar")
"""Scripts that put no spaces between words, by their names in Unicode."""
_SCRIPTS = "".join(rf"\p{{Script_Extensions={script}}}" for script in _UNSPACED)
_CHARACTER = rf"[[\p{{L}}\p{{Nl}}]&&[{_SCRIPTS}]]"
_RUN = rf"[\p{{L}}\p{{N}}--{_CHARACTER}][\p{{L}}\p{{N}}\p{{M}}--{_CHARACTER}]*"

_LETTERS = re.compile(r"\w+")
_ASCII = re.compile(r"[a-z0-9]+")


class WordMetric(TextMetric):
    """A metric of words. Its options are no part of its identity where they are the default, so
    that a score made before there were options is the same score."""

    @property
    def options(self) -> dict[str, Any]:
        return self.model_dump(
            mode="json", by_alias=True, exclude={"name"}, exclude_none=True, exclude_defaults=True
        )


def letter_words(text: str) -> list[str]:
    """Runs of letters, digits and underscores of any script, in small letters. A combining mark
    parts words, and Chinese without spaces is one word."""
    return _LETTERS.findall(text.lower())


def rouge_score_words(text: str) -> list[str]:
    """Runs of a to z and 0 to 9, in small letters, as the package rouge-score has them."""
    return _ASCII.findall(text.lower())


def unicode_words(text: str) -> list[str]:
    """Words of any script, in small letters.

    Full-width and half-width forms and other compatible characters are the same (NFKC), format
    characters (Unicode's Cf) are left out. A letter of a script that puts no spaces between words
    (Han, Hiragana, Katakana, Bopomofo, Thai, Lao, Khmer, Myanmar) is a word with the marks that
    follow it. Other runs of letters (L), numbers (N) and marks (M) are words; all else parts them.
    """
    words: list[str] = _pattern(rf"{_CHARACTER}\p{{M}}*|{_RUN}").findall(_plain(text))
    return words


def unicode_answer_words(text: str) -> list[str]:
    """As `unicode_words`, but punctuation (Unicode's P, and string.punctuation) is left out without
    parting words, as evaluations of answers to questions have it; white space parts them.

    Of Chinese that is MLQA's rule (Lewis et al. 2020, arXiv:1910.07475, mlqa_evaluation_v1.py),
    which leaves out no articles.
    """
    kept = normalise(_plain(text), punctuation=True)
    words: list[str] = _pattern(rf"{_CHARACTER}\p{{M}}*|[^\s{_CHARACTER}]+").findall(kept)
    return words


def squad_words(text: str) -> list[str]:
    """Words between white space, without capitals, punctuation and English articles, as SQuAD
    (Rajpurkar et al. 2016, arXiv:1606.05250)."""
    return normalise(text, lower=True, punctuation=True, articles=True).split()


def _plain(text: str) -> str:
    plain: str = _pattern(r"\p{Cf}+").sub("", unicodedata.normalize("NFKC", text).lower())
    return plain


@lru_cache(maxsize=4)
def _pattern(source: str) -> Any:
    import regex  # which knows scripts

    return regex.compile(source, regex.V1)
