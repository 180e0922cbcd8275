"""Items that count unlike each other, so that the estimates are of production. Pure."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from evalhub.decision.align import Aligned
from evalhub.decision.inconsistent import Discrepancy
from evalhub.decision.sections.base import Section
from evalhub.decision.wording import count_text, percent
from evalhub.declare.amounts import Degrees, Probability, Size
from evalhub.declare.decision import Arms
from evalhub.declare.declaration import Declaration
from evalhub.declare.verdicts import Status
from evalhub.stats.clusters import kish_effect
from evalhub.stats.sampling import LARGE_CLUSTER

if TYPE_CHECKING:
    from evalhub.decision.document import DecisionRecord

ENOUGH = 0.5
"""Share of the items that the effective number should reach."""


class WeightedRow(Declaration):
    """A test set whose items have weights, of their own or by the policy's mix.

    Attributes:
        effective: how many items of equal weight would say as much, (Σw)²/Σw² (Kish 1965), where
            what is measured doesn't follow the weights; what it does to each interval is in the
            criterion's `design_effect`.
        largest_cluster: the share of the weight of the cluster that has most; null: no clusters.
    """

    test_set: str
    items: Size
    effective: Degrees
    largest_cluster: Probability | None


class WeightsSection(Section):
    """Weighted items: how many of equal weight they are worth."""

    title: ClassVar[str] = "Weighted to production"
    method: ClassVar[str] = "weights"
    order: ClassVar[int] = 36

    test_sets: tuple[WeightedRow, ...]

    @classmethod
    def from_aligned(cls, aligned: Sequence[Aligned]) -> Self | None:
        """A row for each test set whose items have weights; None where there is none."""
        rows: dict[str, WeightedRow] = {}
        for criterion in aligned:
            row = None if criterion.same else _row(criterion)
            if row is not None:
                rows.setdefault(row.test_set, row)
        return cls(test_sets=tuple(rows.values())) if rows else None

    def derive_status(self, arms: Arms) -> Status:
        """Worth a look where most of the items' information is lost, or one cluster carries much
        of it."""
        fine = all(
            row.effective >= ENOUGH * row.items and (row.largest_cluster or 0.0) <= LARGE_CLUSTER
            for row in self.test_sets
        )
        return Status.PASS if fine else Status.OPEN

    def write_sentences(self, arms: Arms) -> Iterator[str]:
        for row in self.test_sets:
            yield (
                f"Estimates on {row.test_set} are weighted to production: the effective n of "
                f"{count_text(row.items, 'item')} is {row.effective:,.0f}."
            )
            if row.largest_cluster is not None and row.largest_cluster > LARGE_CLUSTER:
                yield (
                    f"One cluster carries {percent(row.largest_cluster)} of the weight on "
                    f"{row.test_set}: the estimates lean on it."
                )

    def without_results(self) -> Self | None:
        """All of it: weights say nothing of any answer."""
        return self

    @classmethod
    def check(cls, record: "DecisionRecord", at: str) -> Iterator[Discrepancy]:
        """Weights make no item worth more than one."""
        for i, row in enumerate(record.weights.test_sets if record.weights else ()):
            if not 1 - 1e-9 <= row.effective <= row.items * (1 + 1e-9):
                where = f"{at}weights.test_sets[{i}].effective"
                yield Discrepancy(
                    where, row.effective, row.items, "it lies between 1 and the items"
                )


def _row(aligned: Aligned) -> WeightedRow | None:
    weights = aligned.weights
    if weights is None or not len(weights):
        return None
    largest = None
    if aligned.clusters is not None:
        labels = np.unique(aligned.clusters, return_inverse=True)[1]
        largest = float(np.bincount(labels, weights).max() / weights.sum())
    return WeightedRow(
        test_set=aligned.requirement.test_set,
        items=len(weights),
        effective=len(weights) / kish_effect(weights),
        largest_cluster=largest,
    )
