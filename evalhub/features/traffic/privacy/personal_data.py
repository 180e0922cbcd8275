"""Personal data in texts: mail addresses, phone numbers, IBANs and payment cards, masked. Pure.

A text is searched from its anchors, an `@` or the first digit of a number, so that a text without
any costs microseconds; from an anchor on as many characters are read as the longest value has.

- Mail: a local part, `@` or `%40`, and a domain with a dot (RFC 5321's lengths).
- IBAN: its country's length (ISO 13616, SWIFT's registry) and the checksum modulo 97 (ISO 7064).
- Card: an issuer's prefix and length (ISO/IEC 7812), grouped as on a card, and Luhn's checksum.
- Phone: `+` or `00` and 8 to 15 digits (E.164), or a national number with separators: with its
  trunk prefix 0, with an area code in brackets, or as North America writes it. A run of digits
  alone is none: order numbers stay.

Wide, Arabic, Persian, Devanagari, Bengali and Thai digits, and other spaces, hyphens and forms of
`@`, are read as ASCII's. IBANs and cards, which have checksums, may be broken once by the end of
a line.

Not masked: a national number without separators or trunk prefix, names, postal addresses.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from functools import cache
from typing import NamedTuple

from evalhub.features.traffic.privacy.iban import LENGTHS
from evalhub.io.masking_tokens import DataKind, masking_token


class Match(NamedTuple):
    """A value at `text[start:end]`; two spellings of one value have the same `value`."""

    kind: DataKind
    start: int
    end: int
    value: str


LONGEST_LOCAL = 64
FEWEST_WITHOUT_GAPS = 10
"""Digits after 00, for it to stand for + in a run of digits."""
_AT = re.compile("@|%40")
_LOCAL = re.compile(r"\w[\w.%+&'=~-]*\Z")
_DOMAIN = re.compile(
    r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,8}(?:xn--[a-z0-9]{2,59}|[^\W\d_]{2,24})\b"
)

_UNUSUAL = re.compile(
    "[\N{FULLWIDTH DIGIT ZERO}-\N{FULLWIDTH DIGIT NINE}"
    "\N{ARABIC-INDIC DIGIT ZERO}-\N{ARABIC-INDIC DIGIT NINE}"
    "\N{EXTENDED ARABIC-INDIC DIGIT ZERO}-\N{EXTENDED ARABIC-INDIC DIGIT NINE}"
    "\N{DEVANAGARI DIGIT ZERO}-\N{DEVANAGARI DIGIT NINE}"
    "\N{BENGALI DIGIT ZERO}-\N{BENGALI DIGIT NINE}\N{THAI DIGIT ZERO}-\N{THAI DIGIT NINE}"
    "\u2000-\u2015\u202f\u2212\u3000\uff08\uff09\uff0b\uff0d-\uff0f\uff20]"
)
"""Characters that are read as others: digits, spaces, hyphens, brackets and signs."""

_GAP = r"[ \xa0./()-]"
_ANCHOR_GAP = r"[ \xa0./()_\n-]"
_ANCHOR = re.compile(
    rf"[0-9](?<![0-9][0-9])(?:(?={_ANCHOR_GAP}{{0,3}}(?:[0-9]{_ANCHOR_GAP}{{0,3}}){{6}})"
    r"|(?<=[A-Za-z]{2}[0-9])(?=[0-9]))"
)
"""The first digit of a number that seven or more digits make up, or of an IBAN."""

_IBAN = re.compile(r"[A-Za-z]{2}[ \xa0]?[0-9]{2}(?:[ \xa0.\n-]{0,2}[0-9A-Za-z]){11,30}")
_SEPARATOR = r"(?:[ \xa0\n]{0,2}|[./_-])"
_CARD = re.compile(
    rf"[2-6][0-9]{{3}}(?:(?:{_SEPARATOR}[0-9]{{4}}){{3}}(?:{_SEPARATOR}[0-9]{{3}})?"
    rf"|{_SEPARATOR}[0-9]{{6}}{_SEPARATOR}[0-9]{{4,5}})(?![0-9])"
)
_FOURS = re.compile(r"[0-9]{4}(?:[ -][0-9]{4}){3}(?![0-9])")
_ISSUERS = re.compile(
    r"(?:4(?:.{15}|.{18})|5[1-5].{14}|2(?:22[1-9]|2[3-9].|[3-6]..|7[01].|720).{12}|3[47].{13}"
    r"|3(?:0[0-5]|[68].).{11}|3(?:52[89]|5[3-8].).{12}|6(?:011|4[4-9].|5..).{12}"
    r"|(?:50|5[6-9]|6[0-9]).{14}|62.{17})\Z"
)
"""Digits of Visa, Mastercard, American Express, Diners, JCB, Discover, Maestro and UnionPay."""

_ABROAD = re.compile(rf"[1-9](?:{_GAP}{{0,3}}[0-9]){{7,14}}(?![0-9])")
_TRUNK = re.compile(
    r"0[1-9][0-9]{0,4}\)?(?: ?[/-] ?|[ \xa0.]|(?<=\)))[0-9]{2,9}"
    r"(?:[ \xa0./-][0-9]{2,8}){0,4}(?![0-9])"
)
_DATE = re.compile(r"[0-9]{2}([ ./-])[0-9]{2}\1(?:[0-9]{2}|[0-9]{4})(?![0-9])")
_HOURS = re.compile(r"0[0-9][.][0-5][0-9] ?- ?[0-2][0-9][.][0-5][0-9](?![0-9])")
_PAIRS = re.compile(r"0[1-9]([ .-])[0-9]{2}(?:\1[0-9]{2}){3}(?![ .-]?[0-9])")
_AMERICA = re.compile(
    r"(?:1[ .-])?(?:\([1-9][0-9]{2}\) ?|[2-9][0-9]{2}([ .-]))[0-9]{3}(?(1)\1|[ .-])[0-9]{4}"
    r"(?![ .-]?[0-9])"
)
_AREA = re.compile(
    r"\([1-9][0-9]{1,2}\) ?(?:[0-9]{4,5}[ -][0-9]{4}|[0-9]{3}([ -])[0-9]{2}\1[0-9]{2})"
    r"(?![ .-]?[0-9])"
)
_NO_DIGITS = re.compile("[^0-9]")


class Masking:
    """Masks the texts of one request: a value has the same token in all of them.

    Attributes:
        count: how many values were replaced so far, each time that they stood there.
        tokens: by a value's pseudonym, its token, as far as there are pseudonyms.
    """

    def __init__(
        self,
        tokens: Mapping[str, str] | None = None,
        pseudonym: Callable[[str], str] | None = None,
    ) -> None:
        """`tokens` are those of the request's texts that were masked before."""
        self.count = 0
        self.tokens = dict(tokens or {})
        self._pseudonym = pseudonym
        self._tokens: dict[tuple[DataKind, str], str] = {}
        self._numbers = dict.fromkeys(DataKind, 0)
        for token in self.tokens.values():
            self._numbers[DataKind(token[1:].partition("-")[0])] += 1

    def mask(self, text: str) -> str:
        """The text with tokens in place of personal data; the text itself where there is none."""
        as_read = _with_usual_characters(text)
        if "@" in as_read or "%40" in as_read:
            text = self._replace(text, mails(as_read))
            as_read = _with_usual_characters(text)
        return self._replace(text, numbers(as_read))

    def _replace(self, text: str, matches: list[Match]) -> str:
        if not matches:
            return text
        parts: list[str] = []
        end = 0
        for match in matches:
            parts += text[end : match.start], self._token(match)
            end = match.end
        self.count += len(matches)
        return "".join((*parts, text[end:]))

    def _token(self, match: Match) -> str:
        key = match.kind, match.value
        if key not in self._tokens:
            name = self._pseudonym(f"{match.kind}:{match.value}") if self._pseudonym else ""
            self._tokens[key] = self.tokens.get(name) or self._next_token(match.kind)
            if name:
                self.tokens[name] = self._tokens[key]
        return self._tokens[key]

    def _next_token(self, kind: DataKind) -> str:
        self._numbers[kind] += 1
        return masking_token(kind, self._numbers[kind])


