"""How often two arms that differ are called one by their scores alone."""

import numpy as np
import pytest

from evalhub.decision.align import Aligned
from evalhub.decision.arm_scores import ItemLabel
from evalhub.decision.requirements import Requirement
from evalhub.decision.same_scores import CHANCE, CHANGED, PROOF, same_scores


def alike(scores: list[float], *, clusters: list[str] | None = None, by: str = "m") -> Aligned:
    asked = Requirement(name="t", role="primary", test_set="t", metric=by)
    items = [ItemLabel(str(i)) for i in range(len(scores))]
    return Aligned(asked, items, np.array(scores), np.array(scores), clusters)


def test_the_chance_of_a_wrong_call_is_below_one_in_a_thousand() -> None:
    """Exactly: (1 − .01)ⁿ at the fewest items on which yes/no scores prove anything."""
    assert PROOF == 688
    assert (1 - CHANGED) ** PROOF < CHANCE <= (1 - CHANGED) ** (PROOF - 1)
    assert 0.95**PROOF < 1e-15  # an arm that changes one score in twenty


@pytest.mark.parametrize(("n", "proof"), [(50, False), (200, False), (686, False), (688, True)])
def test_few_yes_or_no_scores_prove_nothing(n: int, proof: bool) -> None:
    found = same_scores([alike([0, 1] * (n // 2))])
    assert found is not None
    assert (found.units, found.proof) == (n, proof)


def test_clusters_and_not_their_items_are_counted_and_a_test_set_once() -> None:
    scores, clusters = [0.0, 1.0] * 400, [str(i // 4) for i in range(800)]
    both = [alike(scores, clusters=clusters, by=metric) for metric in ("m", "n")]
    found = same_scores(both)
    assert found is not None
    assert (found.units, found.proof) == (200, False)


def test_scores_of_many_values_are_hardly_alike_and_scores_of_one_say_nothing() -> None:
    found = same_scores([alike([i / 50 for i in range(50)])])
    assert found is not None
    assert found.proof
    assert same_scores([alike([1.0] * 5000)]) is None
