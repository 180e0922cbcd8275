"""Test items in a training file."""

import random

from evalhub.features.data.checks.leakage import CHECK
from evalhub.io.rows import Row
from evalhub.ledger.leakage.matching import ItemTexts, find_leakage, item_texts
from evalhub.ledger.leakage.training import training_of
from tests.features.data.checks.rows_of import result_of, row, rows_of, settings_of

WORDS = [
    f"{first}{last}"
    for first in "bcdfgklmnprst"
    for last in ["abe", "ilo", "una", "ort", "ast", "ink"]
]


def sentence(rng: random.Random, words: int = 20) -> str:
    return " ".join(rng.choices(WORDS, k=words))


def test_planted_copies_and_near_copies_are_found_in_each_test_set_and_nothing_else() -> None:
    """Of 200 items 12 are in 1,500 rows: 4 whole, 4 within a longer text, 4 with a word changed."""
    rng = random.Random(4)
    items = {f"item-{n}": sentence(rng) for n in range(200)}
    rows = rows_of([(sentence(rng), sentence(rng)) for _ in range(1_500)])
    planted: dict[int, str] = {}
    for n in range(12):
        text = items[f"item-{n}"]
        if n % 3 == 1:
            text = f"{sentence(rng)} {text} {sentence(rng)}"
        elif n % 3 == 2:
            words = text.split()
            words[17] = "other"
            text = " ".join(words)
        line = 1 + 100 * n
        planted[line] = f"item-{n}"
        rows[line - 1] = row(line, "Question?", text) if n % 2 else row(line, text, "Answer.")
    sets = {
        "clean": [item_texts("a", sentence(rng), []), item_texts("b", sentence(rng), [])],
        "leaked": [item_texts(key, text, []) for key, text in items.items()],
    }
    result = result_of(CHECK, rows, settings_of(test_sets=sets))
    (finding,) = result.findings
    assert finding.title == "12 of 200 items of the test set leaked are in the file"
    assert (finding.weight, finding.rows, finding.lines) == ("serious", 12, tuple(planted))
    assert finding.examples[0].text.startswith(f"item {planted[finding.examples[0].line]}: input:")
    assert [measure.value for measure in result.measures] == [0, 12]


def test_it_finds_what_the_command_finds_in_the_same_rows() -> None:
    rng = random.Random(6)
    items = [item_texts(str(n), sentence(rng, 9), [sentence(rng, 4)]) for n in range(60)]
    rows = rows_of([(sentence(rng), sentence(rng)) for _ in range(450)])
    rows += [row(451 + n, items[n].parts[0][1], "Answer.") for n in range(5)]
    as_rows = [Row(some.line, {"prompt": some.prompt, "answer": some.answer}) for some in rows]
    (leakage,) = find_leakage(training_of(as_rows[0], as_rows[1:], "rows"), items)
    result = result_of(CHECK, rows, settings_of(test_sets={"t": items}))
    assert result.measures[0].value == len(leakage.leaked) == 5


def test_system_prompts_and_other_fields_are_searched_and_every_line_is_named() -> None:
    rng = random.Random(7)
    text = sentence(rng)
    rows = [
        row(1, "Q?", "A.", system=text),
        row(2, "Q?", "A.", fields={"reference": text}),
        row(3, "Q?", "A.", rejected=text),
        row(4, "Q?", "A.", before=[("user", text), ("assistant", "Yes.")]),
    ]
    for some in rows:
        result = result_of(CHECK, [some], settings_of(test_sets={"t": [item_texts("k", text, [])]}))
        assert result.findings[0].lines == (some.line,)


def test_items_that_are_too_short_are_said_not_to_be_searched() -> None:
    sets = {"t": [ItemTexts("k", (("input", "Hi"),)), item_texts("m", "one two three four", [])]}
    result = result_of(CHECK, rows_of([("Hi", "Hello")]), settings_of(test_sets=sets))
    assert "1 item of the test set t can't be searched for" in result.unchecked[0].reason


def test_without_a_test_set_nobody_knows() -> None:
    result = result_of(CHECK, rows_of([("Q?", "A.")]))
    assert result.unchecked[0].reason.startswith("No test set was named")
