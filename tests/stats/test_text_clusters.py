"""Texts fall into groups by their words, and each group is named by them."""

from collections import Counter

import numpy as np
import pytest

from evalhub.stats.errors import StatisticsError
from evalhub.stats.text_clusters import NO_CLUSTER, fit_clusters, silhouette

TOPICS = {
    "refund": ["refund", "money", "back", "receipt", "broken", "returned", "card", "paid"],
    "delivery": ["parcel", "courier", "arrive", "address", "delivery", "late", "tracking", "door"],
    "account": ["password", "login", "account", "mail", "locked", "profile", "sign", "reset"],
}
FILLERS = ["please", "the", "my", "a", "is", "it", "i", "can", "you", "today", "with", "for"]


def made_up(counts: dict[str, int], seed: int = 1) -> tuple[list[list[str]], list[str]]:
    """Texts of ten words, six of them of their topic; and their topics."""
    rng = np.random.default_rng(seed)
    texts, topics = [], []
    for topic, count in counts.items():
        for _ in range(count):
            words = [*rng.choice(TOPICS[topic], 6), *rng.choice(FILLERS, 4)]
            texts.append([str(word) for word in rng.permutation(words)])
            topics.append(topic)
    order = rng.permutation(len(texts))
    return [texts[place] for place in order], [topics[place] for place in order]


def test_three_topics_are_three_clusters_in_texts_that_were_not_fitted_to():
    texts, topics = made_up({"refund": 300, "delivery": 180, "account": 120})
    clusters = fit_clusters(texts[:300])
    assigned = clusters.assign(texts[300:])
    assert len(clusters) == 3
    pairs = Counter(zip(assigned.tolist(), topics[300:], strict=True))
    right = sum(pairs.most_common(3)[place][1] for place in range(3))
    assert len({cluster for (cluster, _), _ in pairs.most_common(3)}) == 3
    assert right >= 295  # six of ten words are the topic's


def test_the_largest_cluster_comes_first_and_is_named_by_its_topics_words():
    texts, _ = made_up({"refund": 300, "delivery": 180, "account": 120})
    clusters = fit_clusters(texts)
    for cluster, topic in enumerate(TOPICS):
        assert set(clusters.words(cluster)) <= set(TOPICS[topic])


def test_the_same_seed_gives_the_same_clusters():
    texts, _ = made_up({"refund": 60, "delivery": 60})
    first, again = fit_clusters(texts, seed=3), fit_clusters(texts, seed=3)
    np.testing.assert_array_equal(first.assign(texts), again.assign(texts))
    assert first.telling == again.telling


def test_a_text_without_any_word_that_counts_is_in_no_cluster():
    texts, _ = made_up({"refund": 60, "delivery": 60})
    clusters = fit_clusters(texts)
    assert clusters.assign([["unheard"], [], texts[0]])[:2].tolist() == [NO_CLUSTER, NO_CLUSTER]
    assert clusters.assign([]).tolist() == []


def test_the_number_of_clusters_may_be_given():
    texts, _ = made_up({"refund": 60, "delivery": 60})
    assert len(fit_clusters(texts, count=1)) == 1
    assert fit_clusters(texts, count=1).words(0) == ()


def test_too_few_texts_and_texts_that_share_no_word_are_refused():
    with pytest.raises(StatisticsError, match="need 50 texts or more, not 49"):
        fit_clusters([["word"]] * 49)
    with pytest.raises(StatisticsError, match="no word"):
        fit_clusters([["same"]] * 60)
    with pytest.raises(StatisticsError, match="no word"):
        fit_clusters([[]] * 60)


def test_the_silhouette_of_two_right_angles_is_one_and_of_nothing_apart_zero():
    """Texts on their centres: a = 0 and b = 1, so (1 − 0)/1. Two equal centres: a = b."""
    vectors = np.eye(2)[[0, 0, 1, 1]]
    assert silhouette(vectors, np.eye(2)) == 1
    assert silhouette(vectors, np.eye(2)[[0, 0]]) == 0
    assert silhouette(vectors, np.eye(2)[:1]) == 0


def test_the_silhouette_of_a_text_between_two_centres_by_hand():
    """At 30° of the first and 60° of the second: a = 1 − √3/2, b = 1/2; (b − a)/b = √3 − 1."""
    vector = np.array([[np.sqrt(3) / 2, 1 / 2]])
    assert silhouette(vector, np.eye(2)) == pytest.approx(np.sqrt(3) - 1)
