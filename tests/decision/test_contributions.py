"""Items whose answers add the same in both arms are ties, though their values may differ."""

from dataclasses import replace

import numpy as np
import pytest

from evalhub.decision.align import Aligned, align, breakdown_of, criterion_of
from evalhub.decision.arm_scores import ArmScores, ItemLabel
from evalhub.decision.contributions import NOTHING, contribution_number
from evalhub.decision.requirements import Requirement
from evalhub.declare.measured_on import NO_WEIGHTS

ASKED = Requirement("mail", "primary", "mail", "classification", bounds=None)
HAM, SPAM = contribution_number('["ham"]'), contribution_number('["spam"]')


def arm(name: str, values: list[float], said: list[int], items: list[int]) -> ArmScores:
    return ArmScores(
        name, np.array(items), np.array(values), contributions=np.array(said, dtype=np.int64)
    )


def aligned(base: ArmScores, tuned: ArmScores, tags: tuple[str, ...] = ()) -> Aligned:
    return align(ASKED, [ItemLabel(f"q{i}", tags=tags) for i in range(4)], base, tuned)


def test_an_answer_that_both_arms_gave_is_a_tie_and_the_difference_stays() -> None:
    base = arm("base", [0.2, 0.4, 0.4, 0.4], [SPAM, HAM, HAM, HAM], [0, 1, 2, 3])
    tuned = arm("tuned", [0.9, 0.3, 0.3, 0.1], [HAM, HAM, HAM, SPAM], [0, 1, 2, 3])
    both = aligned(base, tuned, ("short",))
    found = criterion_of(both, alpha=0.025, planned_gain=0.05)
    assert (found.wins, found.losses, found.ties) == (1, 1, 2)
    assert found.difference == pytest.approx((0.7 - 0.1 - 0.1 - 0.3) / 4)
    assert breakdown_of([both], alpha=0.025) == [], "the items of a tag have no score of theirs"
    part = both.where(np.array([False, True, True, True]))
    assert part.unchanged is not None
    assert part.unchanged.tolist() == [True, True, False]


def test_several_answers_must_add_the_same_in_whatever_order() -> None:
    """Which sample of an item says what is chance: two of them in the other order are as many
    right and wrong, which is a tie by any score of single answers too."""
    items = [0, 0, 1, 1, 2, 2, 3, 3]
    base = arm("base", [0.5] * 8, [HAM, SPAM, HAM, SPAM, HAM, HAM, HAM, HAM], items)
    tuned = arm("tuned", [0.4] * 8, [HAM, SPAM, SPAM, HAM, HAM, SPAM, HAM, HAM], items)
    both = aligned(base, tuned)
    assert both.unchanged is not None
    assert both.unchanged.tolist() == [True, True, False, True]


def test_unequally_many_answers_and_answers_that_add_nothing_are_no_ties() -> None:
    base = arm("base", [0.5, 0.5, 0.0, 0.5, 0.5], [HAM, HAM, NOTHING, HAM, HAM], [0, 0, 1, 2, 3])
    tuned = arm("tuned", [0.4, 0.1, 0.4, 0.4], [HAM, NOTHING, HAM, HAM], [0, 1, 2, 3])
    both = aligned(base, tuned)
    assert both.unchanged is not None
    assert both.unchanged.tolist() == [False, False, True, True]


def test_scores_of_single_answers_are_ties_where_they_are_equal_alone() -> None:
    plain = ArmScores("base", np.arange(4), np.array([1.0, 0.0, 1.0, 1.0]))
    both = aligned(plain, arm("tuned", [1.0, 0.0, 1.0, 0.0], [HAM] * 4, [0, 1, 2, 3]))
    assert both.unchanged is None
    found = criterion_of(both, alpha=0.025, planned_gain=0.05)
    assert (found.wins, found.losses, found.ties) == (0, 1, 3)


def test_no_item_in_common_leaves_nothing_to_look_at() -> None:
    base, tuned = arm("base", [0.5], [HAM], [0]), arm("tuned", [0.5], [HAM], [1])
    both = aligned(base, tuned)
    assert both.unchanged is not None
    assert both.unchanged.tolist() == []


@pytest.mark.parametrize(
    ("weight", "mix"), [(2.0, None), (None, {"short": 0.5, "long": 0.5})], ids=["weights", "mix"]
)
def test_weighted_items_are_no_evidence_of_a_score_of_all_answers_together(
    weight: float | None, mix: dict[str, float] | None
) -> None:
    """Balanced accuracy of weighted items came out at 2.8."""
    items = [ItemLabel(f"q{i}", tags=["short" if i % 2 else "long"], weight=weight) for i in (0, 1)]
    arms = [arm(name, [0.2, 0.4], [SPAM, HAM], [0, 1]) for name in ("base", "tuned")]
    both = align(ASKED, items, *arms, mix=mix)
    assert both.weights is None
    assert both.flaws == [f"mail: {NO_WEIGHTS}"]
    alone = [ArmScores(each.name, each.item_indices, each.values) for each in arms]
    assert align(ASKED, items, *alone, mix=mix).flaws == []
    of_each = replace(ASKED, bounds=(0.0, 1.0))  # as pass@k, of an item's own answers
    assert align(of_each, items, *arms, mix=mix).flaws == []
