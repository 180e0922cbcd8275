"""What a record says of weighted items."""

import numpy as np
import pytest

from evalhub.decision.align import Aligned
from evalhub.decision.arm_scores import ItemLabel
from evalhub.decision.requirements import Requirement
from evalhub.decision.sections.weights import WeightedRow, WeightsSection
from evalhub.declare.decision import ArmName, Arms

ARMS = Arms(
    baseline=ArmName(name="base", digest="0" * 64), candidate=ArmName(name="tuned", digest="1" * 64)
)


def aligned(
    weights: list[float] | None, clusters: list[str] | None = None, *, name: str = "shadow"
) -> Aligned:
    n = len(weights or [1, 2])
    return Aligned(
        Requirement(name, "primary", "shadow", "score"),
        [ItemLabel(f"q{i}") for i in range(n)],
        np.zeros(n),
        np.ones(n),
        clusters,
        weights=None if weights is None else np.array(weights),
    )


def section_of(*criteria: Aligned) -> WeightsSection:
    section = WeightsSection.from_aligned(criteria)
    assert section is not None
    return section.with_sentences(ARMS)


def test_items_that_count_alike_have_no_section() -> None:
    assert WeightsSection.from_aligned([aligned(None)]) is None


def test_the_effective_n_is_kishs() -> None:
    """Weights 1, 1, 4: 36/18 = 2 of 3 items; a test set is said once, however many criteria."""
    section = section_of(aligned([1, 1, 4]), aligned([1, 1, 4], name="length"))
    (row,) = section.test_sets
    assert (row.items, row.effective, row.largest_cluster) == (3, pytest.approx(2.0), None)
    assert (section.status, len(section.sentences)) == ("pass", 1)


def test_few_effective_items_and_a_large_cluster_are_worth_a_look() -> None:
    assert section_of(aligned([1] * 9 + [91])).status == "open"
    section = section_of(aligned([1, 1, 4, 2], ["a", "a", "b", "c"]))
    assert section.test_sets[0].largest_cluster == pytest.approx(0.5)
    assert section.status == "open"
    assert section.sentences[1] == (
        "One cluster carries 50% of the weight on shadow: the estimates lean on it."
    )


def test_invalid_evidence_keeps_it_since_it_says_nothing_of_answers() -> None:
    section = section_of(aligned([1, 2]))
    assert section.without_results() == section


def test_the_sentences_are_those_of_the_numbers() -> None:
    row = WeightedRow(test_set="shadow", items=500, effective=310.2, largest_cluster=None)
    assert WeightsSection(test_sets=(row,)).with_sentences(ARMS).sentences == (
        "Estimates on shadow are weighted to production: the effective n of 500 items is 310.",
    )
