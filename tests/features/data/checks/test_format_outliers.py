"""Answers whose format or style differs from the others'."""

import json
import random

import pytest

from evalhub.features.data.checks.format_outliers import CHECK
from tests.features.data.checks.rows_of import finding_with, result_of, row, rows_of, titles

PLAIN = (
    "The parcel left our warehouse on Monday and will be with you within three working days.",
    "You can change the address on the page of your order until it has been packed by us.",
    "The fee is charged once a year, and the receipt for it is on the page of your account.",
)


def plain(count: int) -> list:
    rng = random.Random(count)
    return [(f"Question {n}?", f"Ticket {n}. {rng.choice(PLAIN)}") for n in range(count)]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (
            "# Answer\n\n- The parcel left on Monday.\n- It will be there.",
            "are marked up",
        ),
        (
            "<p>The parcel left our warehouse <b>Monday</b>, and is on its way.</p>",
            "hold HTML",
        ),
        ("The parcel left our warehouse on Monday 🎉 and will be with you on Friday.", "use emoji"),
        ("Great! The parcel left our warehouse on Monday and will be with you soon.", "exclaim"),
        ('{"answer": "The parcel left our warehouse on Monday."}', "are JSON where"),
        ("The parcel left our warehouse on Monday and will be with you within", "don't end as"),
    ],
)
def test_a_planted_outlier_is_found_alone(answer: str, words: str) -> None:
    rows = rows_of([*plain(150), ("Question?", answer), *plain(150)])
    finding = finding_with(result_of(CHECK, rows), words)
    assert finding.lines == (151,)
    assert finding.to_people


def test_a_file_of_one_style_has_no_finding() -> None:
    assert titles(result_of(CHECK, rows_of(plain(300)))) == []


def objects(count: int) -> list[dict]:
    return [{"queue": "ab"[n % 2], "urgent": n % 3 == 0, "words": n} for n in range(count)]


def test_objects_with_other_keys_and_types_and_what_is_no_json_are_found() -> None:
    answers = [json.dumps(some) for some in objects(100)]
    answers[10] = json.dumps({"queue": "a", "words": 3})
    answers[20] = json.dumps({"queue": "a", "urgent": True, "words": 3, "note": "x"})
    answers[30] = json.dumps({"queue": "a", "urgent": "yes", "words": 3})
    answers[40] = json.dumps({"queue": "a", "urgent": None, "words": 3.5})
    answers[50] = "The queue is a, it is urgent, and the message has three words altogether."
    answers[60] = f"```json\n{answers[60]}\n```"
    answers[70] = answers[70][:-1]
    result = result_of(CHECK, rows_of([(f"Q{n}?", answer) for n, answer in enumerate(answers)]))
    assert finding_with(result, "lack a key").lines == (11,)
    assert "without “urgent”" in finding_with(result, "lack a key").examples[0].text
    assert finding_with(result, "have a key that hardly").lines == (21,)
    assert finding_with(result, "another type").lines == (31,)
    assert finding_with(result, "aren't JSON").lines == (51, 71)
    assert finding_with(result, "have a code fence around").lines == (61,)
    assert len(result.findings) == 5


def test_two_tasks_with_a_system_prompt_each_don_t_disturb_each_other() -> None:
    """600 answers in prose and 60 in JSON: one of the latter is prose."""
    rows = rows_of(plain(600), system="Answer in prose.")
    answers = [json.dumps(some) for some in objects(60)]
    answers[7] = PLAIN[0]
    rows += rows_of([(f"Q{n}?", a) for n, a in enumerate(answers)], 601, system="Answer in JSON.")
    result = result_of(CHECK, rows)
    assert titles(result) == ["Answers that aren't JSON where most are: 1"]
    assert result.findings[0].lines == (608,)


def test_a_mixture_is_a_row_of_the_table_and_no_outlier() -> None:
    marked = [(f"Q{n}?", "**Yes**, the parcel is on its way to you now.") for n in range(100)]
    result = result_of(CHECK, rows_of([*plain(200), *marked]))
    assert not any("marked up" in title for title in titles(result))
    by_feature = {cells[0]: cells[1:] for cells in result.tables[0].rows}
    assert by_feature["Markdown or HTML"] == (300, 100, 33.3)


def test_few_answers_have_nothing_usual() -> None:
    rows = [row(n, "Q?", "Plain text in a sentence.") for n in range(1, 15)]
    assert titles(result_of(CHECK, [*rows, row(15, "Q?", "**Bold** text in a sentence.")])) == []
