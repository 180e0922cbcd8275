"""BLEU and chrF of a corpus, by the parts of single answers, beside sacrebleu."""

from collections.abc import Sequence
from typing import Any

import pytest
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

from runners.metrics import Answer, scorer
from runners.metrics.score import JointScores
from tests.runners.metrics.pairs import CHINESE, NASTY, random_pairs

GREATEST = 1e-9
"""The greatest difference from sacrebleu, in points of 100, that the document states."""

CASES: tuple[tuple[str, dict[str, Any], Any], ...] = (
    ("corpus_bleu", {}, BLEU()),
    ("corpus_bleu", {"lower": True, "tokenize": "intl"}, BLEU(lowercase=True, tokenize="intl")),
    ("corpus_bleu", {"tokenize": "zh"}, BLEU(tokenize="zh")),
    ("corpus_bleu", {"tokenize": "char"}, BLEU(tokenize="char")),
    ("corpus_chrf", {}, CHRF()),
    ("corpus_chrf", {"lower": True}, CHRF(lowercase=True)),
    ("corpus_chrf", {"words": True}, CHRF(word_order=2)),
)


def together(
    name: str, answers: Sequence[str], references: Sequence[Sequence[str]], **options: Any
) -> JointScores:
    score = scorer(name, **options)
    batch = [(Answer(text), texts) for text, texts in zip(answers, references, strict=True)]
    parts = [one.parts for one in score.batch(batch)]
    assert all(part is not None for part in parts)
    return score.metric.together([str(n) for n in range(len(parts))], [p or () for p in parts])


def the_corpus(references: int) -> tuple[list[str], list[list[str]]]:
    """200 random inputs and 20 nasty ones, each with so many references."""
    pairs = [*random_pairs(200, seed=7), *NASTY]
    others = [random_pairs(len(pairs), seed=seed) for seed in range(20, 20 + references - 1)]
    every = [[wanted, *(more[n][1] for more in others)] for n, (_, wanted) in enumerate(pairs)]
    return [given for given, _ in pairs], every


@pytest.mark.parametrize(("name", "options", "sacrebleu"), CASES)
@pytest.mark.parametrize("references", [1, 3])
def test_the_score_of_a_corpus_is_sacrebleus(
    name: str, options: dict[str, Any], sacrebleu: Any, references: int
) -> None:
    answers, every = the_corpus(references)
    streams = [list(stream) for stream in zip(*every, strict=True)]
    joint = together(name, answers, every, **options)
    assert joint.value == pytest.approx(
        sacrebleu.corpus_score(answers, streams).score, abs=GREATEST
    )
    assert sum(joint.values) / len(answers) == pytest.approx(joint.value, abs=GREATEST)


@pytest.mark.parametrize(("name", "options", "sacrebleu"), CASES)
def test_each_nasty_input_alone_has_sacrebleus_score(
    name: str, options: dict[str, Any], sacrebleu: Any
) -> None:
    for answer, reference in [*NASTY, *(pair[:2] for pair in CHINESE)]:
        joint = together(name, [answer], [[reference]], **options)
        theirs = sacrebleu.corpus_score([answer], [[reference]]).score
        assert joint.value == pytest.approx(theirs, abs=GREATEST)


def test_a_corpus_scores_as_by_hand() -> None:
    """Words that match 5 of 6, pairs 3 of 4, threes 2 of 2, a four 1 of 1, of as many as wanted."""
    joint = together("corpus_bleu", ["a b c d", "x y"], [["a b c d"], ["x z"]])
    assert joint.value == pytest.approx(100 * (5 / 6 * 3 / 4 * 1 * 1) ** 0.25)


@pytest.mark.parametrize("name", ["corpus_bleu", "corpus_chrf"])
@pytest.mark.parametrize(
    ("references", "reason"),
    [
        ([], "no reference"),
        ([None], "no reference"),
        ([" ", ""], "the reference is empty"),
        ([["a"]], "the reference is a list, not text"),
        (["a", None, " "], "scored when all answers are there"),
    ],
)
def test_an_answer_says_why_it_has_no_score_of_its_own(
    name: str, references: list[Any], reason: str
) -> None:
    score = scorer(name)(Answer("a"), references)
    assert (score.value, score.reason) == (None, reason)
    assert (score.parts is None) == (reason != "scored when all answers are there")


def test_a_long_answer_has_the_same_parts_in_the_process_apart() -> None:
    answer, reference = "a b c d " * 4000, "a b c e " * 3000
    score = scorer("corpus_bleu")
    apart = score(Answer(answer), [reference])
    assert apart.parts is not None
    assert list(apart.parts) == list(score.metric.score(Answer(answer), reference).parts or ())


def test_a_part_of_an_answer_may_be_scored() -> None:
    score = scorer("corpus_chrf", extract=r"answer: (.*)")(Answer("so, answer: cat"), ["cat"])
    assert score.extracted
    assert list(score.parts or ())[:3] == [3, 3, 3]
