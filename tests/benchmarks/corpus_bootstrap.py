"""Intervals of corpus BLEU and chrF beside a paired bootstrap, and how often they hold the truth.

python -m tests.benchmarks.corpus_bootstrap [--runs 2000]

References have 8 to 25 words of 400, and answers keep a share of them. Of 5,000 such documents each
run draws some with replacement; the truth is the difference of the scores of the 5,000.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from evalhub.stats.corpus import corpus_score
from evalhub.stats.corpus_bootstrap import paired_bootstrap
from evalhub.stats.paired import PairedComparison, compare
from runners.text_counts import bleu_counts, chrf_counts

Array = NDArray[np.float64]

SCORES = ("bleu", "chrf", "chrf++")
SIZES = (200, 500)
GAINS = (0.0, 0.03, 0.08)
SHARE = 0.6
"""Of a reference's words that the baseline keeps; the candidate keeps `gain` more."""
POPULATION = 5_000
_letters = np.random.default_rng(3)
WORDS = [
    "".join(_letters.choice(list("etaoinshrdlu"), _letters.integers(2, 9))) for _ in range(400)
]


@dataclass(frozen=True, slots=True)
class Corpus:
    references: Sequence[str]
    baseline: Sequence[str]
    candidate: Sequence[str]

    @property
    def arms(self) -> tuple[Sequence[str], Sequence[str]]:
        return self.baseline, self.candidate


@dataclass(frozen=True, slots=True)
class BesideBootstrap:
    """How far an interval's ends are from the middle 95% of the resamples, as a share of the width
    of that; the two-sided p-value, and twice sacrebleu's."""

    ends: float
    p_value: float
    twice_sacrebleus: float


def drawn_corpus(documents: int, *, gain: float, seed: int) -> Corpus:
    """Answers of two arms that find the same documents easy."""
    rng = np.random.default_rng(seed)
    references: list[str] = []
    arms: tuple[list[str], list[str]] = [], []
    for _ in range(documents):
        words = rng.choice(WORDS, rng.integers(8, 26))
        ease = rng.normal(0, 0.15)
        references.append(" ".join(words))
        for arm, share in zip(arms, (SHARE, SHARE + gain), strict=True):
            kept = rng.random(words.size) < np.clip(share + ease, 0.02, 0.99)
            answer = np.where(kept, words, rng.choice(WORDS, words.size))
            arm.append(" ".join(answer[rng.random(words.size) > 0.03]))
    return Corpus(references, *arms)


def counts_of_texts(score: str, answers: Sequence[str], references: Sequence[str]) -> Array:
    pairs = zip(answers, references, strict=True)
    if score == "bleu":
        rows = [bleu_counts(text, [wanted], lower=False, tokenize="13a") for text, wanted in pairs]
    else:
        rows = [chrf_counts(text, [wanted], score=score) for text, wanted in pairs]
    return np.array(rows)


def linearised_comparison(score: str, arms: Sequence[Array]) -> PairedComparison:
    return compare(*(corpus_score(score, rows).scores for rows in arms))


def beside_bootstrap(score: str, documents: int, *, gain: float, seed: int) -> BesideBootstrap:
    corpus = drawn_corpus(documents, gain=gain, seed=seed)
    arms = [counts_of_texts(score, texts, corpus.references) for texts in corpus.arms]
    ours = linearised_comparison(score, arms)
    drawn = paired_bootstrap(score, *arms)
    farther = max(abs(ours.lower - drawn.lower), abs(ours.upper - drawn.upper))
    return BesideBootstrap(
        farther / (drawn.upper - drawn.lower), ours.p_value, min(1.0, 2 * drawn.p_value)
    )


def coverage(score: str, documents: int, gain: float, runs: int) -> float:
    """The share of runs whose interval holds the truth."""
    counts = _population(score, gain)
    truth = np.subtract(*(corpus_score(score, rows).value for rows in reversed(counts)))
    rng = np.random.default_rng([documents, runs])
    held = 0
    for _ in range(runs):
        rows = rng.integers(0, POPULATION, documents)
        result = linearised_comparison(score, [arm[rows] for arm in counts])
        held += result.lower <= truth <= result.upper
    return held / runs


@lru_cache(maxsize=8)
def _population(score: str, gain: float) -> tuple[Array, Array]:
    corpus = drawn_corpus(POPULATION, gain=gain, seed=7)
    baseline, candidate = (
        counts_of_texts(score, texts, corpus.references) for texts in corpus.arms
    )
    return baseline, candidate


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=2000)
    runs = parser.parse_args().runs
    sys.stdout.write(
        "| score | documents | ends | p below .1 | coverage |\n|" + " --- |" * 5 + "\n"
    )
    for score in SCORES:
        for documents in SIZES:
            rows = [
                beside_bootstrap(score, documents, gain=gain, seed=seed)
                for gain in GAINS
                for seed in range(5)
            ]
            ends = max(row.ends for row in rows)
            small = [abs(row.p_value - row.twice_sacrebleus) for row in rows if row.p_value < 0.1]
            held = coverage(score, documents, GAINS[1], runs)
            sys.stdout.write(
                f"| {score} | {documents} | {ends:.3f} | {max(small):.4f} | {held:.3f} |\n"
            )
            sys.stdout.flush()


if __name__ == "__main__":
    main()
