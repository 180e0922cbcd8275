"""Metrics that compare text with text, against values worked out by hand."""

from typing import Any

import pytest

from runners.metrics import Answer, scorer
from runners.metrics.rouge_l import common


def value(name: str, output: str, reference: Any, **options: Any) -> float | None:
    return scorer(name, **options)(Answer(output), [reference]).value


@pytest.mark.parametrize(
    ("output", "reference", "options", "expected"),
    [
        (" yes\n", "yes", {}, 1),
        ("Yes", "yes", {}, 0),
        ("yes.", "yes", {}, 0),
        ("a  b", "a b", {}, 0),
        ("", "", {}, 1),
        ("18", 18, {}, 1),
        ("Yes", "yes", {"lower": True}, 1),
        ("yes.", "yes", {"punctuation": True}, 1),
        ("«yes»", "yes", {"punctuation": True}, 1),
        ("a  b", "a b", {"punctuation": True}, 1),
        ("The dog", "dog", {"articles": True}, 1),
        ("Theo", "o", {"articles": True}, 0),
        ("The Dog!", "a dog", {"lower": True, "articles": True, "punctuation": True}, 1),
    ],
)
def test_exact_match_takes_away_white_space_at_the_ends_and_what_it_is_told(
    output: str, reference: Any, options: dict[str, bool], expected: float
) -> None:
    assert value("exact_match", output, reference, **options) == expected


@pytest.mark.parametrize(
    ("output", "reference", "options", "expected"),
    [
        ("It is Paris, of course.", " Paris ", {}, 1),
        ("It is paris.", "Paris", {}, 0),
        ("It is paris.", "Paris", {"lower": True}, 1),
        ("anything", "  ", {}, None),
    ],
)
def test_contains_finds_the_reference_in_the_output(
    output: str, reference: str, options: dict[str, bool], expected: float | None
) -> None:
    assert value("contains", output, reference, **options) == expected


def test_regex_match_takes_its_pattern_from_the_option_or_from_the_reference() -> None:
    assert value("regex_match", "on 2026-11-24", r"\d{4}-\d\d-\d\d") == 1
    assert value("regex_match", "on 24.11.", r"\d{4}-\d\d-\d\d") == 0
    fixed = scorer("regex_match", pattern=r"(?i)^dear")
    assert fixed.metric.compares is False
    assert fixed(Answer("Dear all"), []).value == 1


def test_a_reference_that_is_no_pattern_leaves_the_answer_unscored() -> None:
    score = scorer("regex_match")(Answer("x"), ["(unclosed"])
    assert score.value is None
    assert score.reason.startswith("the reference is no pattern: is not a regular expression")


# SQuAD's own rule: F1 = 2·shared / (words of the one + words of the other)
@pytest.mark.parametrize(
    ("output", "reference", "expected"),
    [
        ("the cat sat", "A cat sat.", 1),
        ("cat cat", "cat", 2 / 3),
        ("the black cat", "cat on a mat", 2 * 1 / (2 + 3)),
        ("dog", "cat", 0),
        ("", "cat", 0),
        ("the", "a", 1),  # no words are left on either side
    ],
)
def test_token_f1_counts_the_words_that_both_have(
    output: str, reference: str, expected: float
) -> None:
    assert value("token_f1", output, reference) == pytest.approx(expected)


# Lin 2004, section 3: S1 "police killed the gunman", S2 "police kill the gunman" share a sequence
# of 3 of 4 words, S3 "the gunman kill police" one of 2.
@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("police kill the gunman", 3 / 4),
        ("the gunman kill police", 2 / 4),
        ("Police killed the gunman!", 1),
        ("", 0),
        ("police", 2 * 1 / (1 + 4)),
    ],
)
def test_rouge_l_reproduces_the_example_of_its_paper(output: str, expected: float) -> None:
    assert value("rouge_l", output, "police killed the gunman") == pytest.approx(expected)


def test_the_longest_common_subsequence_may_have_gaps() -> None:
    assert common("ABCBDAB", "BDCABA") == 4  # Cormen et al., "Introduction to Algorithms", BCBA
    assert common("", "ABC") == 0


def test_bleu_is_one_for_the_reference_itself_and_follows_its_formula() -> None:
    assert value("bleu", "the cat sat on the mat", "the cat sat on the mat") == pytest.approx(1)
    # "a b c d" of "a b c d e": every n-gram is right, so only the brevity penalty exp(1 - 5/4)
    assert value("bleu", "a b c d", "a b c d e") == pytest.approx(0.77880078)
    # precisions 2/3 and 1/2; no trigram of 1 is right: exponential smoothing takes 1/(2·1);
    # three words have no 4-gram, and effective order leaves it out
    expected = (2 / 3 * 1 / 2 * 1 / 2) ** (1 / 3)
    assert value("bleu", "a b x", "a b c") == pytest.approx(expected)
    assert value("bleu", "", "a b c") == 0


def test_bleu_options_are_sacrebleus() -> None:
    assert value("bleu", "A B C D", "a b c d", lower=True) == pytest.approx(1)
    assert value("bleu", "a b c d.", "a b c d .", tokenize="13a") == pytest.approx(1)
    assert value("bleu", "a b c d.", "a b c d .", tokenize="none") != pytest.approx(1)


def test_chrf_follows_its_formula() -> None:
    assert value("chrf", "cat", "cat") == pytest.approx(1)
    assert value("chrf", "xyz", "cat") == pytest.approx(0)
    # "ab" of "abc": precision 1 and 1 (a, b; ab), recall 2/3 and 1/2 over the orders that both
    # have; F2 of the means: 5·P·R / (4·P + R)
    precision, recall = 1, (2 / 3 + 1 / 2) / 2
    expected = 5 * precision * recall / (4 * precision + recall)
    assert value("chrf", "ab", "abc") == pytest.approx(expected)
    assert value("chrf", "CAT", "cat", lower=True) == pytest.approx(1)


def test_chrf_takes_no_notice_of_spaces_unless_it_counts_words() -> None:
    # six character orders, of which two occur, are right; of chrF++'s words "ab" is none of "a b"
    assert value("chrf", "ab", "a b") == pytest.approx(1)
    assert value("chrf", "ab", "a b", words=True) == pytest.approx(2 / 3)


@pytest.mark.parametrize("name", ["bleu", "chrf", "rouge_l"])
def test_an_empty_reference_leaves_an_overlap_unscored(name: str) -> None:
    assert value(name, "text", " ") is None
