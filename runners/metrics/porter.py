"""Porter's stemmer, as rouge-score applies it.

Porter 1980, "An algorithm for suffix stripping", Program 14(3), with the changes that nltk's
`PorterStemmer` makes by default; each is named where it is made. A stem is seldom a word: "happy"
and "happily" both become "happi".
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import pairwise

_SHORTEST = 4
"""Letters of the shortest word that rouge-score stems."""
_REMEMBERED = 40
"""Letters of the longest word whose stem is kept in memory."""
_VOWELS = frozenset("aeiou")

_WHOLE = {  # nltk: words that stand for themselves, or for another
    "skies": "sky",
    "dying": "die",
    "lying": "lie",
    "tying": "tie",
    "news": "news",
    "inning": "inning",
    "innings": "inning",
    "outing": "outing",
    "outings": "outing",
    "canning": "canning",
    "cannings": "canning",
    "howe": "howe",
    "proceed": "proceed",
    "exceed": "exceed",
    "succeed": "succeed",
}
# Of each table the first suffix that fits is the only one tried.
_SECOND = {
    "ational": "ate",
    "tional": "tion",
    "enci": "ence",
    "anci": "ance",
    "izer": "ize",
    "bli": "ble",  # Porter's own later change, of "abli"
    "alli": "al",
    "entli": "ent",
    "eli": "e",
    "ousli": "ous",
    "ization": "ize",
    "ation": "ate",
    "ator": "ate",
    "alism": "al",
    "iveness": "ive",
    "fulness": "ful",
    "ousness": "ous",
    "aliti": "al",
    "iviti": "ive",
    "biliti": "ble",
    "fulli": "ful",  # nltk
}
_THIRD = {
    "icate": "ic",
    "ative": "",
    "alize": "al",
    "iciti": "ic",
    "ical": "ic",
    "ful": "",
    "ness": "",
}
_FOURTH = (
    *("al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "ion"),
    *("ou", "ism", "ate", "iti", "ous", "ive", "ize"),
)


def stem(word: str) -> str:
    """The stem of a word of small letters; one of three letters or fewer is its own."""
    if len(word) < _SHORTEST:
        return word
    return _short_stem(word) if len(word) <= _REMEMBERED else _stem(word)


def _stem(word: str) -> str:
    if word in _WHOLE:
        return _WHOLE[word]
    word = _final_y(_past(_plural(word)))
    word = _second(word)
    word = _swap(word, _THIRD)
    word = _fourth(word)
    return _double_l(_final_e(word))


_short_stem = lru_cache(maxsize=50_000)(_stem)


def _consonants(text: str) -> Sequence[bool]:
    """Whether each character is no vowel; a y is one after a consonant."""
    kinds: list[bool] = []
    for char in text:
        after_consonant = bool(kinds) and kinds[-1]
        kinds.append(not after_consonant if char == "y" else char not in _VOWELS)
    return kinds


def _measure(text: str) -> int:
    """Porter's m: how often a consonant follows a vowel."""
    kinds = _consonants(text)
    return sum(now and not before for before, now in pairwise(kinds))


def _ends_short(text: str) -> bool:
    """Porter's *o, consonant-vowel-consonant but no w, x or y; nltk: also vowel-consonant alone."""
    kinds = _consonants(text)
    if len(text) == 2:
        return not kinds[0] and kinds[1]
    return kinds[-3:] == [True, False, True] and text[-1] not in "wxy"


def _plural(word: str) -> str:
    if word.endswith("ies"):
        return word[:-1] if len(word) == 4 else word[:-2]  # nltk: dies, die
    if word.endswith("sses"):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def _past(word: str) -> str:
    if word.endswith("ied"):
        return word[:-1] if len(word) == 4 else word[:-2]  # nltk: died, die; spied, spi
    if word.endswith("eed"):
        return word[:-1] if _measure(word[:-3]) > 0 else word
    for suffix in ("ed", "ing"):
        base = word.removesuffix(suffix)
        if base != word and not all(_consonants(base)):
            return _mended(base)
    return word


def _mended(base: str) -> str:
    """What -ed or -ing was taken from: conflat(ed), hopp(ing), fil(ing)."""
    if base.endswith(("at", "bl", "iz")):
        return base + "e"
    if base[-2:-1] == base[-1] and _consonants(base)[-1]:
        return base if base[-1] in "lsz" else base[:-1]
    return base + "e" if _measure(base) == 1 and _ends_short(base) else base


def _final_y(word: str) -> str:
    """nltk: after a consonant, and not of two letters (happi, enjoy, by)."""
    if word.endswith("y") and len(word) > 2 and _consonants(word)[-2]:
        return word[:-1] + "i"
    return word


def _second(word: str) -> str:
    if word.endswith("alli") and _measure(word[:-4]) > 0:  # nltk: before all others
        return _second(word[:-2])
    if word.endswith("logi"):  # nltk: the l counts with what stands before
        return word[:-1] if _measure(word[:-3]) > 0 else word
    return _swap(word, _SECOND)


def _swap(word: str, endings: Mapping[str, str]) -> str:
    for suffix, ending in endings.items():
        if word.endswith(suffix):
            base = word[: -len(suffix)]
            return base + ending if _measure(base) > 0 else word
    return word


def _fourth(word: str) -> str:
    for suffix in _FOURTH:
        if word.endswith(suffix):
            base = word[: -len(suffix)]
            fits = _measure(base) > 1 and (suffix != "ion" or base[-1] in "st")
            return base if fits else word
    return word


def _final_e(word: str) -> str:
    base = word.removesuffix("e")
    if base == word:
        return word
    measure = _measure(base)
    return base if measure > 1 or (measure == 1 and not _ends_short(base)) else word


def _double_l(word: str) -> str:
    return word[:-1] if word.endswith("ll") and _measure(word[:-1]) > 1 else word
