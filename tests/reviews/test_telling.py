"""How well text alone tells two arms apart, and by what."""

import random
import time

import pytest

from reviews.identifiability import FEWEST, MOST, AnswerPair, Telling, draw_items, tell

WORDS = ["the", "a", "rain", "river", "stone", "child", "walks", "sees", "under", "green", "gives"]


def prose(rng: random.Random, words: int = 12) -> str:
    return " ".join(rng.choice(WORDS) for _ in range(words)).capitalize() + "."


def pairs(n: int, candidate: str = "{}", *, seed: int = 5) -> list[AnswerPair]:
    rng = random.Random(seed)
    return [
        AnswerPair(f"q{i}", "", prose(rng), candidate.format(prose(rng).replace('"', "")))
        for i in range(n)
    ]


def titles(found: Telling) -> list[str]:
    return [each.title for each in found.features]


def test_json_against_prose_is_told_in_every_pair_and_named() -> None:
    found = tell(pairs(24, '{{"answer": "{}"}}'))
    assert found.choice is not None
    assert (found.choice.right, found.apart, found.alike) == (24, True, False)
    assert found.choice.p <= 0.0005
    assert str(found.features[0]) == (
        "is a JSON object or array: 24 of 24 of the candidate's, 0 of 24 of the baseline's"
    )


def test_texts_of_one_kind_are_not_told_apart() -> None:
    found = tell(pairs(200))
    assert found.choice is not None
    assert (found.apart, found.alike) == (False, True)
    assert abs(found.choice.share - 0.5) < 0.1


@pytest.mark.parametrize(
    ("candidate", "title"),
    [
        ("Certainly! {}", "opens with “Sure”, “Here is” or the like"),
        ("{} Therefore.", "has the word “therefore”"),
        ("{}\n\n- a point", "uses Markdown"),
        ("{} {0}", "is longer than its partner"),
        ("{}\n```\n1\n```", "uses Markdown"),
        ("I'm sorry. {}", "refuses or is sorry"),
        ("{} 😀", "has an emoji or a symbol"),
    ],
)
def test_what_tells_is_said_in_words(candidate: str, title: str) -> None:
    found = tell(pairs(60, candidate.replace("{} {0}", "{0} {0}").replace("{}", "{0}")))
    assert found.choice is not None
    assert found.choice.share > 0.95
    assert title in titles(found)


def test_a_word_that_a_third_of_one_arm_has_is_found() -> None:
    found = tell(
        AnswerPair(p.item, "", p.baseline, p.candidate[:-1] + (" indeed." if i % 3 == 0 else "."))
        for i, p in enumerate(pairs(300))
    )
    assert found.apart
    assert any("indeed" in title for title in titles(found))


def test_too_few_pairs_establish_nothing_and_still_name_what_splits_them() -> None:
    found = tell(pairs(8, '{{"answer": "{}"}}'))
    assert found.choice is None
    assert not found.alike
    assert str(found) == f"8 pairs are too few to tell (fewer than {FEWEST})"
    assert "is a JSON object or array" in titles(found)
    assert tell([]).features == ()


def test_items_of_one_cluster_are_one_piece_of_evidence() -> None:
    few = [
        AnswerPair(each.item, f"c{i % 3}", each.baseline, each.candidate)
        for i, each in enumerate(pairs(60, "Certainly! {}"))
    ]
    assert str(tell(few)) == f"60 pairs in 3 clusters are too few to tell (fewer than {FEWEST})"


def test_the_same_answers_give_the_same_figures_whichever_way_they_come() -> None:
    asked = pairs(40, "{} So it is")
    assert tell(asked).as_json() == tell(iter(asked)).as_json()


def test_a_sample_is_of_the_same_items_in_any_order() -> None:
    keys = [f"q{i}" for i in range(MOST + 500)]
    assert draw_items(keys) == draw_items(reversed(keys))
    assert len(draw_items(keys)) == MOST
    assert draw_items(keys[:50]) == set(keys[:50])


@pytest.mark.parametrize(
    "text",
    [
        "\n" * 300_000,
        "[" * 300_000,
        "{" + "[1," * 100_000 + "}",
        "**a" * 100_000,
        "###" + " \n" * 150_000,
        " " * 300_000 + "x",
        "<|a" * 100_000,
        "\ud800" * 50_000,
        "As an " * 60_000,
        "|" * 300_000,
    ],
    ids=[
        "lines",
        "brackets",
        "braces",
        "stars",
        "hashes",
        "blanks",
        "angles",
        "halves",
        "words",
        "bars",
    ],
)
def test_no_text_stalls_it(text: str) -> None:
    """A pattern that goes back and forth would take minutes of any of these."""
    begun = time.monotonic()
    tell([*pairs(12), AnswerPair("hostile", "", text, text[1:])])
    assert time.monotonic() - begun < 20
