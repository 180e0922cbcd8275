"""Several answers to an item, as a record has them."""

from dataclasses import replace

import numpy as np
import pytest

from evalhub.decision.align import Aligned
from evalhub.decision.arm_scores import ItemLabel
from evalhub.decision.requirements import Requirement
from evalhub.decision.sections.consistency import ConsistencySection
from evalhub.declare.decision import ArmName, Arms

ARMS = Arms(
    baseline=ArmName(name="base", digest="a" * 64), candidate=ArmName(name="tuned", digest="b" * 64)
)
BASE = np.array([[1.0, 1, 0, 1], [0, 0, 0, 0], [1, 1, 1, 1], [1, 0, 0, 1]])
TUNED = np.array([[1.0, 1, 1, 1], [0, 1, 0, 0], [1, 1, 1, 1], [1, 1, 0, 1]])


def aligned(rising: bool = True) -> Aligned:
    asked = Requirement("triage", "primary", "triage", "exact_match", higher_is_better=rising)
    items = [ItemLabel(f"q{i}") for i in range(4)]
    return Aligned(asked, items, BASE, TUNED, clusters=None)


def test_a_record_says_how_surely_right_answers_come_again() -> None:
    section = ConsistencySection.from_aligned([aligned()])
    assert section is not None
    (row,) = section.test_sets
    two, four = row.passes
    assert (row.items, row.samples_baseline, two.k, four.k) == (4, 4, 2, 4)
    # c = 3, 0, 4, 2 of 4: C(c, 2)/6 = 1/2, 0, 1, 1/6. Tuned: 4, 1, 4, 3: 1, 0, 1, 1/2.
    assert two.all_baseline.value == pytest.approx((1 / 2 + 0 + 1 + 1 / 6) / 4)
    assert two.all_candidate.value == pytest.approx(2.5 / 4)
    assert two.difference == pytest.approx(2.5 / 4 - 5 / 12)
    assert (four.all_baseline.value, four.all_candidate.value) == (0.25, 0.5)
    assert (four.any_baseline.value, four.any_candidate.value) == (0.75, 1.0)
    assert two.lower < two.difference < two.upper
    # Sample variances of an item: 1/4, 0, 0, 1/3 and 0, 1/4, 0, 1/4.
    assert row.within_baseline == pytest.approx((1 / 4 + 1 / 3) / 4)
    assert row.within_candidate == pytest.approx(1 / 8)


def test_it_is_said_in_words() -> None:
    section = ConsistencySection.from_aligned([aligned()])
    assert section is not None
    first, second = section.with_sentences(ARMS).sentences
    assert first.startswith(
        "triage: all of 4 answers to an item are right on 0.50 [0.15, 0.85] of the items for tuned "
        "and on 0.25 ["
    )
    assert "of the variance of the difference lies between answers to one item" in second


def test_where_less_is_better_a_right_answer_is_a_zero() -> None:
    section = ConsistencySection.from_aligned([aligned(rising=False)])
    assert section is not None
    assert section.test_sets[0].passes[-1].all_baseline.value == 0.25
    assert section.test_sets[0].passes[-1].all_candidate.value == 0.0


def test_other_scores_have_the_split_alone() -> None:
    section = ConsistencySection.from_aligned([replace(aligned(), baseline=BASE / 2)])
    assert section is not None
    assert section.test_sets[0].passes == ()


@pytest.mark.parametrize("part", [np.s_[:, 0], np.s_[:, :1]])
def test_one_answer_an_item_says_nothing(part: object) -> None:
    once = replace(aligned(), baseline=BASE[part], candidate=TUNED[part])  # type: ignore[call-overload]
    assert ConsistencySection.from_aligned([once]) is None


def test_one_run_for_both_arms_says_nothing() -> None:
    assert ConsistencySection.from_aligned([replace(aligned(), same=True)]) is None
