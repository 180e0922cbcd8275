"""Personal data in texts: what is masked, what stays, and that no text takes long."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evalhub.features.traffic.privacy.personal_data import Masking
from tests.features.traffic.test_reference import PAGE

# SWIFT's IBAN Registry gives an example for each country; these are some, as printed there.
IBANS = (
    "BE68 5390 0754 7034",
    "DE89 3704 0044 0532 0130 00",
    "FR14 2004 1010 0505 0001 3M02 606",
    "GB29 NWBK 6016 1331 9268 19",
    "MT84 MALT 0110 0001 2345 MTLC AST0 01S",
    "NO93 8601 1117 947",
    "SA03 8000 0000 6080 1016 7519",
    "CH9300762011623852957",
    "LC55HEMM000100010012001200023015",
    "gb29nwbk60161331926819",
)
# Test numbers that payment providers publish: they pass Luhn's check and are nobody's.
CARDS = (
    "4111 1111 1111 1111",
    "4012888888881881",
    "5555-5555-5555-4444",
    "2223003122003222",
    "3782 822463 10005",
    "371449635398431",
    "3056 930902 5904",
    "6011111111111117",
    "3530111333300000",
)
# Numbers that regulators set aside for examples: Ofcom, the Bundesnetzagentur, NANPA, ARCEP.
PHONES = (
    "+44 20 7946 0958",
    "020 7946 0018",
    "+49 (0)30 / 23125 000",
    "(030) 23125000",
    "030/23125-123",
    "0176 04069012",
    "0049 30 23125 000",
    "+14155550132",
    "1-800-555-0199",
    "(415) 555-0132",
    "415.555.0132",
    "01 99 00 12 34",
)
HARD = (
    ("mail", "olga%40example.org"),
    ("mail", "olga＠example.org"),
    ("phone", "＋４９ ３０ ９０１８２０"),
    ("phone", "٠٣٠ ٩٠١٨٢٠"),
    ("phone", "+49\u200930\u2009901820"),
    ("phone", "+49‑30‑901820"),
    ("phone", "(11) 91234-5678"),
    ("phone", "(495) 123-45-67"),
    ("iban", "DE 89 3704 0044 0532 0130 00"),
    ("iban", "DE89.3704.0044.0532.0130.00"),
    ("iban", "DE89 3704 0044\n0532 0130 00"),
    ("iban", "DE89  3704  0044  0532  0130  00"),
    ("card", "4111.1111.1111.1111"),
    ("card", "4111/1111/1111/1111"),
    ("card", "4111 1111 1111\n1111"),
    ("card", "４１１１ １１１１ １１１１ １１１１"),
)
NOT_FOUND = (
    "olga [at] example [dot] org",
    "0142685300 and 4155552671",
    "912 345 678 and 98765 43210",
)
MAILS = ("olga@example.org", "Jörg.Müller+x@sub.bücher.example", "o'neil@example.co.uk")
PLAIN = (
    "order 4500012345678, invoice 2024-000123, 112-3456789-1234567",
    "2024-11-28 10:30:00 and 28.11.2024 12:00 and 01-02-2024 and 01/02/24 and 20241128 101500",
    "ISBN 978-3-16-148410-0 and 0-306-40615-2, 3.14159265358979, 1,234,567.89, 1 000 000 000",
    "192.168.100.200, version 10.2.33.4444, 550e8400-e29b-41d4-a716-446655440000, 1700000000000",
    "10 20 30 40 50 60 70 and 100 200 300 4000; 1914-1918 1939-1945; 0000123456",
    "4111 1111 1111 1112 and DE89370400440532013001 fail their checks",
    "@name, user@localhost, 5 @ 3.50, @app.route, a @ b.de",
    "08.30-17.00 Uhr; 01 02 03 04 05 06; 0110 1010 1100; Smith (2019) 123-134; (12) 345-678",
    "4000\n1111\n1111\n1111\n1111\n1111",
    "lodash@4.17.21, git+https://example.org/x.git@v1.2.3, image@sha256:1234567890abcdef",
    "2024-11-28T10:30:00+00:00, 7 + 12345678, f(1)+12345678",
)


def masked(text: str) -> str:
    return Masking().mask(text)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        *(("iban", value) for value in IBANS),
        *(("card", value) for value in CARDS),
        *(("phone", value) for value in PHONES),
        ("mail", MAILS[0]),
        ("mail", MAILS[1]),
        *HARD,
    ],
)
def test_a_value_is_masked_and_the_words_around_it_stay(kind: str, value: str) -> None:
    assert masked(f"It is {value}, thanks.") == f"It is [{kind}-1], thanks."
    assert masked(value) == f"[{kind}-1]"
    assert masked(f"({value})") == f"([{kind}-1])"


@pytest.mark.parametrize("text", PLAIN)
def test_order_numbers_dates_and_arithmetic_stay_as_they_are(text: str) -> None:
    assert masked(text) == text


@pytest.mark.parametrize("text", NOT_FOUND)
def test_the_document_says_what_is_not_found(text: str) -> None:
    """Nothing but its words would tell these from an order number."""
    assert masked(text) == text
    section = PAGE.read_text().split("## What is masked")[1]
    assert all(f"`{value}`" in section for value in text.split(" and "))


def test_a_value_has_one_number_in_all_texts_of_a_request_however_it_is_written() -> None:
    masking = Masking()
    question = masking.mask("Mail A@example.org or b@example.org; DE89 3704 0044 0532 0130 00")
    answer = masking.mask("a@example.org has DE89370400440532013000, c@example.org has none")
    assert question == "Mail [mail-1] or [mail-2]; [iban-1]"
    assert answer == "[mail-1] has [iban-1], [mail-3] has none"
    assert masking.count == 6


def test_what_stands_next_to_a_value_is_not_lost() -> None:
    text = "DE89 3704 0044 0532 0130 00 BIC COBADEFF; card 4111 1111 1111 1111 12/29;a@b.de,c@d.fr"
    assert masked(text) == "[iban-1] BIC COBADEFF; card [card-1] 12/29;[mail-1],[mail-2]"


@pytest.mark.parametrize(
    "part",
    [
        "1 ",
        "1",
        "a@",
        "@",
        "a.",
        "a-",
        "DE89 ",
        "4111 ",
        "+1 ((",
        "0049",
        "030 12 ",
        "(415) ",
        "Ä@ä.",
    ],
)
def test_no_text_is_searched_again_and_again(part: str) -> None:
    """With a pattern that isn't anchored, or that may stop anywhere, this would take hours."""
    text = part * 100_000
    assert len(masked(text)) <= len(text)


def test_real_questions_and_answers_have_no_false_alarm(shared_data: Path) -> None:
    """37,794 texts of public sets, 4.9 million characters: 17 values, all of them right."""
    masking = Masking()
    replaced = [text for text in _public_texts(shared_data) if masking.mask(text) != text]
    assert all("@" in text or "650-636-4884" in text for text in replaced)
    assert masking.count == 17


def _public_texts(shared_data: Path) -> Iterator[str]:
    for path in sorted(shared_data.rglob("*.jsonl")):
        for line in path.read_text().splitlines():
            yield from _texts(json.loads(line))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)
