"""Instructions: each check on answers written by hand, and the two ways of counting them."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evalhub.io.instructions import CHECKS
from evalhub.io.items import FieldMapping, read_items
from evalhub.io.rows import DataError
from runners.metrics import Answer, MetricError, MetricScore, scorer
from runners.metrics.instruction_checks.table import FOLLOWED

type Write = Callable[..., Path]

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "instructions.md"
ENGLISH = "the parcel was sent on monday, and it will be with you by the end of this week."
ROW = {
    "key": 7,
    "prompt": "Write at least three words without commas.",
    "instruction_id_list": ["punctuation:no_comma", "length_constraints:number_words"],
    "kwargs": [
        {"num_words": None, "relation": None},
        {"num_words": 3, "relation": "at least"},
    ],
}


def asked(name: str, **arguments: Any) -> dict[str, Any]:
    return {"instructions": [{"id": name, **arguments}]}


def score(text: str, reference: Any, **options: Any) -> MetricScore:
    return scorer("instructions", **options)(Answer(text), [reference])


@pytest.mark.parametrize(
    ("name", "arguments", "right", "wrong"),
    [
        ("keywords:existence", {"keywords": ["parcel", "sent"]}, "Sent: PARCELS", "sent"),
        (
            "keywords:frequency",
            {"keyword": "red", "frequency": 2, "relation": "at least"},
            "Red, bored",
            "red",
        ),
        (
            "keywords:frequency",
            {"keyword": "red", "frequency": 2, "relation": "less than"},
            "red",
            "Red, bored",
        ),
        ("keywords:forbidden_words", {"forbidden_words": ["red"]}, "bored", "Red!"),
        (
            "keywords:letter_frequency",
            {"letter": "E", "let_frequency": 2, "let_relation": "at least"},
            "Eve",
            "we",
        ),
        (
            "keywords:letter_frequency",
            {"letter": "#", "let_frequency": 2, "let_relation": "at least"},
            "#a #b",
            "#a b",
        ),
        ("language:response_language", {"language": "en"}, ENGLISH, "Das Paket kommt am Montag."),
        ("length_constraints:number_paragraphs", {"num_paragraphs": 2}, "a\n***\nb", "a\n\nb"),
        (
            "length_constraints:number_words",
            {"num_words": 3, "relation": "less than"},
            "it's",
            "it's us",
        ),
        (
            "length_constraints:nth_paragraph_first_word",
            {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "Then"},
            "One.\n\n'Then, two.",
            "One.\n\nThenceforth two.",
        ),
        (
            "detectable_content:number_placeholders",
            {"num_placeholders": 2},
            "[a] [b]",
            "[a\nb] [c]",
        ),
        ("detectable_content:postscript", {"postscript_marker": "P.P.S"}, "p. p.s: me", "P.S. me"),
        (
            "detectable_format:number_bullet_lists",
            {"num_bullets": 2},
            "* a\n- b\n**bold**",
            "* a\n- b\n* c",
        ),
        ("detectable_format:constrained_response", {}, "Well. My answer is no.", "My answer: no."),
        (
            "detectable_format:number_highlighted_sections",
            {"num_highlights": 2},
            "*a* and **b**",
            "*a* and ** **",
        ),
        (
            "detectable_format:multiple_sections",
            {"section_spliter": "Section", "num_sections": 2},
            "Section 1 a Section 2 b",
            "section 1 a Section 2 b",
        ),
        ("detectable_format:json_format", {}, '```json\n{"a": 1}\n```', "{a: 1}"),
        ("detectable_format:title", {}, "<<a song>>", "<< >>"),
        ("combination:two_responses", {}, "a\n******\nb", "a\n******\na"),
        ("combination:repeat_prompt", {"prompt_to_repeat": "Say A."}, "say a. A", "A. Say A."),
        ("startend:end_checker", {"end_phrase": "Bye."}, 'He said "bye."', "Bye. You."),
        ("startend:quotation", {}, ' "yes" ', '"yes'),
        ("change_case:english_capital", {}, ENGLISH.upper(), ENGLISH),
        ("change_case:english_lowercase", {}, ENGLISH, ENGLISH.capitalize()),
        ("punctuation:no_comma", {}, "a; b", "a, b"),
    ],
)
def test_each_check_tells_what_follows_it(
    name: str, arguments: dict[str, Any], right: str, wrong: str
) -> None:
    reference = asked(name, **arguments)
    assert score(right, reference).value == 1
    assert score(wrong, reference) == MetricScore(0.0, f"not followed: {name}")


def test_an_item_counts_as_a_whole_or_by_its_instructions() -> None:
    reference = {
        "instruction_id_list": [
            "punctuation:no_comma",
            "startend:quotation",
            "combination:two_responses",
        ],
        "kwargs": [{}, {}, {}],
    }
    words = "not followed: startend:quotation, combination:two_responses"
    assert score("no comma", reference) == MetricScore(0.0, words)
    part = score("no comma", reference, level="instruction")
    assert part == MetricScore(pytest.approx(1 / 3), words)


@pytest.mark.parametrize(
    "text", ["Sure:\n{}", "{}\nAnything else?", "Sure:\n{}\nBye", "**{}**", "Sure:\n*{}*"]
)
def test_loose_forgives_a_first_line_a_last_line_and_asterisks(text: str) -> None:
    reference = asked("detectable_format:json_format")
    assert score(text, reference).value == 0
    assert score(text, reference, reading="loose").value == 1


def test_loose_takes_no_two_lines_away_and_finds_nothing_in_nothing() -> None:
    reference = asked("punctuation:no_comma")
    assert score("a,\nb,\nc", reference, reading="loose").value == 0
    for reading in ("strict", "loose"):
        assert score(" \n ", reference, reading=reading).value == 0


def test_a_text_without_letters_is_in_each_language() -> None:
    assert score("1 + 1 = 2", asked("language:response_language", language="fi")).value == 1


def test_the_language_of_a_text_is_the_same_each_time() -> None:
    mixed = "yes oui ja si the le der el"
    reference = asked("language:response_language", language="en")
    assert len({score(mixed, reference).value for _ in range(20)}) == 1


def test_every_known_check_is_decided_or_named_as_one_that_is_not() -> None:
    assert set(CHECKS) - set(FOLLOWED) == {
        "length_constraints:number_sentences",
        "change_case:capital_word_frequency",
    }
    assert set(FOLLOWED) < set(CHECKS)


def test_what_needs_trained_data_is_unscored_by_name_until_it_is_left_out() -> None:
    reference = {
        "instruction_id_list": ["length_constraints:number_sentences", "punctuation:no_comma"],
        "kwargs": [{"num_sentences": 2, "relation": "at least"}, {}],
    }
    unscored = score("One. Two.", reference)
    assert unscored.value is None
    assert unscored.reason.startswith("length_constraints:number_sentences isn't checked here")
    left = ["length_constraints:number_sentences"]
    assert score("One. Two.", reference, leave_out=left).value == 1
    assert score("x", asked("punctuation:no_comma"), leave_out=["punctuation:no_comma"]) == (
        MetricScore(None, "each of the item's checks is left out")
    )
    with pytest.raises(MetricError, match="there is no check 'number_sentences'"):
        scorer("instructions", leave_out=["number_sentences"])


def test_a_reference_of_another_shape_is_unscored() -> None:
    assert score("x", "shipping") == MetricScore(
        None,
        "instructions: instructions are {instruction_id_list, kwargs} or {instructions: [{id, …}]}",
    )


def test_a_keyword_that_stands_first_in_its_check_may_have_flags() -> None:
    assert score("RED", asked("keywords:existence", keywords=["(?i)red"])).value == 1


@pytest.mark.heavy
def test_a_keyword_that_never_ends_is_stopped() -> None:
    slow = score("a" * 40, asked("keywords:existence", keywords=["(a+)+b"]))
    assert slow.value is None
    assert "took more than 2 s" in slow.reason


def test_rows_of_ifeval_are_items_as_they_are(jsonl: Write) -> None:
    (item,) = [item for _, item in read_items(jsonl(ROW), FieldMapping())]
    assert (item.key, item.input, item.metadata) == ("7", ROW["prompt"], {})
    assert item.references == [
        {
            "instruction_id_list": ROW["instruction_id_list"],
            "kwargs": [{}, {"num_words": 3, "relation": "at least"}],
        }
    ]
    named = FieldMapping(id="key", input="prompt")
    assert [item for _, item in read_items(jsonl(ROW), named)] == [item]
    assert score("three plain words", item.references[0]).value == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"instruction_id_list": ["punctuation:no_comma", "length:number_words"]},
            "line 1, field 'instruction_id_list[1]': there is no check 'length:number_words'; did "
            "you mean length_constraints:number_words? (known: keywords:existence, ",
        ),
        (
            {"kwargs": [{}, {"num_words": 3, "relation": "at least", "words": 4}]},
            "line 1, field 'kwargs[1].words': length_constraints:number_words has no such argument "
            "(known: num_words, relation)",
        ),
        (
            {"kwargs": [{}, {"num_words": 3, "relation": "at most"}]},
            "field 'kwargs[1].relation': 'less than' or 'at least' was expected, not 'at most'",
        ),
        ({"kwargs": [{}, {"num_words": 3}]}, "'kwargs[1].relation': missing; length_constraints"),
        (
            {"kwargs": [{}, {"num_words": "3", "relation": "at least"}]},
            "field 'kwargs[1].num_words': a whole number, 0 or more was expected, not '3'",
        ),
        ({"kwargs": [{}]}, "field 'kwargs': a list of 2 objects was expected, one a check"),
        ({"kwargs": "{}"}, "field 'kwargs': a list of 2 objects was expected"),
        ({"instruction_id_list": []}, "field 'instruction_id_list': a list of checks"),
    ],
)
def test_a_wrong_row_of_ifeval_is_refused_with_its_place(
    jsonl: Write, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(DataError) as refused:
        list(read_items(jsonl(ROW | change), FieldMapping()))
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("one", "field"),
    [
        ({"id": "keywords:exist"}, "reference.instructions[0].id"),
        ({"id": "keywords:existence", "keywords": "red"}, "reference.instructions[0].keywords"),
        ({"id": "keywords:existence", "keywords": ["(red"]}, "reference.instructions[0].keywords"),
        (  # each of these three compiles alone, and not where its check puts it
            {"id": "keywords:forbidden_words", "forbidden_words": ["(?i)red"]},
            "reference.instructions[0].forbidden_words",
        ),
        (
            {
                "id": "detectable_format:multiple_sections",
                "section_spliter": "(?i)part",
                "num_sections": 2,
            },
            "reference.instructions[0].section_spliter",
        ),
        (
            {
                "id": "keywords:frequency",
                "keyword": "red\\ ",
                "frequency": 1,
                "relation": "at least",
            },
            "reference.instructions[0].keyword",
        ),
        (
            {"id": "language:response_language", "language": "xx"},
            "reference.instructions[0].language",
        ),
    ],
)
def test_instructions_in_a_reference_are_read_when_the_file_is(
    jsonl: Write, one: dict[str, Any], field: str
) -> None:
    row = {"id": "1", "input": "Go.", "reference": {"instructions": [one]}}
    with pytest.raises(DataError, match=r"line 1") as refused:
        list(read_items(jsonl(row), FieldMapping()))
    assert refused.value.field == field


def test_other_references_that_look_alike_stay_as_they_are(jsonl: Write) -> None:
    references = [{"instructions": [{"id": "first"}]}, {"instructions": "stir", "kwargs": 1}]
    row = {"id": "1", "input": "Go.", "reference": references}
    (item,) = [item for _, item in read_items(jsonl(row), FieldMapping())]
    assert item.references == references


def test_the_page_has_each_check_with_its_arguments() -> None:
    page = PAGE.read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+:\w+)` \| (.*?) \|", page, re.MULTILINE)
    assert {name: re.findall(r"`(\w+)`", cell) for name, cell in rows} == {
        name: list(arguments) for name, arguments in CHECKS.items()
    }
