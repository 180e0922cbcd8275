"""Near-copies among texts, and how varied a set is."""

import random
import time

import pytest

from reviews.planning.diversity import (
    near_copies,
    signatures,
    similarities,
    vendi_score,
)

WORDS = [f"word{i}" for i in range(5000)]


def a_text(rng: random.Random, words: int = 40) -> str:
    return " ".join(rng.choice(WORDS) for _ in range(words))


def test_the_vendi_score_is_the_published_one() -> None:
    # K/3 has the eigenvalues 1.9/3, .1/3 and 1/3: exp of their entropy
    assert vendi_score([[1.0, 0.9, 0.0], [0.9, 1.0, 0.0], [0.0, 0.0, 1.0]]) == pytest.approx(
        2.157300, abs=1e-6
    )


def test_the_vendi_score_counts_what_is_different() -> None:
    assert vendi_score([[1.0, 0.0], [0.0, 1.0]]) == pytest.approx(2)
    assert vendi_score([[1.0, 1.0], [1.0, 1.0]]) == pytest.approx(1)


@pytest.mark.parametrize("kernel", [[[1.0, 0.0]], [[0.5, 0.0], [0.0, 1.0]], []])
def test_what_is_no_kernel_has_no_vendi_score(kernel: list[list[float]]) -> None:
    with pytest.raises(ValueError, match=r"kernel is square|diagonal"):
        vendi_score(kernel)


def test_signatures_estimate_the_jaccard_similarity() -> None:
    # 38 triples each, of which 18 are shared: 18/58 = .310; standard error (.31·.69/100)^½ = .046
    rng = random.Random(3)
    shared, one, other = a_text(rng, 20), a_text(rng, 20), a_text(rng, 20)
    found = similarities(signatures([f"{shared} {one}", f"{shared} {other}"]))
    assert found[0, 1] == pytest.approx(18 / 58, abs=3 * 0.046)
    assert found[0, 0] == found[1, 1] == 1


def test_near_copies_are_found_and_others_left_alone() -> None:
    rng = random.Random(1)
    texts = [a_text(rng) for _ in range(200)]
    copies = [f"{text} please!" for text in texts[:50]]
    groups = near_copies(signatures([*texts, *copies]))
    assert groups[:200] == list(range(200))
    assert groups[200:] == groups[:50]


def test_case_and_punctuation_and_spaces_do_not_make_a_text_another_one() -> None:
    groups = near_copies(signatures(["What is it?", "what  IS it", "Something else, friend"]))
    assert groups == [0, 0, 1]


def test_short_and_empty_texts_have_signatures_too() -> None:
    assert near_copies(signatures(["", "yes", "no", "yes!", ""])) == [0, 1, 2, 1, 0]
    assert near_copies(signatures([])) == []


@pytest.mark.heavy
@pytest.mark.alone
def test_a_hundred_thousand_requests_take_seconds() -> None:
    rng = random.Random(2)
    texts = [a_text(rng, 25) for _ in range(100_000)]
    started = time.process_time()
    assert len(set(near_copies(signatures(texts)))) > 99_900
    assert time.process_time() - started < 30
