"""Two arms side by side: which items are compared, in which shape, and what is unfit in words."""

from dataclasses import replace

import numpy as np
import pytest

from evalhub.decision.align import Aligned, align
from evalhub.decision.arm_scores import ArmScores, ItemLabel, by_item
from evalhub.decision.requirements import Requirement

ASKED = Requirement(name="sums", role="primary", test_set="sums", metric="exact_match")
ITEMS = [ItemLabel(f"q{i}", tags=["ab"[i % 2]]) for i in range(4)]

type Scores = list[list[float | None]]


def aligned(baseline: Scores, candidate: Scores, **options: object) -> Aligned:
    arms = (
        ArmScores(name, *by_item(scores))
        for name, scores in (("base", baseline), ("tuned", candidate))
    )
    return align(ASKED, ITEMS, *arms, **options)  # type: ignore[arg-type]


ONE_EACH: Scores = [[0], [1], [0], [1]]


def test_one_answer_an_item_gives_a_row_of_scores() -> None:
    found = aligned(ONE_EACH, [[1], [1], [0], [0]])
    assert found.baseline.tolist() == [0, 1, 0, 1]
    assert found.candidate.tolist() == [1, 1, 0, 0]
    assert [each.key for each in found.items] == ["q0", "q1", "q2", "q3"]
    assert (list(found.flaws), found.clusters, found.weights) == ([], None, None)


def test_several_answers_an_item_stand_beside_each_other() -> None:
    found = aligned([[0, 1]] * 4, [[1, 1]] * 4)
    assert found.baseline.tolist() == [[0, 1]] * 4
    assert list(found.flaws) == []


def test_unequally_many_answers_are_averaged_and_told() -> None:
    found = aligned(ONE_EACH, [[0, 1], [1], [0, 1], [1]])
    assert found.candidate.tolist() == [0.5, 1, 0.5, 1]
    assert list(found.flaws) == [
        "tuned has fewer than 2 answers to 2 of 4 items of sums, first 'q1': "
        "sample every item equally often"
    ]


def test_items_that_one_arm_lacks_or_left_unscored_are_left_out_and_told() -> None:
    found = aligned([[0], [], [0], [1]], [[0], [1], [None], [1]])
    assert [each.key for each in found.items] == ["q0", "q3"]
    assert found.baseline.tolist() == [0, 1]
    assert list(found.flaws) == [
        "base has no answer to 1 of 4 items of sums, first 'q1': "
        "both arms must answer the same items",
        "tuned: 1 answer of sums has no score by exact_match, first that to 'q2': "
        "score them, or say what a failure is worth",
    ]


def test_scores_that_cant_be_are_told_and_left_out() -> None:
    asked = replace(ASKED, bounds=(1.0, 5.0))
    base, tuned = (
        ArmScores(*each)
        for each in (
            ("base", *by_item([[1], [2], [3], [4]])),
            ("tuned", *by_item([[1], [6], [0], [5]])),
        )
    )
    found = align(asked, ITEMS, base, tuned)
    assert found.candidate.tolist() == [1, 5]
    assert list(found.flaws) == [
        "tuned: 2 scores of sums by exact_match lie beyond 1 to 5, first that of 'q1': "
        "say what a score can be by `bounds`"
    ]


def test_what_failed_stands_for_all_that_is_missing_because_of_it() -> None:
    places, values = by_item([[0], [], [None], [1]])
    failed = ArmScores("tuned", places, values, failures=["tuned on sums: timed out"])
    found = align(ASKED, ITEMS, ArmScores("base", *by_item(ONE_EACH)), failed)
    assert list(found.flaws) == ["tuned on sums: timed out"]


def test_arms_that_share_no_item_leave_nothing_to_compare() -> None:
    found = aligned([[0], [1], [], []], [[], [], [0], [1]])
    assert (len(found.items), len(found.baseline), len(found.candidate)) == (0, 0, 0)
    assert len(found.flaws) == 2


def test_items_are_weighted_to_a_mix_or_told_why_not() -> None:
    found = aligned(ONE_EACH, ONE_EACH, mix={"a": 0.75, "b": 0.25})
    assert found.weights is not None
    assert found.weights.tolist() == [1.5, 0.5, 1.5, 0.5]
    found = aligned(ONE_EACH, ONE_EACH, mix={"a": 0.75, "c": 0.25})
    assert found.weights is None
    assert found.flaws[0].startswith("sums can't be weighted to its mix: ")


def test_only_the_judged_items_are_compared_and_all_are_looked_at_for_flaws() -> None:
    judged = np.array([True, True, False, False])
    found = aligned(ONE_EACH, [[0], [1], [0], []], judged=judged)
    assert [each.key for each in found.items] == ["q0", "q1"]
    assert "tuned has no answer to 1 of 4 items" in found.flaws[0]


@pytest.mark.parametrize("kept", [[True, False, True, False], [False, True, True, True]])
def test_a_part_keeps_its_rows_together(kept: list[bool]) -> None:
    part = aligned([[0], [1], [2], [3]], [[4], [5], [6], [7]]).where(np.array(kept))
    assert [int(each.key[1:]) for each in part.items] == part.baseline.astype(int).tolist()
    assert (part.candidate - part.baseline).tolist() == [4.0] * sum(kept)
