"""What the page of a data report shows: what it says first, findings, figures, who signed it."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q

from evalhub.accounts.models import User
from evalhub.accounts.permissions import owns
from evalhub.declare.data_report import (
    WEIGHTS,
    DataFinding,
    DataReport,
    Measure,
    ReportTable,
    Weight,
    counts_phrase,
)
from evalhub.features.data.report_lines import figure
from evalhub.ledger.chain.kept import why_report_not_kept
from evalhub.ledger.models import DataSignOff
from evalhub.registry.models import ModelVersion, StoredDataReport

SHOWN = 6
"""Findings of a weight that are listed at once; the others are folded."""
VERSIONS = 20
MARKS: dict[Weight, tuple[str, str]] = {
    "serious": ("fail", "✗"),
    "important": ("open", "?"),
    "minor": ("dim", "·"),
}
SENTENCES: dict[Weight, str] = {
    "serious": "Training on it as it is would likely do harm, or make the evaluation invalid.",
    "important": "It can be trained on; what is listed here costs quality.",
    "minor": "Nothing that costs much was seen; a few things are worth a look.",
}
CLEAN = "Nothing that was checked speaks against training on it."


@dataclass(frozen=True, slots=True)
class FindingGroup:
    """The findings of one weight: those shown at once, and those that are folded."""

    weight: Weight
    tone: str
    mark: str
    shown: Sequence[DataFinding]
    folded: Sequence[DataFinding]

    @property
    def count(self) -> int:
        return len(self.shown) + len(self.folded)


@dataclass(frozen=True, slots=True)
class TopicFigures:
    """What was measured of one topic: (label, figure) pairs, and tables."""

    topic: str
    measures: Sequence[tuple[str, str]]
    tables: Sequence[ReportTable]


@dataclass(frozen=True, slots=True)
class ReportPage:
    """The page of a data report.

    Attributes:
        headline: its findings by weight, as a phrase.
        sentence: what they come to.
        changed: why nothing can rest on it, where it isn't as it was kept; else "".
        newer: the report that followed it, of the same file; that one is to be signed.
        may_accept: whether this person may accept it: an owner, where a finding is serious.
    """

    report: StoredDataReport
    document: DataReport
    headline: str
    sentence: str
    tone: str
    groups: Sequence[FindingGroup]
    topics: Sequence[TopicFigures]
    sign_offs: Sequence[DataSignOff]
    versions: Sequence[ModelVersion]
    changed: str
    newer: StoredDataReport | None
    may_accept: bool


def report_page(report: StoredDataReport, user: User) -> ReportPage:
    document = report.document
    weightiest = next((weight for weight in WEIGHTS if report.counts[weight]), None)
    phrase = counts_phrase(report.counts)
    same = StoredDataReport.objects.filter(project=report.project_id, sha256=report.sha256)
    newest = same.newest_first().without_report().first()
    changed = why_report_not_kept(report)
    return ReportPage(
        report=report,
        document=document,
        headline=f"{phrase[0].upper()}{phrase[1:]}",
        sentence=CLEAN if weightiest is None else SENTENCES[weightiest],
        tone="pass" if weightiest in (None, "minor") else MARKS[weightiest][0],
        groups=[_group(document, weight) for weight in WEIGHTS if report.counts[weight]],
        topics=_topics(document),
        sign_offs=list(report.sign_offs.select_related("by")),
        versions=list(versions_trained_on(report)[:VERSIONS]),
        changed=f"{changed[0].upper()}{changed[1:]}." if changed else "",
        newer=newest if newest != report else None,
        may_accept=not report.serious or owns(user, report.project),
    )


def versions_trained_on(report: StoredDataReport) -> "Sequence[ModelVersion]":
    """The project's versions whose file this is, by its content, the newest first. A queryset."""
    versions = ModelVersion.objects.filter(
        Q(training__dataset_sha256=report.sha256) | Q(overlaps__source=report.sha256),
        model__project=report.project_id,
    )
    rows: Sequence[ModelVersion] = versions.select_related("model").order_by("-pk").distinct()
    return rows


def _group(document: DataReport, weight: Weight) -> FindingGroup:
    findings = document.of_weight(weight)
    tone, mark = MARKS[weight]
    return FindingGroup(weight, tone, mark, findings[:SHOWN], findings[SHOWN:])


def _topics(document: DataReport) -> list[TopicFigures]:
    topics = dict.fromkeys(each.topic for each in document.measures)
    topics |= dict.fromkeys(each.topic for each in document.tables)
    return [
        TopicFigures(
            topic,
            [_labelled(each) for each in document.measures if each.topic == topic],
            [each for each in document.tables if each.topic == topic],
        )
        for topic in topics
    ]


def _labelled(measure: Measure) -> tuple[str, str]:
    return measure.label, figure(measure)
