"""Faults of form that were planted are found, at their lines, and sound rows are not."""

from typing import Any

import pytest

from evalhub.declare.data_report import CheckOptions, DataFinding, DataReport, Task
from evalhub.features.data.checking import check_file
from evalhub.features.data.checks import exact_copies, lengths, structure, wrappers
from evalhub.features.data.checks.check import CheckSettings
from evalhub.features.data.checks.wrappers import SPECIAL
from tests.features.data.training_files import chat, write_jsonl

CHECKS = (structure.CHECK, wrappers.CHECK, exact_copies.CHECK, lengths.CHECK)


def checked(tmp_path, rows: list[Any], task: Task | None = None) -> DataReport:
    path = write_jsonl(tmp_path / "train.jsonl", rows)
    return check_file(path, CheckSettings(options=CheckOptions(task=task)), CHECKS)


def finding(report: DataReport, words: str) -> DataFinding:
    (match,) = [each for each in report.findings if words in each.title]
    return match


def sound(count: int) -> list[Any]:
    return [chat(f"question number {n}", f"answer number {n}") for n in range(count)]


def test_every_flaw_that_reading_reports_has_its_finding(tmp_path):
    turn = {"role": "user", "content": "Q"}
    bad = [
        "{",
        {"question": "?"},
        {"text": "T"},
        {"messages": []},
        {"messages": '[{"role": "user", "content": "Q"}]'},
        {"messages": [turn, {"role": "narrator", "content": "x"}]},
        {"messages": [turn, turn, {"role": "assistant", "content": [{"type": "image"}]}]},
        {"messages": [turn, {"role": "assistant", "content": "A", "weight": 2, "tool_calls": [1]}]},
        {"messages": [turn, {"role": "assistant", "content": "A", "weight": 0}]},
        {"messages": [{"role": "user", "content": ""}, {"role": "system", "content": "S"}]},
        {"messages": [{"role": "assistant", "content": "A"}]},
    ]
    report = checked(tmp_path, [*sound(20), *bad])
    titles = {each.title for each in report.findings if each.check == "structure"}
    planted = set(structure.FLAWS) - {"same-pair", "near-pair"}
    assert {title.rsplit(":", 1)[0] for title in titles} == {
        structure.FLAWS[code].title for code in planted
    }
    assert finding(report, "Rows that can't be read").lines == (21,)
    assert finding(report, "no trainer reads").lines == (22,)
    assert finding(report, "laid out unlike").examples[0].line == 23
    assert all(each.rows and min(each.lines) > 20 for each in report.findings)


def test_pairs_that_prefer_an_answer_to_itself_or_nearly(tmp_path):
    words = " ".join(f"word{n}" for n in range(50))
    rows = [
        {"prompt": "Q", "chosen": "Yes, do.", "rejected": "yes do"},
        {"prompt": "Q", "chosen": f"{words} yes", "rejected": f"{words} no"},
        {"prompt": "Q", "chosen": "yes", "rejected": "no"},
    ]
    report = checked(tmp_path, rows)
    assert finding(report, "prefer an answer to itself").lines == (1,)
    assert finding(report, "nearly the same one").lines == (2,)


@pytest.mark.parametrize("family", SPECIAL)
def test_tokens_of_a_chat_template_in_a_text_are_serious(tmp_path, family):
    for token in SPECIAL[family]:
        rows = [*sound(10), chat("question", f"an answer{token}"), chat(f"{token}user", "answer")]
        report = checked(tmp_path, rows)
        match = finding(report, f"own tokens in their texts ({family})")
        assert (match.weight, match.lines) == ("serious", (11, 12))
        assert token in match.examples[0].text


def test_headings_of_another_format_in_a_chat_are_important(tmp_path):
    rows = [
        *sound(10),
        chat("### Instruction:\nSum up.\n\n### Response:", "Done."),
        chat("Human: hello\n\nAssistant:", "Hello."),
        chat("Tell me about the word Human: it is old", "It is."),
    ]
    report = checked(tmp_path, rows)
    assert finding(report, "(Alpaca)").lines == (11,)
    assert finding(report, "(Human and Assistant)").lines == (12,)
    (table,) = [each for each in report.tables if each.check == "wrappers"]
    assert {name: count for name, count, _ in table.rows} == {
        "none": 11,
        "Alpaca": 1,
        "Human and Assistant": 1,
    }


