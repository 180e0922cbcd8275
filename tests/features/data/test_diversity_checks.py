"""Sameness that was planted is found, with its rows; texts that differ give no finding."""

import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from evalhub.declare.data_report import CheckOptions, DataFinding, DataReport
from evalhub.features.data.checking import check_file
from evalhub.features.data.checks import clusters, languages, near_copies, templates, variety
from evalhub.features.data.checks.check import CheckSettings, DataCheck
from tests.features.data.training_files import chat, write_jsonl

NAMES = ["Ada", "Ben", "Chloe", "Dan", "Eve", "Farid", "Gina", "Hugo", "Iris", "Jo"]


def checked(tmp_path, check: DataCheck, rows: Sequence[Any], *, sample: int = 50_000) -> DataReport:
    path = write_jsonl(tmp_path / "train.jsonl", rows)
    return check_file(path, CheckSettings(options=CheckOptions(sample=sample)), (check,))


def only(findings: Sequence[DataFinding], words: str) -> DataFinding:
    (match,) = [each for each in findings if words in each.title]
    return match


def writer(seed: int = 0, vocabulary: int = 3_000) -> Callable[[int], str]:
    """Makes texts of so many words, drawn by Zipf's law, as words are used."""
    rng = random.Random(seed)
    words = [
        "".join(rng.choices("abdegiklmnoprstu", k=rng.randint(3, 9))) for _ in range(vocabulary)
    ]
    weights = [1 / (rank + 3) for rank in range(vocabulary)]
    return lambda count: " ".join(rng.choices(words, weights, k=count))


def various(count: int, seed: int = 0) -> list[Any]:
    write = writer(seed)
    return [chat(write(25), write(40)) for _ in range(count)]


def test_near_copies_are_found_with_the_row_they_copy(tmp_path):
    rows = various(200)
    question, answer = (message["content"] for message in rows[7]["messages"])
    rows += [
        chat(f"Please {question}", answer),
        chat(question, answer.rsplit(" ", 1)[0]),
        rows[9],  # an exact copy is counted elsewhere
    ]
    report = checked(tmp_path, near_copies.CHECK, rows)
    match = only(report.findings, "near-copies of an earlier one: 2 (1.0%)")
    assert (match.lines, match.weight) == ((201, 202), "minor")
    assert (match.examples[0].line, match.examples[0].beside) == (201, 8)
    (table,) = report.tables
    assert table.rows[0][:2] == (3, 8)


def test_rows_that_share_a_template_or_differ_in_a_number_are_no_near_copies(tmp_path):
    frame = "Read the message below, and say in one word what the customer wants from us today."
    rows = [chat(f"{frame} {text['messages'][0]['content']}", "refund") for text in various(100)]
    rows += [
        chat(f"What is {n} plus {n + 1} in decimal notation", str(2 * n + 1)) for n in range(90)
    ]
    assert not checked(tmp_path, near_copies.CHECK, rows).findings


def test_one_question_with_two_labels_is_no_near_copy(tmp_path):
    rows = various(100)
    question = rows[5]["messages"][0]["content"]
    rows += [chat(question, "refund"), chat(f"Please {question}", "delivery")]
    assert not checked(tmp_path, near_copies.CHECK, rows).findings


def test_near_copies_of_a_sample_are_said_to_be_more_in_the_file(tmp_path):
    report = checked(tmp_path, near_copies.CHECK, various(150) * 2, sample=100)
    (measure,) = [each for each in report.measures if each.name == "near_copies"]
    assert "the file has more" in measure.note


def test_an_opening_and_a_closing_that_many_answers_share_are_found(tmp_path):
    rows = various(100)
    for row in rows[:40]:
        answer = row["messages"][1]
        answer["content"] = f"As an AI language model, {answer['content']}"
    for row in rows[50:65]:
        answer = row["messages"][1]
        answer["content"] = f"{answer['content']}. I hope this helps you!"
    report = checked(tmp_path, templates.CHECK, rows)
    opening = only(report.findings, "begin with the same words, “as an ai language model”: 40%")
    assert (opening.weight, opening.rows) == ("important", 40)
    assert opening.lines == tuple(range(1, 41))
    closing = only(report.findings, "end with the same words, “i hope this helps you”: 15%")
    assert (closing.weight, closing.lines) == ("minor", tuple(range(51, 66)))
    assert closing.examples[0].text.endswith("I hope this helps you!")


def test_prompts_that_fill_the_gaps_of_a_frame_are_found(tmp_path):
    write = writer(3)
    rows = [
        chat(f"Write a short letter to {write(1)} about the {write(1)} that broke", write(30))
        for _ in range(80)
    ]
    report = checked(tmp_path, templates.CHECK, [*rows, *various(40)])
    match = only(report.findings, "Prompts that fill the gaps of")
    assert match.weight == "minor"
    assert match.rows is not None
    assert match.rows >= 60  # a frequent word in a gap makes another frame
    assert max(match.lines) <= 80


