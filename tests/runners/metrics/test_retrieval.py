"""Metrics of retrieval: by hand, beside scikit-learn and RAGAS's formula, and where unscored."""

import random
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from runners.metrics import Answer, JudgeReply, MetricScore, Scorer, metric_declaration, scorer
from runners.metrics.sentences import sentences_of


def given(
    passages: Sequence[str] | None, relevant: Sequence[str] | None, text: str = "yes"
) -> Answer:
    shown = None if passages is None else [{"id": each, "text": f"On {each}."} for each in passages]
    return Answer(text, passages=shown, relevant=relevant)


def precision(passages: Sequence[str], relevant: Sequence[str], **options: Any) -> float | None:
    return scorer("context_precision", **options)(given(passages, relevant)).value


def recall(passages: Sequence[str], relevant: Sequence[str], **options: Any) -> float | None:
    return scorer("context_recall", **options)(given(passages, relevant)).value


@pytest.mark.parametrize(
    ("passages", "relevant", "precision_is", "recall_is"),
    [
        ("abc", "a", 1, 1),
        ("abc", "c", 1 / 3, 1),
        ("abc", "bc", (1 / 2 + 2 / 3) / 2, 1),
        ("abcd", "acx", (1 + 2 / 3) / 2, 2 / 3),
        ("abc", "xyz", 0, 0),
        ("", "x", 0, 0),
        ("a", "aaa", 1, 1),
    ],
)
def test_precision_and_recall_by_hand(
    passages: str, relevant: str, precision_is: float, recall_is: float
) -> None:
    assert precision(passages, relevant) == pytest.approx(precision_is, abs=1e-15)
    assert recall(passages, relevant) == pytest.approx(recall_is, abs=1e-15)


def test_only_the_first_passages_count_where_so_many_are_asked() -> None:
    assert precision("abcd", "bd", k=2) == 1 / 2
    assert recall("abcd", "bd", k=2) == 1 / 2


def by_ragas(verdicts: Sequence[int]) -> float:
    """RAGAS's context precision from its verdicts, as its documentation states it (v0.3)."""
    total = sum(verdicts) + 1e-10
    places = range(1, len(verdicts) + 1)
    return sum(sum(verdicts[:k]) / k * verdicts[k - 1] for k in places) / total


def verdict_lists() -> list[list[int]]:
    """200 drawn ones, and 20 that are all of one kind, or have one at an end."""
    rng = random.Random(11)
    drawn = [[int(rng.random() < 0.4) for _ in range(rng.randint(1, 30))] for _ in range(200)]
    nasty = [[value] * n for value in (0, 1) for n in (1, 2, 3, 50, 100)]
    nasty += [[0] * n + [1] for n in (1, 2, 10, 50, 99)]
    nasty += [[1] + [0] * n for n in (1, 2, 10, 50, 99)]
    return drawn + nasty


@pytest.mark.heavy  # it imports scikit-learn
def test_precision_is_that_of_scikit_learn_and_of_ragas() -> None:
    """The greatest differences are stated in docs/reference/retrieval.md."""
    from sklearn.metrics import average_precision_score

    from_sklearn, from_ragas = list[float](), list[float]()
    for verdicts in verdict_lists():
        passages = [f"p{place}" for place in range(len(verdicts))]
        relevant = [key for key, hit in zip(passages, verdicts, strict=True) if hit] or ["other"]
        ours = precision(passages, relevant)
        assert ours is not None
        if any(verdicts):
            falling = np.arange(len(verdicts), 0, -1)
            from_sklearn.append(abs(ours - average_precision_score(verdicts, falling)))
        from_ragas.append(abs(ours - by_ragas(verdicts)))
    assert len(from_ragas) == 220
    assert max(from_sklearn) < 2.3e-16
    assert max(from_ragas) < 1.01e-10


