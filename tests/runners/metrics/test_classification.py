"""Labels, and how sure a model says it is: what each answer adds, and what all have together."""

from math import exp, log
from typing import Any, get_args

import numpy as np
import pytest

from evalhub.stats.label_scores import OF_ALL_LABELS, OF_ONE_LABEL
from runners.metrics import METRICS, Answer, MetricError, MetricScore, metric_declaration, scorer
from runners.metrics.classification import Classification
from runners.metrics.score import JointScores

LABELS = ["ham", "spam", "ads"]


def together(parts: list[list[Any]], **options: Any) -> JointScores:
    metric = metric_declaration("classification", labels=LABELS, **options)
    return metric.together([f"q{i}" for i in range(len(parts))], parts)


@pytest.mark.parametrize(
    ("text", "reference", "parts"),
    [
        ("spam", "ham", ["ham", "spam"]),
        (" ham\n", "ham", ["ham", "ham"]),
        ("Ham", "ham", ["ham", None]),
        ("It is spam.", "spam", ["spam", None]),
        ("", "spam", ["spam", None]),
    ],
)
def test_an_answer_adds_the_right_label_and_its_own_or_that_it_is_outside_the_list(
    text: str, reference: str, parts: list[str | None]
) -> None:
    score = scorer("classification", score="accuracy", labels=LABELS)(Answer(text), [reference])
    assert score == MetricScore(None, "scored when all answers are there", parts=parts)


def test_capitals_punctuation_and_the_rest_of_an_answer_may_be_left_out() -> None:
    score = scorer(
        "classification",
        score="accuracy",
        labels=["Ham", "Spam!"],
        lower=True,
        punctuation=True,
        extract="label: (.*)",
    )
    found = score(Answer("I think...\nlabel: SPAM."), ["spam"])
    assert (found.parts, found.extracted) == (["Spam!", "Spam!"], True)
    assert score.part_compared(Answer("label: SPAM.")) == ("spam", True)


def test_a_reference_outside_the_list_leaves_the_answer_unscored() -> None:
    score = scorer("classification", score="accuracy", labels=LABELS)
    assert score(Answer("ham"), ["egg"]).reason == "the reference 'egg' is none of ham, spam, ads"
    assert score(Answer("ham"), [["ham"]]).reason == "the reference is a list, not text"
    assert score(Answer("ham"), ["spam", "ham"]).parts == ["spam", "ham"]


def test_all_answers_have_their_score_together() -> None:
    """100 of each label; 90, 80 and 50 of them right, and 10 of the last outside the list."""
    parts = [[gold, gold] for gold in LABELS for _ in range(100)]
    for i in [*range(10), *range(100, 120)]:
        parts[i] = [parts[i][0], "ads"]
    for i in range(200, 250):
        parts[i] = ["ads", None if i < 210 else "ham"]
    joint = together(parts, score="balanced_accuracy")
    assert joint.value == pytest.approx((0.9 + 0.8 + 0.5) / 3)
    assert np.mean(joint.values) == pytest.approx(joint.value)
    assert together(parts, score="recall", label="spam").value == pytest.approx(0.8)
    assert together(parts, score="precision", label="ads").value == pytest.approx(50 / 80)
    assert together(parts, score="accuracy").values[:11] == [0.0] * 10 + [1.0]
    with pytest.raises(ValueError, match="precision needs 20 answers that say the label"):
        together([[gold, "ham"] for gold, _ in parts], score="precision", label="ads")
    with pytest.raises(ValueError, match="macro_f1 needs 200 items"):
        together(parts[:150], score="macro_f1")


def test_the_scores_to_choose_from_are_those_of_the_formulas() -> None:
    declared = get_args(Classification.model_fields["of"].annotation)
    assert declared == (*OF_ALL_LABELS, *OF_ONE_LABEL)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"score": "accuracy"}, "'labels': missing"),
        ({"labels": LABELS}, "'score': missing"),
        ({"score": "kappa", "labels": LABELS}, "isn't one of accuracy, balanced_accuracy,"),
        ({"score": "accuracy", "labels": ["ham"]}, "'labels'"),
        ({"score": "accuracy", "labels": ["ham", "ham"]}, "has 'ham' twice"),
        ({"score": "accuracy", "labels": ["ham", " ham"]}, "must differ once"),
        ({"score": "accuracy", "labels": ["a", "A"], "lower": True}, "must differ once"),
        ({"score": "f1", "labels": LABELS}, "'label': is needed for f1: one of the labels ham"),
        ({"score": "f1", "labels": LABELS, "label": "egg"}, "'label': is needed for f1"),
        ({"score": "macro_f1", "labels": LABELS, "label": "ham"}, "macro_f1 is of all labels"),
    ],
)
def test_options_that_say_nothing_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(MetricError) as caught:
        scorer("classification", **options)
    assert message in str(caught.value)


