"""The general-capability suites: the same for a seed, and passed by their own references."""

import re

import pytest

from runners.metrics import Answer, scorer
from runners.suites import SUITES

EACH_SUITE = pytest.mark.parametrize("name", SUITES)


def test_there_are_eight_skills() -> None:
    assert len(SUITES) == 8


@EACH_SUITE
def test_a_seed_always_gives_the_same_items(name: str) -> None:
    suite = SUITES[name]
    assert suite.generate(3, 60) == suite.generate(3, 60)


@EACH_SUITE
def test_another_seed_gives_other_items(name: str) -> None:
    suite = SUITES[name]
    assert suite.generate(3, 60) != suite.generate(4, 60)


@EACH_SUITE
def test_ids_and_inputs_are_unique(name: str) -> None:
    items = SUITES[name].generate(3, 100)
    assert len({item["id"] for item in items}) == 100
    assert len({item["input"] for item in items}) == 100


@EACH_SUITE
def test_a_third_of_the_items_is_hard_and_tagged_so(name: str) -> None:
    items = SUITES[name].generate(3, 60)
    assert [item["tags"] for item in items].count(["hard"]) == 20
    assert [item["tags"] for item in items].count(["easy"]) == 40


@EACH_SUITE
def test_its_own_metric_passes_every_reference_and_fails_another_item_s(name: str) -> None:
    suite = SUITES[name]
    score = scorer(suite.metric, extract=suite.extract)
    references = [item["reference"] for item in suite.generate(3, 100)]
    assert {score(Answer(each), [each]).value for each in references} == {1.0}
    others = [each for each in references if references[0] not in each]
    assert {score(Answer(each), [references[0]]).value for each in others[:20]} == {0.0}


@pytest.mark.parametrize("name", [name for name, suite in SUITES.items() if suite.extract])
def test_where_the_pattern_finds_something_in_a_reference_it_finds_all_of_it(name: str) -> None:
    suite = SUITES[name]
    references = [item["reference"] for item in suite.generate(3, 100)]
    found = {each: re.findall(suite.extract or "", each) for each in references}
    matched = {each: parts for each, parts in found.items() if parts}
    assert matched
    assert matched == {each: [each] for each in matched}


@EACH_SUITE
def test_a_reference_is_never_empty_or_padded(name: str) -> None:
    for item in SUITES[name].generate(3, 100):
        assert item["reference"] == item["reference"].strip() != ""


def test_sums_are_right() -> None:
    for item in SUITES["arithmetic"].generate(5, 90):
        sum_ = re.search(r"(\d+) (\+|-|times) (\d+)", item["input"])
        assert sum_ is not None
        a, b = int(sum_[1]), int(sum_[3])
        right = {"+": a + b, "-": a - b, "times": a * b}[sum_[2]]
        assert item["reference"] == str(right)


def test_more_items_than_there_are_questions_is_an_error_that_says_so() -> None:
    with pytest.raises(ValueError, match="suite dates: fewer than 2000 different"):
        SUITES["dates"].generate(1, 2000)
