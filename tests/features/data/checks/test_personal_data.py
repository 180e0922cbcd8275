"""Personal data in rows."""

import json
from pathlib import Path

import pytest

from evalhub.features.data.checking import check_file
from evalhub.features.data.checks.check import CheckSettings
from evalhub.features.data.checks.masked import masked_excerpt
from evalhub.features.data.checks.personal_data import CHECK
from evalhub.features.traffic.privacy.personal_data import Masking, personal_data
from tests.features.data.checks.rows_of import finding_with, result_of, row, rows_of
from tests.features.data.checks.secret_values import SECRETS

VALUES = {
    "mail address": "anna.schmidt@posteo.de",
    "phone number": "+49 30 901820",
    "bank account": "DE89 3704 0044 0532 0130 00",
    "payment card": "4539 1488 0343 6467",
}
EXAMPLES = ("jane@example.com", "it@shop.test", "+1 212-555-0123", "4111 1111 1111 1111")


def test_planted_values_are_found_by_kind_and_shown_masked() -> None:
    rows = rows_of([(f"Order {n}-4711?", "On 2026-11-03 at 12:30.") for n in range(300)])
    for n, value in enumerate(VALUES.values()):
        rows.append(row(301 + n, f"Reach me at {value}, thanks", "Yes."))
    result = result_of(CHECK, rows)
    assert len(result.findings) == 4
    for n, (kind, value) in enumerate(VALUES.items()):
        finding = finding_with(result, f"1 row with {kind}")
        assert finding.lines == (301 + n,)
        assert finding.weight == (
            "important" if kind[0] in "mp" and "card" not in kind else "serious"
        )
        assert value not in finding.examples[0].text
        assert finding.examples[0].text.startswith("Reach me at [")
    assert {row[0]: row[1] for row in result.tables[0].rows}["mail addresses"] == 1


@pytest.mark.parametrize("value", EXAMPLES)
def test_what_documents_use_as_an_example_belongs_to_nobody(value: str) -> None:
    assert personal_data(f"write {value} here")
    assert result_of(CHECK, [row(1, f"write {value} here", "Yes.")]).findings == ()


def test_a_masked_file_has_none() -> None:
    assert result_of(CHECK, [row(1, "write to [mail-1] or call [phone-2]", "Yes.")]).findings == ()


def test_other_fields_are_searched_too() -> None:
    rows = [row(1, "Q?", "A.", fields={"user": {"mail": VALUES["mail address"]}})]
    assert result_of(CHECK, rows).findings[0].lines == (1,)


def test_values_are_those_that_masking_replaces() -> None:
    text = f"{', '.join(VALUES.values())}, 0301234567@posteo.de and (030) 1234-5678"
    masking = Masking()
    masking.mask(text)
    assert masking.count == len(personal_data(text)) == 6


def test_an_excerpt_shows_neither_a_value_nor_a_secret_beside_it() -> None:
    key = SECRETS["AWS access key"]
    text = f"{'x ' * 5_000}I am {VALUES['mail address']}, key {key} {'y ' * 9_000}{key}"
    excerpt = masked_excerpt(text)
    assert "I am [mail], key AKIA[AWS access key]" in excerpt
    assert key not in excerpt
    assert excerpt.startswith("…")
    assert masked_excerpt("nothing") == "nothing"


def test_no_example_of_any_check_shows_personal_data_or_a_secret(tmp_path: Path) -> None:
    mail, key = "lena.berg@example.org", f"ghp_{'a1B2c3D4e5F6' * 3}"
    rows = [
        {"prompt": f"I am {mail}, my key is {key}. Where is order {i % 2}?", "completion": answer}
        for i, answer in enumerate(["In the post.", "At home.", f"Ask {mail}."] * 40)
    ]  # copies, contradictions, clusters and templates show their texts
    path = tmp_path / "train.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))

    report = json.dumps(check_file(path, CheckSettings()).as_json())

    assert "contradiction" in report
    assert "[mail]" in report
    assert mail not in report
    assert key not in report
