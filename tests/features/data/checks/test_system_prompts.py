"""Which system prompts a file has."""

from evalhub.features.data.checks.system_prompts import CHECK
from tests.features.data.checks.rows_of import finding_with, result_of, row

SHOP = "You are the assistant of a shop. Answer in two sentences, and never promise a date."
BANK = "You are a teller of a bank who explains accounts to customers in plain English words."


def rows(*prompts: tuple[str, int]) -> list:
    """Rows with these system prompts, each so many times."""
    every = [prompt for prompt, times in prompts for _ in range(times)]
    return [
        row(line, f"Question {line}?", "An answer.", system=s) for line, s in enumerate(every, 1)
    ]


def test_a_variant_by_white_space_or_punctuation_is_found_with_its_rows() -> None:
    result = result_of(CHECK, rows((SHOP, 50), (BANK, 30), (SHOP.replace(".", " .").upper(), 3)))
    finding = finding_with(result, "white space, case or punctuation alone")
    assert finding.weight == "important"
    assert (finding.rows, finding.lines) == (3, (81, 82, 83))
    assert finding.examples[0].beside == 1


def test_a_variant_by_a_word_is_a_suspicion() -> None:
    result = result_of(CHECK, rows((SHOP, 50), (SHOP.replace("two", "three"), 4)))
    finding = finding_with(result, "by a few words")
    assert (finding.weight, finding.to_people, finding.rows) == ("minor", True, 4)


def test_prompts_that_differ_are_no_variants() -> None:
    result = result_of(CHECK, rows((SHOP, 50), (BANK, 50)))
    assert result.findings == []
    assert result.measures[0].value == 2
    assert result.tables[0].rows[0][1:] == (50, 50.0)


def test_a_template_with_a_slot_is_no_typing_mistake() -> None:
    dated = [(f"{SHOP} Today is day {day} of the year.", 1) for day in range(100)]
    assert result_of(CHECK, rows(*dated)).findings == []


def test_rows_without_one_are_named_where_others_have_one() -> None:
    result = result_of(CHECK, rows((SHOP, 8), ("", 2)))
    finding = finding_with(result, "2 rows have no system prompt")
    assert finding.lines == (9, 10)
    assert result.tables[0].rows[-1] == ("(none)", 2, 20.0)
    assert result_of(CHECK, rows(("", 5))).measures == ()


def test_a_million_different_ones_are_counted_without_their_texts() -> None:
    result = result_of(
        CHECK, rows(*[(f"{line} is your number, use it well", 1) for line in range(3_000)])
    )
    assert result.measures[0].value == 3_000
