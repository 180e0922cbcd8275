"""Counts of a document, whose sum over a corpus has the score that sacrebleu and sklearn have."""

from typing import Any

import numpy as np
import pytest
import sacrebleu

from evalhub.stats.corpus import corpus_score
from evalhub.stats.corpus_counts import COUNTS
from runners.engines.harness_counts import check_value, counts_of

WORDS = [
    "the",
    "cat",
    "(sat)",
    "on",
    "a",
    "mat,",
    "then",
    "it",
    "saw:",
    "«twelve»",
    "mice.",
    "No!",
    "12",
    "é",
    "ﬁ",
    "don't",
]
SACREBLEU: dict[str, Any] = {
    "bleu": sacrebleu.corpus_bleu,
    "chrf": sacrebleu.corpus_chrf,
    "chrf++": lambda answers, streams: sacrebleu.corpus_chrf(answers, streams, word_order=2),
    "ter": sacrebleu.corpus_ter,
}


def a_corpus(seed: int, n: int, references: int) -> tuple[list[str], list[list[str]]]:
    """Answers that change, lose and add words of their first reference; some say nothing."""
    rng = np.random.default_rng(seed)

    def text(length: int) -> list[str]:
        return [str(word) for word in rng.choice(WORDS, length)]

    answers, every = [], []
    for number in range(n):
        texts = [text(int(rng.integers(1, 15))) for _ in range(references)]
        said = [word for word in texts[0] if rng.random() < 0.8] + text(int(rng.integers(0, 3)))
        answers.append("" if number % 17 == 3 else " ".join(said) + " \n"[: number % 3])
        every.append([" ".join(each) for each in texts])
    return answers, every


@pytest.mark.parametrize("score", SACREBLEU)
@pytest.mark.parametrize("references", [1, 3])
@pytest.mark.parametrize(("seed", "n"), [(1, 60), (2, 7), (3, 1)])
def test_the_sum_of_a_corpus_s_counts_has_the_score_of_sacrebleu(
    score: str, references: int, seed: int, n: int
) -> None:
    answers, every = a_corpus(seed, n, references)
    streams = [list(stream) for stream in zip(*every, strict=True)]
    rows = [
        list(counts_of(score, (texts, answer)).values())
        for texts, answer in zip(every, answers, strict=True)
    ]
    scored = corpus_score(score, rows)
    assert scored.value == pytest.approx(SACREBLEU[score](answers, streams).score, abs=1e-9)
    assert scored.scores.mean() == pytest.approx(scored.value, abs=1e-9)


@pytest.mark.parametrize("score", SACREBLEU)
@pytest.mark.parametrize(
    ("reference", "answer"), [("a b c d e", ""), ("a", "x y z"), ("a b", "a b"), (" ", "a b c d")]
)
def test_one_document_that_says_nothing_or_matches_nothing_scores_as_sacrebleu_has_it(
    score: str, reference: str, answer: str
) -> None:
    counts = counts_of(score, [reference, [answer]])
    assert list(counts) == list(COUNTS[score])
    scored = corpus_score(score, [list(counts.values())])
    assert scored.value == pytest.approx(SACREBLEU[score]([answer], [[reference]]).score, abs=1e-9)


def test_labels_and_likelihoods_are_taken_as_the_harness_hands_them_over() -> None:
    assert counts_of("mcc", (np.int64(2), 0)) == {"gold": 2, "answer": 0}
    assert counts_of("perplexity", -3.5) == {"logprob": -3.5, "size": 1}
    assert counts_of("word_perplexity", (-3.5, 7)) == {"logprob": -3.5, "size": 7}
    assert check_value("bleu", (["a", "b"], "c")) == 2


@pytest.mark.parametrize(
    ("score", "value", "message"),
    [
        ("bleu", 1.0, "is no pair of texts, but a float"),
        ("bleu", ("a", ["b", "c"]), "is no pair of texts"),
        ("ter", ([], "b"), "is no pair of texts"),
        ("f1", ("yes", "no"), "is no pair of numbered labels"),
        ("perplexity", "low", "is no log-likelihood, but a str"),
    ],
)
def test_a_value_of_another_kind_has_no_counts(score: str, value: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        counts_of(score, value)
