"""The section of a record on answers that were asked for several times."""

from pydantic import Field

from evalhub.declare.criteria import Probability, Size
from evalhub.declare.declaration import Declaration
from evalhub.declare.sections import Section


class PassRate(Declaration):
    """A share of the items with its 95% interval."""

    value: Probability
    lower: Probability
    upper: Probability


class PassRow(Declaration):
    """What k answers come to.

    Attributes:
        any_baseline, any_candidate: pass@k, the chance that one of k answers or more is right.
        all_baseline, all_candidate: pass^k, the chance that all of k are.
        difference, lower, upper: candidate − baseline of pass^k, with its 95% interval.
    """

    k: Size
    any_baseline: PassRate
    any_candidate: PassRate
    all_baseline: PassRate
    all_candidate: PassRate
    difference: float
    lower: float
    upper: float


class ConsistencyRow(Declaration):
    """One test set of which each arm answered every item several times.

    Attributes:
        between: of the differences' variance, what lies between items: only more items lessen it.
        within_baseline, within_candidate: what lies between answers to one item, of one answer:
            more samples lessen it.
        passes: of 0-or-1 metrics, by k; else empty.
    """

    test_set: str
    metric: str
    items: Size
    samples_baseline: int = Field(ge=2)
    samples_candidate: int = Field(ge=2)
    between: float = Field(ge=0)
    within_baseline: float = Field(ge=0)
    within_candidate: float = Field(ge=0)
    passes: tuple[PassRow, ...]

    @property
    def share_within(self) -> float | None:
        """Of the variance of the measured difference, what more samples would take away; None
        where nothing varies."""
        within = (
            self.within_baseline / self.samples_baseline
            + self.within_candidate / self.samples_candidate
        )
        return within / (within + self.between) if within + self.between else None


class ConsistencySection(Section):
    """How surely right answers come again: for reading, never for the verdict."""

    test_sets: tuple[ConsistencyRow, ...]
