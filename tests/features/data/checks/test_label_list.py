"""Labels beyond their list, misspelt ones, and classes with few rows."""

import json
import random

import pytest

from evalhub.features.data.checks.label_list import CHECK
from evalhub.features.data.checks.label_spelling import edit_distance, label_variants
from tests.features.data.checks.rows_of import (
    finding_with,
    result_of,
    row,
    rows_of,
    settings_of,
    titles,
)

LABELS = ("billing", "shipping", "account", "returns")


def labelled(labels: list[str]) -> list:
    return rows_of([(f"Question {n}?", label) for n, label in enumerate(labels)])


def test_without_a_list_planted_misspellings_are_found_and_rare_labels_are_not() -> None:
    """Six spellings among 2,000 rows; `refund` is rare and a label of its own."""
    labels = random.Random(2).choices(LABELS, k=2_000) + ["refund"] * 12
    planted = ["biling", "shiping", "acount", "retruns", "accounts"]
    other_case = ["Billing", "shipping ", "RETURNS"]
    result = result_of(CHECK, labelled([*labels, *planted, *other_case]))
    misspelt = finding_with(result, "like a misspelling")
    assert misspelt.lines == (2_013, 2_014, 2_015, 2_016, 2_017)
    assert misspelt.to_people
    assert finding_with(result, "written in more than one way").lines == (2_018, 2_019, 2_020)
    assert "“biling” for “billing”" in [shown.text for shown in misspelt.examples]


def test_with_a_list_what_is_beyond_it_is_certain() -> None:
    labels = [*LABELS * 10, "weather", "Billing", "weather"]
    result = result_of(CHECK, labelled(labels), settings_of("classification", labels=LABELS))
    beyond = finding_with(result, "beyond the list")
    assert (beyond.weight, beyond.lines) == ("serious", (41, 43))
    assert finding_with(result, "written in more than one way").lines == (42,)


def test_a_list_is_of_the_field_or_key_that_holds_its_labels() -> None:
    rows = [
        row(
            n,
            f"Question {n}?",
            json.dumps({"queue": LABELS[n % 4], "words": n}),
            fields={"label": "x"},
        )
        for n in range(1, 81)
    ]
    rows += [row(81, "Question?", '{"queue": "weather", "words": 3}', fields={"label": "x"})]
    result = result_of(CHECK, rows, settings_of(labels=LABELS))
    assert titles(result) == ["1 row with 1 label beyond the list, in the key “queue”"]
    assert result.findings[0].lines == (81,)


def test_free_text_holds_no_labels() -> None:
    rows = rows_of([(f"Question {n}?", f"It is the number {n}, as you said.") for n in range(100)])
    names = rows_of([(f"Capital {n}?", f"City {n}") for n in range(100)])
    assert result_of(CHECK, rows).tables == result_of(CHECK, names).tables == []


def test_classes_with_few_rows_and_their_balance() -> None:
    labels = ["billing"] * 60 + ["shipping"] * 30 + ["account"] * 10
    result = result_of(CHECK, labelled(labels), settings_of("classification"))
    assert titles(result) == ["1 label has fewer than 20 rows, in the answers"]
    assert result.tables[0].rows == (
        ("billing", 60, 60.0),
        ("shipping", 30, 30.0),
        ("account", 10, 10.0),
    )


def test_numbers_are_no_misspellings_of_each_other() -> None:
    assert label_variants({"1000": 100, "100": 3, "10": 5, "level 12": 90, "level 2": 2}) == []


@pytest.mark.parametrize(
    ("first", "second", "distance"),
    # Damerau's four kinds of error, and the two that the restricted distance counts as three.
    [
        ("cat", "cart", 1),
        ("cart", "cat", 1),
        ("cat", "cut", 1),
        ("cat", "cta", 1),
        ("ca", "abc", 3),
    ],
)
def test_an_edit_is_an_insertion_deletion_substitution_or_swap(first, second, distance) -> None:
    assert edit_distance(first, second, 5) == distance


def test_thousands_of_values_are_no_labels_and_cost_no_memory() -> None:
    rows = rows_of([(f"Capital {n}?", f"City {n}") for n in range(2_500)])
    assert result_of(CHECK, rows).tables == []
