"""What a claim is known by, and what makes no other claim of it."""

from typing import Any

import numpy as np
import pytest

from evalhub.decision.arm_scores import ArmScores, ItemLabel, by_item
from evalhub.ledger.claim_content import content_digest

Scores = list[list[float | None]]

ITEMS = [
    ItemLabel(f"q{i}", cluster=f"c{i // 2}" if i < 4 else "", tags=["a"], fingerprint=100 + i)
    for i in range(6)
]
BASE: Scores = [[0.0], [1.0], [0.0], [1.0], [0.0], [0.0]]
TUNED: Scores = [[1.0], [1.0], [0.0], [None], [1.0], [0.5]]


def digest(
    items: list[ItemLabel] = ITEMS, base: Scores = BASE, tuned: Scores = TUNED, **more: Any
) -> str:
    arms = [ArmScores("", *by_item(each)) for each in (base, tuned)]
    asked = more.pop("asked", {"metric": "m"})
    return content_digest(items, *arms, question=asked, **more)


def test_ids_tags_order_and_names_of_clusters_are_no_part_of_it() -> None:
    said = [
        each._replace(key=f"x{i}", tags=["b"], cluster=each.cluster and f"other {each.cluster}")
        for i, each in enumerate(ITEMS)
    ]
    order = [3, 0, 5, 1, 4, 2]
    base, tuned = ([arm[i] for i in order] for arm in (BASE, TUNED))
    assert digest([said[i] for i in order], base, tuned) == digest()
    alone = [each if i < 4 else each._replace(cluster=f"own {i}") for i, each in enumerate(ITEMS)]
    assert digest(alone) == digest(), "a cluster of one item is no cluster"


def test_an_item_s_samples_are_its_scores_in_no_order() -> None:
    first: Scores = [[0.0, 1.0]] * 6
    assert digest(tuned=first) == digest(tuned=[[1.0, -0.0]] * 6)
    assert digest(tuned=first) != digest(tuned=[[1.0]] * 6)


CHANGED: dict[str, dict[str, Any]] = {
    "a score": {"tuned": [*TUNED[:5], [0.25]]},
    "a score of the baseline": {"base": [*BASE[:5], [1.0]]},
    "arms the other way round": {"base": TUNED, "tuned": BASE},
    "two items' scores": {"tuned": [TUNED[2], TUNED[1], TUNED[0], *TUNED[3:]]},
    "another question": {"items": [*ITEMS[:5], ITEMS[5]._replace(fingerprint=7)]},
    "an item less": {"items": ITEMS[:5], "base": BASE[:5], "tuned": TUNED[:5]},
    "other clusters": {"items": [each._replace(cluster="") for each in ITEMS]},
    "one cluster of two": {
        "items": [each._replace(cluster="c" if each.cluster else "") for each in ITEMS]
    },
    "another metric": {"asked": {"metric": "n"}},
    "items held back": {"judged": np.array([True, True, True, True, True, False])},
    "weights": {"items": [*ITEMS[:5], ITEMS[5]._replace(tags=["b"])], "mix": {"a": 0.5, "b": 0.5}},
}


@pytest.mark.parametrize("changed", CHANGED.values(), ids=CHANGED)
def test_whatever_an_interval_rests_on_is(changed: dict[str, Any]) -> None:
    assert digest(**changed) != digest()


def test_a_mix_counts_by_its_weights_and_what_is_held_back_not_at_all() -> None:
    assert digest(mix={"a": 1.0}) == digest()
    held = np.array([True, True, True, True, True, False])
    assert digest(judged=held, tuned=[*TUNED[:5], [0.0]]) == digest(judged=held)