def test_its_unit_says_which_score_it_is_and_that_values_are_linearised() -> None:
    metric = metric_declaration("classification", labels=LABELS, score="f1", label="spam")
    assert metric.unit_of_value == "linearised f1 of spam"
    assert (metric.reach, metric.right, metric.rises) == (None, None, True)


def of_choices(*chances: float) -> Answer:
    return Answer("", choices=LABELS, choice_logprobs=[log(each) - 3 for each in chances])


def test_brier_is_half_of_the_sum_over_choices() -> None:
    """(.3² + .2² + .1²)/2 where the first of .7, .2, .1 is right; of two choices (p - y)²."""
    score = scorer("brier")
    assert score(of_choices(0.7, 0.2, 0.1), ["ham"]).value == pytest.approx(0.07)
    assert score(of_choices(0.7, 0.2, 0.1), [2]).value == pytest.approx((0.49 + 0.04 + 0.81) / 2)
    two = Answer("", choices=["a", "b"], choice_logprobs=[log(0.3), log(0.1)])
    assert score(two, ["b"]).value == pytest.approx(0.75**2)
    assert not metric_declaration("brier").rises


@pytest.mark.heavy  # importing scikit-learn takes four seconds
def test_brier_is_scikit_learns_on_200_random_and_20_nasty_inputs() -> None:
    loss = pytest.importorskip("sklearn.metrics").brier_score_loss
    rng = np.random.default_rng(0)
    inputs = [rng.dirichlet(np.full(k, 0.5)) for k in rng.integers(2, 8, 200)]
    ends = [[1.0, 0.0], [0.0, 1.0], [0.5, 0.5], [1e-12, 1 - 1e-12], [1 / 3] * 3]
    ends += [[0.0, 0.0, 1.0], [1 - 2e-9, 1e-9, 1e-9], [0.25] * 4, [0.1] * 10, [0.9, 0.05, 0.05]]
    nasty = [np.array(each) for each in ends for _ in range(2)]
    assert len(inputs + nasty) == 220
    worst = 0.0
    for i, chances in enumerate(inputs + nasty):
        labels = [f"c{k}" for k in range(chances.size)]
        sums = [float(np.log(each)) if each > 0 else float("-inf") for each in chances]
        answer = Answer("", choices=labels, choice_logprobs=sums)
        right = i % chances.size
        found = scorer("brier")(answer, [right]).value
        assert found is not None
        normed = chances / chances.sum()
        expected = loss([right], [normed], labels=range(chances.size), scale_by_half=True)
        worst = max(worst, abs(found - expected))
    assert worst <= 1e-15


STATED = {"confidence": "stated", "answer": "^(.*?)[.]"}


@pytest.mark.parametrize(
    "said",
    ["-0.5", "0,85", "1e-5", "1000", "12345", "0-1", "80%-90%", "1/10", "1 out of 10", "0 to 1"],
)
def test_no_part_of_a_number_is_taken_for_a_stated_confidence(said: str) -> None:
    for percent in (False, True):
        score = scorer("brier", **STATED, percent=percent)(
            Answer(f"Paris. Confidence: {said}"), ["Paris"]
        )
        assert (score.value, score.reason) == (None, "no confidence in the answer")


@pytest.mark.parametrize(
    "said",
    [
        "Confidence: 0.800000000000000",
        "Confidence: .8.",
        "confidence = 0.8, at most",
        "Confidence... 80% 5",
        "CONFIDENCE - 80 %",
    ],
)
def test_a_stated_confidence_is_found_behind_marks(said: str) -> None:
    score = scorer("brier", **STATED)(Answer(f"Paris. {said}"), ["Paris"])
    assert score.value == pytest.approx(0.04)


