"""What a decision's page adds to its record: pictures, totals, links to methods. Pure.

The same for a decision kept in the database and for one that `evalhub compare` has just made.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from evalhub.decision.criterion import Criterion
from evalhub.decision.document import DecisionRecord
from evalhub.decision.sections.base import Section
from evalhub.declare.caveats import Caveat
from evalhub.declare.decision import BreakdownRow
from evalhub.declare.verdicts import Status, split_mark
from evalhub.report.charts.scale import Scale, Tick
from evalhub.report.ends import ends
from evalhub.report.folding import fold
from evalhub.report.forest import Plot, common_scale, plot
from evalhub.report.slices import Slices, slices_of


@dataclass(frozen=True, slots=True)
class PlottedRow[R]:
    """One row of a table with its picture; its number where each has a page of its own; of a slice
    its p-value after correction for the others."""

    values: R
    plot: Plot | None
    number: int = 0
    adjusted: float | None = None


@dataclass(frozen=True, slots=True)
class DecisionPage:
    """All that the templates of a decision need; `breakdown` is (test set, its rows), and the
    numbers of items, `sizes`, by what they are. What is `folded` bears on no verdict
    as it came out; `folded_words` say what that is. Items are counted once, however many criteria
    are measured on them."""

    record: DecisionRecord
    reasons: Sequence[tuple[Status | None, str]]
    folded_reasons: Sequence[tuple[Status | None, str]]
    folded_words: str
    criteria: Sequence[PlottedRow[Criterion]]
    folded_names: Collection[str]
    ticks: Sequence[Tick]
    breakdown: Sequence[tuple[str, Sequence[PlottedRow[BreakdownRow]]]]
    breakdown_ticks: Sequence[Tick]
    slices: Slices
    sizes: Mapping[str, int]
    unscored: int
    extraction_misses: int
    ends: str

    @property
    def sections(self) -> Sequence[Section]:
        """In the order that matters to a reader."""
        return tuple(self.record.sections.values())

    @property
    def all_reasons(self) -> Sequence[tuple[Status | None, str]]:
        """Every reason in the record's own words and order."""
        return [split_mark(each) for each in self.record.reasons]

    @property
    def items(self) -> int:
        return sum(self.sizes.values())

    @property
    def to_accept(self) -> Sequence[Caveat]:
        """Caveats that hold the decision until an owner accepts them."""
        return [each for each in self.record.caveats if each.holds and each.subject]

    @property
    def deciding(self) -> Sequence[PlottedRow[Criterion]]:
        """Criteria that the verdict turns on, shown at once."""
        return [each for each in self.criteria if each.values.name not in self.folded_names]

    @property
    def others(self) -> Sequence[PlottedRow[Criterion]]:
        """Criteria that are shown on demand."""
        return [each for each in self.criteria if each.values.name in self.folded_names]

    @property
    def groups(self) -> Sequence[tuple[str, Sequence[Criterion]]]:
        """The criteria that stand under a heading of their own too, by heading."""
        titles = dict.fromkeys(each.kind.group for each in self.record.criteria if each.kind.group)
        return [
            (title, [each for each in self.record.criteria if each.kind.group == title])
            for title in titles
        ]


def decision_page(record: DecisionRecord) -> DecisionPage:
    scale, small = common_scale(record.criteria), common_scale(record.breakdown)
    apart, slices = fold(record), slices_of(record)
    return DecisionPage(
        record=record,
        reasons=[split_mark(each) for each in apart.reasons],
        folded_reasons=[split_mark(each) for each in apart.folded_reasons],
        folded_words=apart.sentence,
        criteria=[
            PlottedRow(
                criterion,
                plot(criterion, scale, label=criterion.name, noise=record.noise_of(criterion)),
                number,
            )
            for number, criterion in enumerate(record.criteria, 1)
        ],
        folded_names=apart.names,
        ticks=scale.ticks(),
        breakdown=_by_test_set(slices, small),
        breakdown_ticks=small.ticks(),
        slices=slices,
        sizes={each.digest or each.test_set: each.items for each in record.evidence},
        unscored=sum(each.unscored for each in record.evidence),
        extraction_misses=sum(each.extraction_misses for each in record.evidence),
        ends=ends(record),
    )


def _by_test_set(slices: Slices, scale: Scale) -> list[tuple[str, list[PlottedRow[BreakdownRow]]]]:
    """Rows by test set, as pairs: for a dictionary, Django templates read a key `items` before the
    method."""
    rows = [
        PlottedRow(row, plot(row, scale, label=f"{row.test_set}, {row.tag}"), adjusted=p)
        for row, p in zip(slices.rows, slices.adjusted, strict=True)
    ]
    return [(name, list(of)) for name, of in groupby(rows, key=lambda row: row.values.test_set)]
