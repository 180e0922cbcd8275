"""Texts without what a reader doesn't see: the same question is the same text. Pure."""

import unicodedata
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from regex import Match

# By the two libraries that know Unicode's lists: imported for a text that isn't ASCII alone.


def fold(text: str) -> str:
    """The text in the form in which texts are compared: words, signs and white space are
    normalised.

    Characters that nobody sees are dropped (Unicode's Default_Ignorable_Code_Point, control and
    format characters, the blank Braille pattern), compatible forms are one (NFKC), capitals are
    small letters, and a letter that looks like one of ASCII is that one.
    """
    if text.isascii():
        return text.translate(_ASCII_CONTROLS).lower()
    from regex import sub

    # Before NFKC, since an unseen character keeps a letter and its mark apart, and after it, since
    # the compatible form of some signs holds one.
    seen = _without_unseen(unicodedata.normalize("NFKC", _without_unseen(text)))
    return _without_unseen(
        unicodedata.normalize("NFKC", sub(r"[\p{L}\p{M}]+", _latin, seen).casefold())
    )


# White space stays: words are told apart by it.
_ASCII_CONTROLS = dict.fromkeys([*range(9), *range(14, 28), 127])
_UNSEEN = r"[[\p{Default_Ignorable_Code_Point}\p{Cf}\p{Cc}\u2800]--\s]+"


def _without_unseen(text: str) -> str:
    from regex import V1, sub

    return str(sub(_UNSEEN, "", text, flags=V1))


def _latin(word: "Match[str]") -> str:
    """A word with letters of ASCII in place of those that look like them.

    In a word that holds letters of ASCII a capital is what the capital looks like: Greek Ν is an N.
    Any other word is compared by its small letters, so that it is the same in capitals.
    """
    letters = str(word[0])
    if letters.isascii():
        return letters
    alike = look_alikes()
    if not any(letter.isascii() for letter in letters):
        letters = letters.casefold()
    return "".join(alike.get(letter, letter) for letter in letters)


@cache
def look_alikes() -> Mapping[str, str]:
    """Non-ASCII letter → the ASCII letter that it is confused with.

    Of Unicode's confusables (UTS 39) those of one letter and one letter; 1 and l, 0 and O, rn and m
    stay apart. A small letter that looks like none is what its capital looks like, so that capitals
    don't count.
    """
    from confusable_homoglyphs.confusables import confusables_data

    alike: dict[str, str] = {}
    for letter, others in confusables_data.items():
        if len(letter) != 1 or letter.isascii() or not unicodedata.category(letter).startswith("L"):
            continue
        ascii_letters = [c for other in others if len(c := other["c"]) == 1 and c.isascii()]
        match = next((plain for plain in ascii_letters if plain.isalpha()), None)
        if match is not None:
            # Unicode writes every upright stroke as an l, also that of a capital I.
            alike[letter] = "I" if match == "l" and letter.isupper() else match
    for letter, match in list(alike.items()):
        small = letter.casefold()
        if len(small) == 1 and not small.isascii():
            alike.setdefault(small, match.casefold())
    return alike
