"""Two samples of texts told apart: the level, the size, the words, and users as units."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from evalhub.stats.errors import StatisticsError
from evalhub.stats.two_sample_classifier import (
    FEWEST_USERS,
    FEWEST_USERS_OF_WORD,
    UserTexts,
    compare_texts,
)

WORDS = [f"word{number}" for number in range(60)]
FREQUENCIES = 1 / np.arange(1, 61)
FREQUENCIES /= FREQUENCIES.sum()


TOPICS = np.random.default_rng(0).integers(0, 9, 300)


def texts_of(
    rng: np.random.Generator,
    users: range,
    *,
    invoices: float = 0.1,
    texts: int = 2,
    topics: NDArray[np.int64] = TOPICS,
) -> list[UserTexts]:
    """Users with a topic of their own that they name again and again, whenever they are drawn."""
    sample = []
    for user in users:
        rows = []
        for _ in range(texts):
            words = [WORDS[index] for index in rng.choice(60, 8, p=FREQUENCIES)]
            words.append(f"topic{topics[user]}")
            if rng.random() < invoices:
                words += ["invoice", "number"]
            rows.append(words)
        sample.append(UserTexts(user, rows))
    return sample


def test_more_invoices_are_told_with_their_words_and_shares():
    rng = np.random.default_rng(1)
    reference = texts_of(rng, range(200))
    recent = texts_of(rng, range(100, 300), invoices=0.6)
    result = compare_texts(reference, recent, permutations=499)
    assert result.p_value == 1 / 500
    assert 0.5 < result.lower < result.auc < result.upper < 1
    first = result.words[0]
    assert first.term in ("invoice", "number", "invoice number")
    assert first.weight > 0
    assert first.reference == pytest.approx(1 - 0.9**2, abs=0.12)
    assert first.recent == pytest.approx(1 - 0.4**2, abs=0.12)


def test_the_same_seed_gives_the_same_and_the_order_of_users_does_not_count():
    rng = np.random.default_rng(2)
    reference, recent = texts_of(rng, range(80)), texts_of(rng, range(60, 140))
    first = compare_texts(reference, recent, seed=3, permutations=99)
    assert compare_texts(reference, recent, seed=3, permutations=99) == first
    turned = compare_texts(reference[::-1], recent[::-1], seed=3, permutations=99)
    assert turned.auc == pytest.approx(first.auc)
    assert compare_texts(reference, recent, seed=4, permutations=99).auc != first.auc


def test_the_auc_is_the_share_of_pairs_of_users_ranked_rightly():
    """All recent users say what none said before."""
    rng = np.random.default_rng(3)
    reference = texts_of(rng, range(60), invoices=0)
    recent = texts_of(rng, range(60, 120), invoices=1)
    result = compare_texts(reference, recent, permutations=99)
    assert (result.auc, result.upper) == (1, 1)
    assert result.lower == pytest.approx(0.025 ** (1 / 30))


def test_words_of_few_users_are_never_shown():
    rng = np.random.default_rng(4)
    reference, recent = texts_of(rng, range(60)), texts_of(rng, range(60, 120))
    for texts in recent[: FEWEST_USERS_OF_WORD - 1]:
        texts.texts[0].extend(["secret"] * 50)
    result = compare_texts(reference, recent, permutations=99)
    assert all("secret" not in word.term for word in result.words)


def test_texts_without_a_common_word_are_not_told_apart():
    samples = [
        [UserTexts(user, [[f"only{user}"]]) for user in range(begin, begin + 50)]
        for begin in (0, 50)
    ]
    result = compare_texts(*samples, permutations=99)
    assert (result.auc, result.p_value, result.words) == (0.5, 1, ())
    assert (result.lower, result.upper) == (pytest.approx(0.5), pytest.approx(0.5))


@pytest.mark.parametrize(
    ("sample", "message"),
    [
        ([UserTexts(user, [["a"]]) for user in range(FEWEST_USERS - 1)], "40 users or more"),
        ([UserTexts(1, [["a"]])] * 50, "once in a sample"),
        ([UserTexts(user, []) for user in range(50)], "a text or more"),
    ],
)
def test_samples_that_cannot_be_compared_say_so(sample, message):
    good = [UserTexts(user, [["a"]]) for user in range(50)]
    with pytest.raises(StatisticsError, match=message):
        compare_texts(good, sample)


@pytest.mark.heavy
@pytest.mark.parametrize("begin", [0, 30, 60])
def test_without_a_change_the_level_is_kept_whoever_comes_again(begin):
    """All users of both samples, half of them, none; p at most .1 in a tenth of draws."""
    draws, rejected, missed = 150, 0, 0
    for seed in range(draws):
        rng = np.random.default_rng(seed)
        topics = rng.integers(0, 9, 120)
        reference, recent = (
            texts_of(rng, users, topics=topics) for users in (range(60), range(begin, begin + 60))
        )
        result = compare_texts(reference, recent, seed=seed, permutations=99, alpha=0.05)
        rejected += result.p_value <= 0.1
        missed += result.lower > 0.5
    assert rejected / draws == pytest.approx(0.1, abs=3.5 * math.sqrt(0.09 / draws))
    assert missed / draws < 0.05 + 3.5 * math.sqrt(0.0475 / draws)
