"""Texts as vectors, and their neighbours."""

import numpy as np
import pytest

from evalhub.stats.tf_idf import nearest, tf_idf

TEXTS = [text.split() for text in ("a b a", "a b c", "c d", "d c", "x")]


def test_vectors_are_scikit_learns():
    """A second implementation: sublinear term frequency, smoothed idf, terms of two texts."""
    text = pytest.importorskip("sklearn.feature_extraction.text")
    theirs = text.TfidfVectorizer(
        ngram_range=(1, 2), min_df=2, sublinear_tf=True, token_pattern=r"\S+"
    )
    expected = theirs.fit_transform([" ".join(words) for words in TEXTS]).toarray()
    ours = tf_idf(TEXTS).toarray()
    assert ours @ ours.T == pytest.approx(expected @ expected.T)


def test_a_text_without_a_common_term_is_a_row_of_zeros():
    assert not tf_idf(TEXTS)[[4]].toarray().any()


def test_neighbours_are_those_of_the_full_product():
    rng = np.random.default_rng(1)
    texts = [[f"w{word}" for word in rng.integers(0, 60, 12)] for _ in range(700)]
    matrix = tf_idf(texts)
    neighbours, cosines = nearest(matrix, 5)
    full = (matrix @ matrix.T).toarray()
    np.fill_diagonal(full, -1)
    assert cosines == pytest.approx(-np.sort(-full, axis=1)[:, :5])
    assert np.take_along_axis(full, neighbours, axis=1) == pytest.approx(cosines)


def test_a_text_that_shares_nothing_has_no_neighbours():
    neighbours, cosines = nearest(tf_idf(TEXTS), 3)
    assert (neighbours[4] == -1).all()
    assert not cosines[4].any()
    assert set(neighbours[0]) == {1, -1}