@pytest.mark.heavy  # it imports scikit-learn
def test_recall_is_that_of_scikit_learn() -> None:
    """Of the passages given and those that were not, which are all relevant."""
    from sklearn.metrics import recall_score

    differences = list[float]()
    for missed, verdicts in enumerate(verdict_lists()):
        lost = missed % 4 if any(verdicts) else 1
        passages = [f"p{place}" for place in range(len(verdicts))]
        relevant = [key for key, hit in zip(passages, verdicts, strict=True) if hit]
        ours = recall(passages, [*relevant, *(f"lost {each}" for each in range(lost))])
        assert ours is not None
        is_given = [1] * len(verdicts) + [0] * lost
        differences.append(abs(ours - recall_score([*verdicts, *[1] * lost], is_given)))
    assert len(differences) == 220
    assert max(differences) == 0


@pytest.mark.parametrize("metric", ["context_precision", "context_recall"])
@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (given("ab", None), "the item doesn't say which passages are relevant"),
        (given("ab", []), "the item says that no passage is relevant"),
        (given(None, "a"), "the answer came without the passages that it was given"),
    ],
)
def test_what_nobody_said_is_unscored(metric: str, answer: Answer, reason: str) -> None:
    assert scorer(metric)(answer) == MetricScore(None, reason)


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One. Two! Three? Four… Five", ["One.", "Two!", "Three?", "Four…", "Five"]),
        ('He said "Go." Then he went.', ['He said "Go."', "Then he went."]),
        ("Dr. Smith paid 3.50 euros, e.g. In cash.", ["Dr. Smith paid 3.50 euros, e.g. In cash."]),
        ("J. Doe came. it was late.", ["J. Doe came. it was late."]),
        ("- First thing\n2. Second thing\n---\n# Title", ["First thing", "Second thing", "Title"]),
        ("它在北京。它很大！", ["它在北京。", "它很大！"]),
        ("Version 2.0 is out! 42.", ["Version 2.0 is out!"]),
        ("No. It isn't.", ["No.", "It isn't."]),
        ("  \n\n ... ", []),
        ("", []),
    ],
)
def test_sentences_are_split_by_the_stated_rule(text: str, sentences: list[str]) -> None:
    assert sentences_of(text) == sentences


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("." * 200_000, 0),
        ("Wait" + "!" * 200_000 + "x", 1),
        ("It is warm at the coast of an island today. " * 5_000, 5_000),
    ],
)
def test_an_answer_of_many_marks_or_one_long_line_is_split_at_once(text: str, count: int) -> None:
    begun = time.process_time()
    assert len(sentences_of(text)) == count
    assert time.process_time() - begun < 5  # in the square of its length: a minute and more


TWO = given(["a", "b"], None, text="It is warm. It is blue.")


def grounded(reply: str | None, answer: Answer = TWO) -> MetricScore:
    asked = list[str]()

    def ask(prompts: Sequence[str]) -> list[JudgeReply]:
        asked.extend(prompts)
        return [JudgeReply(reply, "" if reply else "timed out") for _ in prompts]

    score = Scorer(metric_declaration("groundedness", by="grader"), ask)(answer)
    for prompt in asked:
        assert '"On a."' in prompt
        assert '"sentence": 1' in prompt
    return score


def verdict(*supported: str) -> str:
    entries = (f'{{"sentence": {n}, "supported": {s}}}' for n, s in enumerate(supported, 1))
    return f'{{"sentences": [{", ".join(entries)}]}}'


def test_groundedness_is_the_share_of_sentences_that_the_passages_support() -> None:
    assert grounded(verdict("true", "true")) == MetricScore(1.0)
    assert grounded(verdict("true", "false")) == MetricScore(0.5, "not supported: 2. 'It is blue.'")
    assert grounded(verdict("null", "false")).value == 0.0
    assert grounded(f"```json\n{verdict('true', 'null')}\n```").value == 1.0


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (None, "the judge gave no answer: timed out"),
        ("well", "no verdict: malformed JSON at column 1: Expecting value; it said 'well'"),
        ("{}", "no verdict: it has no list of sentences"),
        (verdict("true"), "no verdict: it doesn't judge sentence 2 of 2"),
        (verdict("true", "true", "true"), "no verdict: an entry of it is of no sentence from 1 to"),
        (verdict("true", '"yes"'), "no verdict: of sentence 2 it says neither true, false"),
        ('{"sentences": [{"sentence": 1, "supported": true}, {"sentence": 1, "supported": true}]}',
         "no verdict: it judges sentence 1 twice"),
        ('{"sentences": [{"sentence": true, "supported": true}]}', "no verdict: an entry of it is"),
        ('{"sentences": [{"sentence": 1}]}', "no verdict: of sentence 1 it says neither"),
        (verdict("null", "null"), "no sentence of the answer claims anything"),
    ],
)  # fmt: skip
def test_a_verdict_that_cannot_be_read_leaves_the_answer_unscored(
    reply: str | None, reason: str
) -> None:
    score = grounded(reply)
    assert score.value is None
    assert score.reason.startswith(reason)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (given(None, None), "the answer came without the passages that it was given"),
        (given([], None), "the answer was given no passage"),
        (given(["a"], None, text="---"), "the answer has no sentence"),
        (given(["a"], None, text="So it is. " * 201), "the answer has 201 sentences; at most 200"),
        (Answer("Yes.", passages=[{"id": "a", "text": "A", "cut": True}]), "the passages were too"),
    ],
)
def test_what_no_judge_could_tell_is_not_asked(answer: Answer, reason: str) -> None:
    score = grounded("never asked", answer)
    assert score.value is None
    assert score.reason.startswith(reason)