@pytest.mark.parametrize(
    ("text", "options", "value"),
    [
        ("Paris. Confidence: 80%", {}, 0.04),
        ("Paris. confidence = 0.8", {}, 0.04),
        ("Rome. Confidence: **80 %**", {}, 0.64),
        ("Paris. Confidence: 1", {}, 0.0),
        ("Paris. Confidence: 80", {"percent": True}, 0.04),
        ("Paris. Confidence: 20%. No: confidence 90%", {}, 0.01),
        ("paris. I am 75% sure", {"stated": r"(\d+%) sure", "lower": True}, 0.0625),
        ("The answer is B. Confidence: 0.5", {"right_by": "multiple_choice"}, 0.25),
    ],
)
def test_a_stated_confidence_is_read_from_the_answer(
    text: str, options: dict[str, Any], value: float
) -> None:
    reference = "B" if "right_by" in options else "Paris"
    assert scorer("brier", **STATED | options)(Answer(text), [reference]).value == pytest.approx(
        value
    )


@pytest.mark.parametrize(
    ("answer", "options", "reason"),
    [
        (Answer("Paris."), STATED, "no confidence in the answer"),
        (Answer("Paris. Confidence: 80"), STATED, "the confidence '80' isn't between 0 and 1: say"),
        (Answer("Paris. Confidence: 101%"), STATED, "isn't between 0 and 1"),
        (Answer("Paris. sure"), STATED | {"stated": "(sure)"}, "the confidence 'sure' is no numb"),
        (Answer("Paris"), {"confidence": "recorded"}, "no score 'confidence' was recorded"),
        (
            Answer("Paris", scores={"p": 1.5}),
            {"confidence": "recorded", "score": "p"},
            "the recorded confidence 1.5 isn't between 0 and 1",
        ),
        (Answer("Paris"), {}, "the item has no choices"),
        (
            Answer("", choices=["a", "b"], choice_logprobs=[float("-inf")] * 2),
            {},
            "none of the choices has any likelihood",
        ),
        (
            Answer("B. Confidence: 1"),
            STATED | {"right_by": "numeric_match"},
            "the reference is not a number",
        ),
    ],
)
def test_without_a_confidence_an_answer_is_unscored(
    answer: Answer, options: dict[str, Any], reason: str
) -> None:
    for metric in ("brier", "calibration_error"):
        found = scorer(metric, **options)(answer, ["Paris"])
        assert found.value is None
        assert reason in found.reason


def test_a_recorded_confidence_is_of_an_answer_that_matches() -> None:
    score = scorer("brier", confidence="recorded", score="p", right_by="contains")
    answer = Answer("It is Paris", scores={"p": 0.9})
    assert score(answer, ["Paris"]).value == pytest.approx(0.01)
    assert not score.metric.needs_choices
    assert metric_declaration("brier").needs_choices


def test_a_calibration_error_is_of_the_likeliest_choice() -> None:
    score = scorer("calibration_error")
    assert score(of_choices(0.7, 0.2, 0.1), ["ham"]).parts == [pytest.approx(0.7), 1]
    assert score(of_choices(0.2, 0.4, 0.4), ["ads"]).parts == [pytest.approx(0.4), 0]


def test_all_answers_have_their_calibration_error_together() -> None:
    """Of 200 answers that are .8 sure, 120 are right: .2² - .6·.4/199."""
    metric = metric_declaration("calibration_error", confidence="stated")
    parts = [[0.8, int(i < 120)] for i in range(200)]
    joint = metric.together([""] * 200, parts)
    assert joint.value == pytest.approx(0.04 - 0.24 / 199)
    assert np.mean(joint.values) == pytest.approx(joint.value)
    assert metric.unit_of_value == "linearised points of squared error"
    with pytest.raises(ValueError, match="needs 200 answers for an interval that holds"):
        metric.together([""] * 199, parts[:199])


def test_a_pattern_without_a_group_is_refused() -> None:
    for option in ("stated", "answer"):
        with pytest.raises(MetricError, match=f"'{option}': has no group"):
            scorer("brier", **{"confidence": "stated", option: "sure"})


def test_each_says_what_it_is_held_to_and_what_it_is_not_for() -> None:
    for name in ("classification", "brier", "calibration_error"):
        assert "scikit-learn" in METRICS[name].reference_implementation
        assert METRICS[name].not_for


def test_probabilities_are_of_the_items_choices_alone() -> None:
    """exp(-1) and exp(-2) of them: .731 and .269."""
    answer = Answer("", choices=["a", "b"], choice_logprobs=[-1.0, -2.0])
    chance = 1 / (1 + exp(-1))
    assert scorer("brier")(answer, ["a"]).value == pytest.approx((1 - chance) ** 2)
