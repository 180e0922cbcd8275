"""What several answers to each item say beside their mean: pass@k, pass^k, where variance lies.
Pure. It decides nothing."""

from collections.abc import Iterator, Sequence
from typing import ClassVar, Self

import numpy as np
from pydantic import Field

from evalhub.decision.align import Aligned
from evalhub.decision.sections.base import Section
from evalhub.decision.wording import count_text, with_sign
from evalhub.declare.amounts import Probability, Size
from evalhub.declare.decision import Arms
from evalhub.declare.declaration import Declaration
from evalhub.declare.verdicts import Status
from evalhub.stats.consistency import Array, pass_at_k, pass_hat_k, share_of
from evalhub.stats.paired import compare, variance_split


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

    title: ClassVar[str] = "Several answers to an item"
    method: ClassVar[str] = "consistency"
    order: ClassVar[int] = 150

    test_sets: tuple[ConsistencyRow, ...]

    @classmethod
    def from_aligned(cls, aligned: Sequence[Aligned]) -> Self | None:
        """A row for each test set of which both arms answered each item the same number of times,
        at least twice; None where there is none."""
        scores = [each for each in aligned if each.requirement.kind.by_metric]
        rows = [_row(each) for each in scores if _several(each)]
        return cls(test_sets=tuple(rows)) if rows else None

    def derive_status(self, arms: Arms) -> Status:
        return Status.PASS

    def write_sentences(self, arms: Arms) -> Iterator[str]:
        baseline, candidate = arms.baseline.name, arms.candidate.name
        for row in self.test_sets:
            if row.passes:
                last = row.passes[-1]
                yield (
                    f"{row.test_set}: all of {count_text(last.k, 'answer')} to an item are right "
                    f"on {_rate_text(last.all_candidate)} of the items for {candidate} and on "
                    f"{_rate_text(last.all_baseline)} for {baseline}, a difference of "
                    f"{with_sign(last.difference)} [{with_sign(last.lower)}, "
                    f"{with_sign(last.upper)}]; at least one is on "
                    f"{_rate_text(last.any_candidate)} and {_rate_text(last.any_baseline)}."
                )
            if row.share_within is not None:
                yield (
                    f"{row.test_set}: {row.share_within:.0%} of the variance of the difference "
                    "lies between answers to one item, which more samples would lessen; the rest "
                    "takes more items."
                )


def _several(aligned: Aligned) -> bool:
    arms = aligned.baseline, aligned.candidate
    whole = all(each.ndim == 2 and each.shape[1] > 1 for each in arms)
    judged = aligned.requirement.kind.by_metric
    return judged and whole and not aligned.same and len(aligned.items) > 1


def _row(aligned: Aligned) -> ConsistencyRow:
    before, after = aligned.baseline, aligned.candidate
    split = variance_split(before, after)
    right_or_wrong = np.isin(before, (0.0, 1.0)).all() and np.isin(after, (0.0, 1.0)).all()
    ks = _ks(min(before.shape[1], after.shape[1])) if right_or_wrong else []
    return ConsistencyRow(
        test_set=aligned.requirement.test_set,
        metric=aligned.requirement.metric,
        items=len(aligned.items),
        samples_baseline=before.shape[1],
        samples_candidate=after.shape[1],
        between=split.between,
        within_baseline=split.within_baseline,
        within_candidate=split.within_candidate,
        passes=tuple(_passes(aligned, k) for k in ks),
    )


def _ks(most: int) -> list[int]:
    """2, 4, 8, … and the last that can be told."""
    doubled = [2**power for power in range(1, most.bit_length()) if 2**power < most]
    return [*doubled, most]


def _passes(aligned: Aligned, k: int) -> PassRow:
    # Where less is better a right answer is a 0.
    rising = aligned.requirement.higher_is_better
    before, after = (
        (scores if rising else 1 - scores) for scores in (aligned.baseline, aligned.candidate)
    )
    anyhow = [pass_at_k(each.sum(axis=1), each.shape[1], k) for each in (before, after)]
    always = [pass_hat_k(each.sum(axis=1), each.shape[1], k) for each in (before, after)]
    comparison = compare(
        *always, clusters=aligned.clusters, weights=aligned.weights, bounds=(0.0, 1.0)
    )
    return PassRow(
        k=k,
        any_baseline=_rate(aligned, anyhow[0]),
        any_candidate=_rate(aligned, anyhow[1]),
        all_baseline=_rate(aligned, always[0]),
        all_candidate=_rate(aligned, always[1]),
        difference=comparison.difference,
        lower=comparison.lower,
        upper=comparison.upper,
    )


def _rate(aligned: Aligned, values: Array) -> PassRate:
    labels = None
    if aligned.clusters is not None:
        labels = np.unique(aligned.clusters, return_inverse=True)[1]
    share = share_of(values, labels, aligned.weights)
    return PassRate(value=share.value, lower=max(0.0, share.lower), upper=min(1.0, share.upper))


def _rate_text(rate: PassRate) -> str:
    return f"{rate.value:.2f} [{rate.lower:.2f}, {rate.upper:.2f}]"