def test_texts_written_out_in_one_format_are_sound_and_two_formats_are_not(tmp_path):
    alpaca = [
        {"text": f"### Instruction:\nSum up {n}.\n\n### Response:\nText {n}."} for n in range(20)
    ]
    assert not [each for each in checked(tmp_path, alpaca).findings if each.check == "wrappers"]
    mixed = [*alpaca, {"text": "<|im_start|>user\nSum up.<|im_end|>"}, {"text": "Sum up. Done."}]
    report = checked(tmp_path, mixed)
    assert finding(report, "(ChatML)").lines == (21,)
    assert finding(report, "without the prompt format of most others (Alpaca)").lines == (22,)


def test_exact_copies_are_those_of_the_same_words_whatever_their_case(tmp_path):
    rows = [
        *sound(30),
        chat("Question number 3?", "ANSWER number 3"),
        chat("question number 3", "B"),
    ]
    report = checked(tmp_path, rows)
    match = finding(report, "exact copies")
    assert (match.rows, match.lines) == (1, (31,))
    assert (match.examples[0].line, match.examples[0].beside) == (31, 4)
    (share,) = [each for each in report.measures if each.name == "exact_copies"]
    assert share.value == 3.12  # 1 of 32


def test_a_row_with_another_system_prompt_is_no_copy(tmp_path):
    rows = [*sound(5), chat("question number 3", "answer number 3", "Be brief.")]
    assert not checked(tmp_path, rows).findings


@pytest.mark.parametrize(
    ("task", "rows", "copies", "weight"),
    [
        ("classification", 99, 0, "important"),
        ("classification", 99, 50, "important"),  # a copy is no row more
        ("classification", 100, 0, None),
        ("style", 49, 0, "important"),
        ("style", 50, 0, "minor"),
        ("style", 199, 0, "minor"),
        ("style", 200, 0, None),
        ("instruction", 499, 0, "important"),
        ("instruction", 500, 0, None),
        ("reasoning", 999, 0, "important"),
    ],
)
def test_the_size_is_judged_by_distinct_rows_and_never_serious(
    tmp_path, task, rows, copies, weight
):
    report = checked(tmp_path, [*sound(rows), *sound(1) * copies], task)
    sizes = [each for each in report.findings if each.topic == "size"]
    assert [each.weight for each in sizes] == ([weight] if weight else [])
    assert all("`evalhub data curve`" in each.advice for each in sizes)
    (measure,) = [each for each in report.measures if each.name == "distinct_rows"]
    assert measure.value == rows
    assert "a folk figure" in measure.note


def test_without_a_task_the_size_is_unchecked(tmp_path):
    report = checked(tmp_path, sound(5))
    assert [each.check for each in report.unchecked] == ["size"]


def test_lengths_have_exact_quantiles_and_far_out_answers_are_shown(tmp_path):
    """Of 100 answers with 2, 4, … 200 characters the half is the 50th: 100."""
    rows = [chat("Q", "ab" * n) for n in range(1, 101)]
    report = checked(tmp_path, rows)
    (table,) = [each for each in report.tables if each.title == "Lengths"]
    answers = dict(zip(table.columns, table.rows[-1], strict=True))
    assert (answers["of"], answers["shortest"], answers["half"]) == ("answer, characters", 2, 100)
    assert (answers["5%"], answers["99%"], answers["longest"]) == (10, 198, 200)
    assert not [each for each in report.findings if each.check == "lengths"]

    report = checked(tmp_path, [*sound(200), chat("why", "because " * 5_000)])
    match = finding(report, "far longer than usual")
    assert match.lines == (201,)
    assert match.examples[0].text.startswith("40,000 characters; half of all answers have")
