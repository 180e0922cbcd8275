"""Which items are near-copies of others: nearly the same words, the same numbers and negations."""

import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from evalhub.ledger.leakage.copies import ItemWords, copies_between, copies_within

SYLLABLES = [a + b for a in "bdfgklmnprstvz" for b in "aeiou"]
INSTRUCTION = (
    "You are a careful assistant of a support desk. Read the ticket below and answer with one of "
    "the labels complaint, question, order or other, and nothing else. Think first about what the "
    "customer wants, then about what was promised, and last about who has to act. Ticket: "
)


def between(new: Sequence[str], old: Sequence[str]) -> int:
    return len(copies_between(ItemWords.of(new), ItemWords.of(old)))


def within(texts: Sequence[str]) -> int:
    return len(copies_within(ItemWords.of(texts)))


def word(rng: random.Random) -> str:
    return "".join(rng.choices(SYLLABLES, k=3))


def sentences(seed: int, n: int = 200, words: int = 9) -> list[str]:
    rng = random.Random(seed)
    return [" ".join(word(rng) for _ in range(words)) for _ in range(n)]


def sums(seed: int) -> list[str]:
    pairs = [(a, b) for a in range(40) for b in range(40)]
    random.Random(0).shuffle(pairs)
    return [f"{a}+{b}=?" for a, b in pairs[200 * (seed % 2) :][:200]]


def tickets(seed: int) -> list[str]:
    return [f"{INSTRUCTION}{each}" for each in sentences(seed, words=5)]


def word_problems(seed: int) -> list[str]:
    rng = random.Random(seed)

    def one(number: int) -> str:
        who = rng.choice(["Anna", "Ben", "Cem", "Dora", "Eli", "Fay"])
        return (
            f"{who} has {rng.randint(2, 99)} apples and buys {number + 100 * (seed % 2)} boxes of "
            f"pears for {rng.randint(2, 99)} euros each. How much does {who} spend?"
        )

    return [one(number) for number in rng.sample(range(100), 100)]


def small_vocabulary(seed: int) -> list[str]:
    things = ["printer", "laptop", "phone", "screen", "mouse", "keyboard", "router", "cable"]
    faults = ["late", "broken", "missing", "wrong", "slow", "loud", "hot", "dirty", "stolen"]
    pairs = [(thing, fault) for thing in things for fault in faults]
    random.Random(0).shuffle(pairs)
    return [f"{INSTRUCTION}My {a} is {b}." for a, b in pairs[36 * (seed % 2) :][:36]]


def capitals(seed: int) -> list[str]:
    what = ("capital", "currency")[seed % 2]
    return [f"What is the {what} of {each}?" for each in sentences(7, words=1)]


def negated(seed: int) -> list[str]:
    start = ("Is it true that", "Is it not true that")[seed % 2]
    return [f"{start} {each}?" for each in sentences(8)]


def contracted(seed: int) -> list[str]:
    start = ("Is this right:", "Isn't this right:")[seed % 2]
    return [f"{start} {each}?" for each in sentences(9)]


def times(seed: int) -> list[str]:
    how = ("plus", "times")[seed % 2]
    return [f"What is {a} {how} {b}?" for a in range(10) for b in range(10)]


def signs(seed: int) -> list[str]:
    return [f"{a}{'+*'[seed % 2]}{b}=?" for a in range(10) for b in range(10)]


def turned_round(seed: int) -> list[str]:
    names = sentences(10, words=2)
    return [f"Does {' beat '.join(each.split()[:: 1 - 2 * (seed % 2)])}?" for each in names]


TEMPLATES = [
    sums, tickets, word_problems, small_vocabulary, capitals, negated, contracted, times, signs,
    turned_round,
]  # fmt: skip


@pytest.mark.parametrize("template", TEMPLATES)
def test_what_comes_from_one_template_is_no_copy(template: Callable[[int], list[str]]) -> None:
    old, new = template(0), template(1)
    assert between(new, old) == 0
    assert within(old) == 0
    assert within(new) == 0


def test_two_templates_in_one_set_are_no_copies() -> None:
    other = INSTRUCTION.replace("careful", "quick").replace("customer", "caller") * 3
    texts = [
        each.replace(INSTRUCTION, other) if i % 2 else each
        for i, each in enumerate(small_vocabulary(0) + small_vocabulary(1))
    ]
    assert within(texts) == 0


@pytest.mark.parametrize("template", [*TEMPLATES, sentences])
@pytest.mark.parametrize(
    "disguise",
    [
        "Please: {}",
        "Kindly, {}",
        "Hello! {} Thanks.",
        "Exercise: {}",
        "{}\u200b",
        "** {} **",
    ],
)
def test_a_few_words_around_all_items_make_copies(
    template: Callable[[int], list[str]], disguise: str
) -> None:
    old = template(0)
    assert between([disguise.format(each) for each in old], old) == len(old)


def test_letters_that_look_alike_make_copies_even_with_more_words() -> None:
    old = sentences(1)
    new = [
        f"Please: {each.replace('e', chr(0x435)).replace('a', f'a{chr(0x34F)}')}" for each in old
    ]
    assert between(new, old) == len(old)


def test_each_copy_in_words_of_its_own_is_none_and_a_word_more_is_one() -> None:
    old = sentences(1)
    assert between([f"{each} {word(random.Random(each))}" for each in old], old) == len(old)
    assert between([each.split()[0] for each in old], old) == 0


def test_items_are_matched_one_to_one() -> None:
    old = sentences(1)
    assert between([f"Please: {old[0]}"] * 100 + sentences(2, n=100), old) == 1
    assert between(old[:50] + sentences(2, n=150), old) == 50


def test_an_item_repeated_in_disguise_is_counted_beside_the_first() -> None:
    liked = sentences(3, n=1)[0]
    disguises = ["{}", "Please: {}", "Kindly, {}", "Hello! {}", "{}\u200b", "\u3164{}"]
    repeated = [disguises[i % 6].format(liked) for i in range(120)]
    assert within(repeated + sentences(4, n=80)) == 119
    assert within(repeated[:6] + sentences(4, n=194)) == 5


def test_what_has_no_word_or_number_is_compared_with_nothing() -> None:
    assert within(["?", "!", "…", "", "→"]) == 0
    assert within(["17?", "17!", "18"]) == 1


def test_an_empty_set_has_no_copies() -> None:
    assert between([], sentences(1)) == between(sentences(1), []) == within([]) == 0


@pytest.mark.parametrize(
    "name", ["gsm8k", "bbh/boolean_expressions", "bbh/navigate", "bbh/date_understanding"]
)
def test_published_test_sets_are_no_copies_of_themselves(shared_data: Path, name: str) -> None:
    """One half of each isn't the other's, in words that all of a template share."""
    rows = (shared_data / name / "testset.jsonl").read_text().splitlines()
    items = [json.loads(row) for row in rows]
    texts = [each.get("input") or each["question"] for each in items]
    half = len(texts) // 2
    assert between(texts[:half], texts[half:]) == 0
    assert within(texts) == 0
    assert between([f"Please: {each}" for each in texts], texts) == len(texts)