ABSTAINING = [
    "The documents don't say how warm it is.",
    "The provided context does not mention the price.",
    "I don't know.",
    "I could not find this in the manual.",
    "I'm unable to determine that from the passages.",
    "There is no information about refunds in the text.",
    "This is not mentioned in the documents provided.",
    "Unfortunately, the answer cannot be found in the given passages.",
    "I don’t have enough information to answer.",
    "Based on the text, this question is unanswerable.",
    "That isn't stated in the article.",
    "The passage never specifies a date.",
    "No answer is given in the sources.",
    "There is insufficient information.",
    "Not in the documents.",
    "It's not in the given passages.",
    "**Not mentioned**",
    "Unknown.",
    "None of the documents mention it.",
    "Neither passage says.",
    "There isn't enough information to answer.",
    "Das steht nicht in den Dokumenten.",
    "Ich weiss es nicht.",
    "Die Dokumente enthalten dazu keine Angaben.",
    "Dazu steht im Handbuch nichts.",
    "I'm sorry, but I can't answer that.",
]
ANSWERING = [
    "It is 20 degrees.",
    "The documents say that refunds take five days.",
    "Yes, the manual mentions it on page 3.",
    "No, it isn't covered by the warranty.",
    "The kettle does not switch off by itself.",
    "Refunds are not given after 30 days.",
    "According to the passages, it was founded in 1920.",
    "He did not know the answer, so he asked.",
    "The information desk is on the second floor.",
    "Nicht mehr als 20 Grad.",
    "Not available in red.",
    "Not until the third page of the manual is signed.",
    "Unknown to most, it was founded in 1920.",
    "None of the kettles switch off.",
    "Die Gebühr ist nicht in dem Preis enthalten.",
    "The text describes three steps.",
    "Use the form to request more information.",
]


@pytest.mark.parametrize("text", ABSTAINING)
def test_to_abstain_is_right_where_the_documents_hold_no_answer(text: str) -> None:
    assert scorer("abstention")(Answer(text, answerable=False)).value == 1
    wrong = scorer("abstention")(Answer(text))
    assert wrong.value == 0
    assert wrong.reason.endswith(", and there is an answer")


@pytest.mark.parametrize("text", ANSWERING)
def test_to_answer_is_right_where_the_documents_hold_one(text: str) -> None:
    assert scorer("abstention")(Answer(text)).value == 1
    wrong = MetricScore(0.0, "it answers, and there is no answer")
    assert scorer("abstention")(Answer(text, answerable=False)) == wrong


def test_an_own_phrase_abstains_wherever_it_stands() -> None:
    text = "It is 20 degrees. " * 50 + "NOT IN THE CORPUS"
    metric = scorer("abstention", phrases=["not in the corpus"])
    assert metric(Answer(text, answerable=False)).value == 1
    assert scorer("abstention")(Answer(text, answerable=False)).value == 0


def test_none_of_them_says_how_an_answer_looks() -> None:
    """A guard on an answer's form may be read before a decision; what tells right ones may not."""
    names = ("context_precision", "context_recall", "abstention")
    assert not any(metric_declaration(name).of_form for name in names)