def personal_data(text: str) -> list[Match]:
    """Every value of a text, from left to right, where `Masking` would replace it."""
    as_read = _with_usual_characters(text)
    matches = mails(as_read) if "@" in as_read or "%40" in as_read else []
    for match in matches:  # digits of an address are no number
        hidden = "]" * (match.end - match.start)
        as_read = f"{as_read[: match.start]}{hidden}{as_read[match.end :]}"
    return sorted([*matches, *numbers(as_read)], key=lambda match: match.start)


def _with_usual_characters(text: str) -> str:
    """The text, as long as it was, with ASCII's characters for those that mean the same."""
    if text.isascii() or not _UNUSUAL.search(text):
        return text
    return _UNUSUAL.sub(lambda match: _usual(match[0]), text)


@cache
def _usual(character: str) -> str:
    digit = unicodedata.decimal(character, None)
    if digit is not None:
        return str(digit)
    if unicodedata.category(character) == "Pd" or character == "\N{MINUS SIGN}":
        return "-"
    plain = unicodedata.normalize("NFKC", character)
    return plain if plain.isascii() and plain else " "


def mails(text: str) -> list[Match]:
    """Mail addresses, from left to right."""
    matches: list[Match] = []
    end = 0
    for at in _AT.finditer(text):
        if domain := _DOMAIN.match(text, at.end()):
            local = _LOCAL.search(text, max(end, at.start() - LONGEST_LOCAL), at.start())
            if local:
                start, end = local.start(), domain.end()
                value = text[start:end].lower().replace("%40", "@")
                matches.append(Match(DataKind.MAIL, start, end, value))
    return matches