def test_varied_texts_share_no_opening_and_no_frame(tmp_path):
    report = checked(tmp_path, templates.CHECK, various(300))
    assert not report.findings
    assert [each.value for each in report.measures] == [0, 0]


TOPICS = {
    "refund": ["refund", "money", "back", "receipt", "broken", "returned", "card", "paid"],
    "delivery": ["parcel", "courier", "arrive", "address", "delivery", "late", "track", "door"],
    "account": ["password", "login", "account", "mail", "locked", "profile", "sign", "reset"],
}


def about(topic: str, rng: random.Random) -> str:
    fillers = rng.choices(["please", "the", "my", "is", "it", "can", "you", "today"], k=4)
    words = [*rng.choices(TOPICS[topic], k=6), *fillers]
    rng.shuffle(words)
    return " ".join(words)


def test_clusters_have_their_topic_s_words_and_shares_that_hold_the_truth(tmp_path):
    rng = random.Random(1)
    shares = {"refund": 0.7, "delivery": 0.2, "account": 0.1}
    rows = [
        chat(about(topic, rng), "an answer")
        for topic, share in shares.items()
        for _ in range(int(1_000 * share))
    ]
    report = checked(tmp_path, clusters.CHECK, rows)
    (table,) = report.tables
    assert sum(row[1] for row in table.rows) == 500  # the half that wasn't fitted to
    for row, (topic, share) in zip(table.rows, shares.items(), strict=True):
        words, _, _, lower, upper, line, _ = row
        assert set(str(words).split(", ")) <= set(TOPICS[topic])
        assert lower <= 100 * share <= upper
        assert isinstance(line, int)
    match = only(report.findings, "of the rows concern one thing: ")
    assert (match.weight, match.topic) == ("minor", "diversity")
    # exp of the entropy of .7, .2 and .1 is 2.23
    (effective,) = report.measures
    assert effective.value == pytest.approx(2.23, abs=0.15)


def test_few_rows_and_rows_without_words_have_no_clusters(tmp_path):
    for rows in (various(40), [chat("?!", "7")] * 200):
        report = checked(tmp_path, clusters.CHECK, rows)
        assert [each.check for each in report.unchecked] == ["clusters"]


def test_variety_is_measured_on_a_thousand_rows_whatever_the_file_s_size(tmp_path):
    once = checked(tmp_path, variety.CHECK, various(1_000))
    thrice = checked(tmp_path, variety.CHECK, various(3_000))
    for one, other in zip(once.measures, thrice.measures, strict=True):
        assert one.name == other.name
        assert one.value == pytest.approx(other.value, rel=0.05)
    names = [each.name for each in once.measures if each.name.endswith("_of_prompts")]
    assert names == [*(f"distinct_{n}_of_prompts" for n in (1, 2, 3)), "vendi_of_prompts"]


def test_texts_that_are_all_the_same_have_a_vendi_score_of_one(tmp_path):
    """1,000 answers of two words: 2 of 2,000 are distinct, 1 pair of 1,000."""
    report = checked(tmp_path, variety.CHECK, [chat("yes or no", "certainly yes")] * 1_000)
    values = {each.name: each.value for each in report.measures}
    assert values["vendi_of_answers"] == 1
    assert values["distinct_1_of_answers"] == 0.001
    assert values["distinct_2_of_answers"] == 0.001
    assert values["distinct_3_of_answers"] is None


def test_of_fewer_rows_variety_is_unchecked_and_says_why(tmp_path):
    report = checked(tmp_path, variety.CHECK, various(999))
    assert not report.measures
    assert "999 prompts" in report.unchecked[0].reason


def test_languages_have_shares_and_short_texts_are_unknown(tmp_path):
    english = "The parcel that I ordered last week has not arrived at my house yet."
    german = "Das Paket, das ich letzte Woche bestellt habe, ist noch nicht angekommen."
    rows = [chat(english, german)] * 3 + [chat(english, english), chat(english, "ok")]
    (table,) = checked(tmp_path, languages.CHECK, rows).tables
    assert {row[0]: row[1:] for row in table.rows} == {
        "en": (5, 100.0, 1, 20.0),
        "de": (0, 0.0, 3, 60.0),
        "unknown": (0, 0.0, 1, 20.0),
    }


@pytest.mark.parametrize(
    "check",
    [near_copies.CHECK, templates.CHECK, clusters.CHECK, variety.CHECK, languages.CHECK],
    ids=lambda check: check.name,
)
@pytest.mark.parametrize(
    "rows",
    [
        [{"text": ""}],
        [{"text": "x"}],
        [chat("", "")],
        [{"prompt": "\u202e", "completion": "🙂"}] * 3,
        [chat("a " * 200_000, "漢" * 200_000)] * 2,
        ["{", {"text": "one sound row"}],
    ],
    ids=["empty", "one letter", "no words", "signs", "long", "broken"],
)
def test_no_row_is_too_odd_for_a_check(tmp_path, check, rows):
    checked(tmp_path, check, rows)
