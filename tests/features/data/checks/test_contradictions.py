"""One question with different answers."""

import random

from evalhub.features.data.checks.contradictions import CHECK
from tests.features.data.checks.rows_of import finding_with, result_of, row, rows_of, settings_of


def unlike(count: int) -> list[tuple[str, str]]:
    return [(f"What is item {n} called?", f"label {n % 4}") for n in range(count)]


def test_planted_contradictions_are_all_found_and_nothing_else() -> None:
    """40 of 3,000 questions get a second answer, spelt in other case and punctuation."""
    rng = random.Random(1)
    rows = rows_of(unlike(3_000))
    chosen = rng.sample(rows, 40)
    rows += [
        row(3_001 + at, f"  {twin.prompt.upper()} ", "label 9") for at, twin in enumerate(chosen)
    ]
    (finding,) = result_of(CHECK, rows).findings
    assert finding.weight == "serious"
    assert finding.title == "40 questions have different answers, in 80 rows"
    assert set(finding.lines) == {twin.line for twin in chosen} | {*range(3_001, 3_041)}
    shown = finding.examples[0]
    assert (shown.line, shown.beside) == (finding.lines[1], finding.lines[0])
    assert "“label 9”" in shown.text


def test_two_spellings_of_an_answer_are_no_contradiction() -> None:
    rows = rows_of([("Which queue?", "Billing"), ("which queue", "billing."), *unlike(30)])
    assert result_of(CHECK, rows).findings == []


def test_another_system_prompt_or_another_turn_before_makes_it_another_question() -> None:
    rows = [
        row(1, "And in May?", "Yes", system="You answer for the shop."),
        row(2, "And in May?", "No", system="You answer for the bank."),
        row(3, "And in May?", "Maybe", before=[("user", "Open in April?"), ("assistant", "Yes")]),
        row(4, "And in May?", "Never", before=[("user", "Closed in April?"), ("assistant", "Yes")]),
    ]
    assert result_of(CHECK, rows).findings == []
    again = row(
        5, "And in May?", "Never", before=[("user", "Open in April?"), ("assistant", "yes")]
    )
    assert result_of(CHECK, [*rows, again]).findings[0].lines == (3, 5)


def test_free_text_may_have_several_good_answers_where_the_task_says_so() -> None:
    poems = ["A long poem about the sea and the wind.", "Another long poem about gulls and sand."]
    rows = rows_of([("Write a poem.", poem) for poem in poems])
    for task, weight in (
        ("style", "minor"),
        ("instruction", "minor"),
        (None, "important"),
        ("classification", "serious"),
    ):
        assert result_of(CHECK, rows, settings_of(task)).findings[0].weight == weight


def test_two_ways_to_one_number_agree_in_a_file_of_reasoning() -> None:
    rows = rows_of(
        [("2 + 3 · 4?", "3 · 4 = 12, so 14"), ("2 + 3 · 4?", "First 12, and 2 more: 14.")]
    )
    assert result_of(CHECK, rows, settings_of("reasoning")).findings == []
    rows += [row(3, "2 + 3 · 4?", "2 + 3 = 5, times 4 is 20")]
    assert result_of(CHECK, rows, settings_of("reasoning")).findings[0].rows == 3


def test_pairs_contradict_only_where_they_prefer_the_other_one() -> None:
    rows = [
        row(1, "Say hello.", "Hello!", rejected="Go away."),
        row(2, "Say hello.", "Good morning!", rejected="Go away."),
        row(3, "Say hello.", "Go away.", rejected="Hello!"),
    ]
    (finding,) = result_of(CHECK, rows).findings
    assert finding.lines == (1, 3)
    assert finding.weight == "serious"


def test_a_text_alone_asks_nothing() -> None:
    assert result_of(CHECK, rows_of([("", "One text."), ("", "Another.")])).findings == []


def test_signs_alone_are_a_question_too() -> None:
    rows = rows_of([("👍", "yes"), ("👎", "no"), ("👍", "no")])
    assert finding_with(result_of(CHECK, rows), "1 question has").lines == (1, 3)