def numbers(text: str) -> list[Match]:
    """IBANs, cards and phone numbers, from left to right."""
    matches: list[Match] = []
    anchor = _ANCHOR.search(text)
    while anchor:
        position = anchor.start()
        if match := _number_at(text, position):
            matches.append(match)
            position = match.end - 1
        anchor = _ANCHOR.search(text, position + 1)
    return matches


def _number_at(text: str, at: int) -> Match | None:
    """The value whose first digit stands at `at`."""
    before = text[max(0, at - 3) : at]
    if iban := _iban(text, at - 2) or (before[-1:].isspace() and _iban(text, at - 3)):
        return iban
    if before and (before[-1].isalnum() or before[-1] == "_"):
        return None
    if before[-2:-1].isdigit() and before[-1] in ".-/":
        return None  # the middle of a date, an order number or a version
    return _card(text, at) or (None if _is_in_fours(text, at) else _phone(text, at, before))


def _is_in_fours(text: str, at: int) -> bool:
    """Whether it is a later group of sixteen digits in fours, which are an order's number."""
    return any(
        _FOURS.match(text, start) and not text[:start][-1:].isalnum()
        for start in range(at - 15, at, 5)
        if start >= 0
    )


def _iban(text: str, start: int) -> Match | None:
    match = _IBAN.match(text, start) if start >= 0 else None
    if match is None or (start and text[start - 1].isalnum()):
        return None
    length = LENGTHS.get(text[start : start + 2].upper(), 0)
    places = [i for i in range(start, match.end()) if text[i].isalnum()][:length]
    value = "".join(text[i] for i in places).upper()
    if len(value) < length or not length or not _is_iban(value):
        return None
    end = places[-1] + 1
    if text.count("\n", start, end) > 1:
        return None
    return None if text[end : end + 1].isalnum() else Match(DataKind.IBAN, start, end, value)


def _is_iban(value: str) -> bool:
    """ISO 7064, MOD 97-10: letters are 10 to 35, the first four characters come last."""
    return int("".join(str(int(each, 36)) for each in value[4:] + value[:4])) % 97 == 1


def _card(text: str, start: int) -> Match | None:
    if match := _CARD.match(text, start):
        digits = _NO_DIGITS.sub("", match[0])
        if match[0].count("\n") < 2 and _ISSUERS.match(digits) and _passes_luhn(digits):
            return Match(DataKind.CARD, start, match.end(), digits)
    return None


def _passes_luhn(digits: str) -> bool:
    """ISO/IEC 7812-1, annex B: every second digit from the right is doubled."""
    doubled = [sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2]]
    return (sum(map(int, digits[-1::-2])) + sum(doubled)) % 10 == 0


def _phone(text: str, at: int, before: str) -> Match | None:
    opened = before.endswith("(")
    if before.endswith(("+", "+(")):
        outside = before[: -1 - opened][-1:]
        match = None if outside.isalnum() or outside == ")" else _ABROAD.match(text, at)
    elif text.startswith("00", at):
        match = _ABROAD.match(text, at + 2)
        if match and match[0].isdigit() and len(match[0]) < FEWEST_WITHOUT_GAPS:
            match = None  # a number that is filled up with zeros
    elif text[at] == "0":
        match = _national(text, at, before)
    elif before[-2:-1].isdigit():
        match = None
    else:
        match = (
            opened and (_AMERICA.match(text, at - 1) or _AREA.match(text, at - 1))
        ) or _AMERICA.match(text, at)
    if not match:
        return None
    start = at - (opened and ")" in text[at : match.end()])
    abroad = text[start - 1 : start] == "+" or text.startswith("00", at)
    digits = _NO_DIGITS.sub("", match[0])
    return Match(
        DataKind.PHONE,
        start - (text[start - 1 : start] == "+"),
        match.end(),
        f"+{digits}" if abroad else digits,
    )


def _national(text: str, at: int, before: str) -> re.Match[str] | None:
    """A number with its trunk prefix 0; dates, hours, rows of small numbers, and noughts and ones
    are none."""
    in_row = before[-2:-1].isdigit()
    if not in_row and (pairs := _PAIRS.match(text, at)):
        return pairs
    if (in_row and _PAIRS.match(text, at)) or _DATE.match(text, at) or _HOURS.match(text, at):
        return None
    match = _TRUNK.match(text, at)
    digits = _NO_DIGITS.sub("", match[0]) if match else ""
    return match if 8 <= len(digits) <= 12 and set(digits) - {"0", "1"} else None
