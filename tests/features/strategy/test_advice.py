"""The advice follows from the answers, row by row of its table."""

from itertools import product
from typing import Any, get_args

import pytest

from evalhub.declare.declaration import DeclarationError, validate
from evalhub.features.strategy.advice import StrategyAdvice, advise
from evalhub.features.strategy.answers import Case, Lesson
from evalhub.features.strategy.rules import RULES

ENOUGH = {"examples": 2_000}
ROOM = ENOUGH | {"memory": 24}


def advised(**said: Any) -> StrategyAdvice:
    return advise(validate(Case, said))


def rules_of(**said: Any) -> set[str]:
    return {each.rule for each in advised(**said).reasons}


# By the rule: answers that it holds for, and the least change to them for which it doesn't.
ROWS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "knowledge": ({"about": "both"}, {"about": "behaviour"}),
    "knowledge that changes": ({"about": "both", "changes": "monthly"}, {"changes": "yearly"}),
    "knowledge alone": ({"about": "knowledge"}, {"about": "both"}),
    "behaviour that changes": ({"changes": "weekly"}, {"changes": "monthly"}),
    "few examples": ({"examples": 199}, {"examples": 200}),
    "some examples": ({"examples": 499}, {"examples": 500}),
    "a large model that costs or takes long": (
        {"size": "large", "reason": "latency", **ENOUGH},
        {"reason": "quality"},
    ),
    "a small model that costs or takes long": ({"reason": "cost"}, {"size": "large"}),
    "privacy": ({"privacy": "own-machines"}, {"privacy": "anywhere"}),
    "a full fine-tune": (
        {"lesson": "domain", "examples": 100_000, "billions": 5, "memory": 80},
        {"examples": 99_999},
    ),
    "LoRA": ({"billions": 10, **ROOM}, {"billions": 10.1}),
    "LoRA, the size unknown": (ROOM, {"billions": 10}),
    "QLoRA": ({"billions": 10.1, **ROOM}, {"billions": 10}),
    "too large": ({"billions": 33, **ROOM}, {"billions": 32}),
}


def test_every_rule_of_the_table_is_tested() -> None:
    assert list(ROWS) == [rule.name for rule in RULES]


@pytest.mark.parametrize("rule", ROWS)
def test_a_rule_holds_for_its_answers_and_for_no_others(rule: str) -> None:
    holds, otherwise = ROWS[rule]
    assert rule in rules_of(**holds)
    assert rule not in rules_of(**holds | otherwise)


@pytest.mark.parametrize("rule", ROWS)
def test_a_rule_says_a_whole_sentence_and_its_source(rule: str) -> None:
    (said,) = (each for each in advised(**ROWS[rule][0]).reasons if each.rule == rule)
    assert said.said.endswith(".")
    assert "{" not in said.said
    assert said.source


@pytest.mark.parametrize(("lesson", "fewest"), [("style", 50), ("format", 200), ("domain", 1_000)])
def test_not_yet_says_how_many_more_examples_of_which_kind(lesson: str, fewest: int) -> None:
    early = advised(lesson=lesson, examples=fewest - 7)
    assert (early.answer, early.needed, early.method) == ("not-yet", 7, "none")
    assert early.headline.startswith(f"Not yet: 7 more examples of a {lesson}.")
    assert "tuned" not in early.steps
    assert advised(lesson=lesson, examples=fewest).answer == "fine-tune-last"
    assert advised(lesson=lesson, examples=fewest - 1).headline.startswith("Not yet: 1 more ex")


def test_knowledge_is_looked_up_and_not_trained_in() -> None:
    found = advised(about="knowledge", changes="weekly", examples=10_000)
    assert found.answer == "don't-fine-tune"
    assert found.needed == 0
    assert found.headline == (
        "Don't fine-tune: try a system prompt, then examples in the prompt, then documents that "
        "are found and shown."
    )
    assert found.steps == ("base", "prompted", "few-shot", "retrieval")


def test_what_changes_every_week_is_not_trained_in_whatever_the_number_of_examples() -> None:
    assert advised(changes="weekly", **ENOUGH).answer == "don't-fine-tune"
    assert advised(changes="weekly", about="both", **ENOUGH).answer == "fine-tune-last"


def test_the_fine_tune_is_the_last_step_after_all_simpler_ones() -> None:
    found = advised(about="both", **ENOUGH)
    assert found.steps == ("base", "prompted", "few-shot", "retrieval", "tuned")
    assert found.headline.startswith("Fine-tune last: ")


@pytest.mark.parametrize(
    ("said", "method"),
    [
        ({}, "lora"),
        ({"billions": 30}, "lora"),
        ({"billions": 30, "memory": 24}, "qlora"),
        ({"lesson": "domain", "examples": 100_000, "billions": 8, "memory": 128}, "full"),
        ({"lesson": "domain", "examples": 100_000, "billions": 8, "memory": 127}, "lora"),
        ({"lesson": "format", "examples": 100_000, "billions": 8, "memory": 128}, "lora"),
    ],
)
def test_memory_and_examples_choose_the_method(said: dict[str, Any], method: str) -> None:
    assert advised(**ENOUGH | said).method == method


def test_no_gigabytes_are_said_of_a_model_or_of_gpus_that_nobody_named() -> None:
    unknown = " ".join(each.said for each in advised(**ENOUGH).reasons)
    assert "2.4 GB for each billion of parameters, against 16 GB" in unknown
    assert "19.2" not in unknown
    of_the_model = " ".join(each.said for each in advised(billions=8, **ENOUGH).reasons)
    assert "takes 19.2 GB, against 128 GB" in of_the_model
    assert " 24" not in unknown + of_the_model


def test_every_advice_that_tunes_has_one_method() -> None:
    for billions, memory in product((None, 0.1, 8, 70, 10_000), (None, 24)):
        for lesson in get_args(Lesson):
            case = {"billions": billions, "memory": memory}
            found = advised(lesson=lesson, examples=1_000_000, **case)
            assert found.method != "none"
            assert len({each.rule for each in found.reasons} & {"LoRA", "QLoRA"}) <= 1


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"about": "facts"}, "about"),
        ({"examples": -1}, "examples"),
        ({"billions": 0}, "billions"),
        ({"memory": -1}, "memory"),
    ],
)
def test_an_answer_out_of_range_is_refused_by_its_name(said: dict[str, Any], field: str) -> None:
    with pytest.raises(DeclarationError) as refused:
        validate(Case, said)
    assert refused.value.field == field
