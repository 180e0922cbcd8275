"""The paired bootstrap of a corpus beside sacrebleu's own, and beside the linearised interval."""

import numpy as np
import pytest
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF
from sacrebleu.significance import PairedTest

from evalhub.stats.corpus import corpus_score
from evalhub.stats.corpus_bootstrap import paired_bootstrap
from evalhub.stats.errors import StatisticsError
from tests.benchmarks.corpus_bootstrap import (
    Corpus,
    beside_bootstrap,
    counts_of_texts,
    coverage,
    drawn_corpus,
)


def sacrebleu_p(corpus: Corpus, score: str, resamples: int) -> float:
    metric = {"bleu": BLEU(), "chrf": CHRF(), "chrf++": CHRF(word_order=2)}[score]
    named = [("base", corpus.baseline), ("tuned", corpus.candidate)]
    _, results = PairedTest(
        named, {score: metric}, [corpus.references], "bs", n_samples=resamples
    )()
    [(_, paired)] = [columns for name, columns in results.items() if name != "System"]
    return float(paired.p_value)


@pytest.mark.parametrize("score", ["bleu", "chrf", "chrf++"])
def test_its_p_value_is_the_one_that_sacrebleu_prints(score: str) -> None:
    corpus = drawn_corpus(60, gain=0.05, seed=4)
    arms = [counts_of_texts(score, texts, corpus.references) for texts in corpus.arms]
    drawn = paired_bootstrap(score, *arms, resamples=300)
    assert drawn.p_value == sacrebleu_p(corpus, score, 300)


@pytest.mark.heavy
@pytest.mark.parametrize("score", ["bleu", "chrf", "chrf++"])
@pytest.mark.parametrize(("documents", "gain"), [(200, 0.0), (200, 0.06), (500, 0.03)])
def test_its_p_value_is_sacrebleus_of_larger_corpora(
    score: str, documents: int, gain: float
) -> None:
    corpus = drawn_corpus(documents, gain=gain, seed=documents)
    arms = [counts_of_texts(score, texts, corpus.references) for texts in corpus.arms]
    assert paired_bootstrap(score, *arms).p_value == sacrebleu_p(corpus, score, 1000)


def test_clusters_are_drawn_whole() -> None:
    """Ten documents that are one text five times over are two: a resample has both or one twice."""
    rng = np.random.default_rng(1)
    two = [rng.integers(1, 9, (2, 2)).astype(float) for _ in range(2)]
    arms = [np.repeat(rows, 5, axis=0) for rows in two]
    labels = ["a"] * 5 + ["b"] * 5
    clustered = paired_bootstrap("ter", *arms, clusters=labels)
    alone = paired_bootstrap("ter", *two)
    assert (clustered.lower, clustered.upper) == pytest.approx((alone.lower, alone.upper))
    assert clustered.p_value == alone.p_value


def test_the_difference_is_that_of_the_scores() -> None:
    corpus = drawn_corpus(40, gain=0.1, seed=2)
    arms = [counts_of_texts("bleu", texts, corpus.references) for texts in corpus.arms]
    drawn = paired_bootstrap("bleu", *arms, resamples=50)
    scores = [corpus_score("bleu", rows).value for rows in arms]
    assert (drawn.baseline, drawn.candidate) == pytest.approx(tuple(scores))
    assert drawn.difference == pytest.approx(scores[1] - scores[0])


@pytest.mark.parametrize(
    ("arms", "message"),
    [
        (([[1, 2]], [[1, 2], [3, 4]]), "1 documents beside 2"),
        (([[1, 2, 3]], [[1, 2, 3]]), "ter takes 2 counts of each document"),
    ],
)
def test_what_cannot_be_paired_is_refused(
    arms: tuple[list[list[float]], list[list[float]]], message: str
) -> None:
    with pytest.raises(StatisticsError, match=message):
        paired_bootstrap("ter", *arms)


@pytest.mark.heavy
@pytest.mark.parametrize("score", ["bleu", "chrf", "chrf++"])
@pytest.mark.parametrize("documents", [200, 500])
def test_the_interval_of_a_criterion_is_near_the_bootstraps(score: str, documents: int) -> None:
    """An end from 1,000 resamples has a standard error of about 2% of the width. Twice sacrebleu's
    p-value, of as many, is within .02 of the two-sided one where that is below .1."""
    for gain in (0.0, 0.03, 0.08):
        row = beside_bootstrap(score, documents, gain=gain, seed=1)
        assert row.ends < 0.1
        assert row.p_value >= 0.1 or abs(row.p_value - row.twice_sacrebleus) < 0.02


@pytest.mark.heavy
@pytest.mark.parametrize("score", ["bleu", "chrf++"])
def test_the_interval_holds_the_true_difference_of_texts(score: str) -> None:
    """95% of 500 runs with a standard error of 1%: at least 92%."""
    assert coverage(score, 200, 0.03, 500) >= 0.92
