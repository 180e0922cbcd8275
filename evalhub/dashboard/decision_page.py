"""A decision's record as the page shows it: verdict, criteria, breakdown, people, evidence. Pure.

The same for a decision kept in the database and for one that `evalhub compare` has just made.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from evalhub.dashboard.criterion_page import interval, measured, noise_of
from evalhub.dashboard.evidence_notes import EvidenceNote, evidence_notes
from evalhub.dashboard.forest import Plot, Tick, common_scale, plot
from evalhub.schemas.verdicts import Status, Verdict, marked
from evalhub.verdict.wording import percent


@dataclass(frozen=True, slots=True)
class Reason:
    status: Status | None
    text: str


@dataclass(frozen=True, slots=True)
class CriterionRow:
    """One row of a table with its picture; `values` as the record has them."""

    values: Mapping[str, Any]
    requires: str
    measured: str
    interval: str
    plot: Plot | None


@dataclass(frozen=True, slots=True)
class Table:
    rows: Sequence[CriterionRow]
    ticks: Sequence[Tick]


@dataclass(frozen=True, slots=True)
class TestSetRows:
    """A test set's rows: the whole of it, then by tag."""

    test_set: str
    rows: Sequence[CriterionRow]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the numbers rest on, in all."""

    items: int
    unscored: int
    extraction_misses: int
    rows: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class DecisionPage:
    """All that the templates of a decision need."""

    verdict: Verdict
    headline: str
    reasons: Sequence[Reason]
    needed_n: int | None
    criteria: Table
    breakdown: Sequence[TestSetRows]
    breakdown_ticks: Sequence[Tick]
    alternatives: Sequence[Mapping[str, Any]]
    people: Mapping[str, Any] | None
    evidence: Evidence
    grounds: Sequence[EvidenceNote]
    arms: Mapping[str, Mapping[str, Any]]
    levels: str
    methods: str
    record: Mapping[str, Any]

    @property
    def costs(self) -> Sequence[CriterionRow]:
        """The criteria that are budgets."""
        return [row for row in self.criteria.rows if row.values["role"] == "budget"]


def decision_page(record: Mapping[str, Any]) -> DecisionPage:
    """The page of a decision record of schema "evalhub.decision/1"."""
    criteria, breakdown = record["criteria"], record["breakdown"]
    groups, ticks = _breakdown(breakdown)
    return DecisionPage(
        verdict=Verdict(record["verdict"]),
        headline=record["headline"],
        reasons=[Reason(*marked(text)) for text in record["reasons"]],
        needed_n=record.get("needed_n"),
        criteria=_criteria(record),
        breakdown=groups,
        breakdown_ticks=ticks,
        alternatives=record.get("alternatives") or [],
        people=record.get("people"),
        evidence=_evidence(record.get("evidence") or []),
        grounds=evidence_notes(record),
        arms=record.get("arms") or {},
        levels=_listed(f"{100 * each['level']:.4g}%" for each in criteria),
        methods=_listed(each["method"] for each in criteria),
        record=record,
    )


def requires(criterion: Mapping[str, Any]) -> str:
    """What the criterion asks, in a few words."""
    if criterion["role"] == "budget":
        return f"below {percent(criterion['max_ratio'])}"
    if criterion["role"] == "guard":
        share = criterion.get("relative_margin")
        return (
            f"may lose {criterion['margin']:g}" if share is None else f"may lose {percent(share)}"
        )
    least = criterion.get("min_gain") or 0
    if criterion["role"] == "preference":
        return f"over {0.5 + least:.2f} of people"
    return f"must gain over {least:g}" if least else "must gain"


def _criteria(record: Mapping[str, Any]) -> Table:
    criteria = record["criteria"]
    scale = common_scale(criteria)
    rows = [
        CriterionRow(
            each,
            requires(each),
            measured(each),
            interval(each),
            plot(each, scale, label=each["name"], noise=noise_of(record, each)),
        )
        for each in criteria
    ]
    return Table(rows, scale.ticks())


def _breakdown(rows: Sequence[Mapping[str, Any]]) -> tuple[list[TestSetRows], list[Tick]]:
    scale = common_scale(rows)
    groups = [
        TestSetRows(
            test_set,
            [
                CriterionRow(
                    each,
                    "",
                    measured(each),
                    interval(each),
                    plot(each, scale, label=_about(each)),
                )
                for each in members
            ],
        )
        for test_set, members in groupby(rows, key=lambda each: each["test_set"])
    ]
    return groups, scale.ticks()


def _about(row: Mapping[str, Any]) -> str:
    return f"{row['test_set']}, {row['tag']}" if row.get("tag") else str(row["test_set"])


def _evidence(rows: Sequence[Mapping[str, Any]]) -> Evidence:
    def total(field: str) -> int:
        return sum(
            each.get(f"{field}_{arm}") or 0 for each in rows for arm in ("baseline", "candidate")
        )

    return Evidence(
        items=sum(each.get("items") or 0 for each in rows),
        unscored=total("unscored"),
        extraction_misses=total("extraction_misses"),
        rows=rows,
    )


def _listed(values: Any) -> str:
    return ", ".join(dict.fromkeys(values))
