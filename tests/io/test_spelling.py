"""What is dropped and folded before two texts are compared, and what isn't."""

import sys
import unicodedata

import pytest
import regex

from evalhub.io.spelling import fold, look_alikes

IGNORABLE = [
    chr(code)
    for code in range(sys.maxunicode + 1)
    if regex.match(r"\p{Default_Ignorable_Code_Point}", chr(code))
]


def test_every_ignorable_character_of_unicode_is_dropped() -> None:
    assert len(IGNORABLE) > 4_000
    assert {"\u034f", "\u3164", "\ufe0f", "\u200b", "\U000e0041", "\U000e0100"} <= set(IGNORABLE)
    assert fold("par" + "".join(IGNORABLE) + "cel") == "parcel"


def test_an_unseen_character_keeps_no_letter_and_its_mark_apart() -> None:
    assert fold("cafe\u034f\u0301") == fold("caf\u00e9") == "caf\u00e9"


@pytest.mark.parametrize(
    "text", ["ЭТО ВСЕ, ЧТО ЕСТЬ", "ΟΔΟΣ ΚΑΙ ΝΕΑ", "ÇA VA L'ÉTÉ", "GPT И ВСЕ", "STRASSE"]
)
def test_capitals_do_not_count_in_any_script(text: str) -> None:
    assert fold(text) == fold(text.lower())


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("c\u043epy", "copy"),
        ("\u0441\u043e\u0440\u0443", "copy"),
        ("\u0406ris", "iris"),
        ("\u039dew", "new"),
        ("p\u0410RCEL", "parcel"),
    ],
)
def test_letters_that_look_like_ascii_s_are_ascii_s(written: str, meant: str) -> None:
    assert fold(written) == meant


def test_what_ascii_itself_confuses_stays_apart() -> None:
    assert len({fold(each) for each in ("1", "l", "I", "0", "O", "rn", "m", "|")}) == 8
    assert not any(letter.isascii() for letter in look_alikes())
    assert all(unicodedata.category(letter).startswith("L") for letter in look_alikes())
    assert all(len(match) == 1 and match.isascii() for match in look_alikes().values())


def test_words_of_other_scripts_stay_apart() -> None:
    words = ["вода", "воды", "вход", "выход", "日本", "日木", "δρόμος", "νόμος"]
    assert len({fold(each) for each in words}) == len(words)
