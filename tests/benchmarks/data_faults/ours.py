"""Which lines Evalhub's report names for each fault."""

import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from evalhub.declare.data_report import CheckOptions, DataFinding, DataReport
from evalhub.features.data.checking import check_file
from evalhub.features.data.checks.check import CheckSettings, ReferenceText
from evalhub.ledger.leakage.fingerprints import words_of
from evalhub.ledger.leakage.matching import item_texts
from tests.benchmarks.data_faults.planting import FaultKind, PlantedSet
from tests.benchmarks.data_faults.rows import MadeSet
from tests.benchmarks.data_faults.scoring import LEAKS

FINDINGS: Mapping[FaultKind, Callable[[DataFinding], bool]] = {
    "exact copy": lambda finding: finding.check == "exact-copies",
    "near-copy": lambda finding: finding.check == "near-copies",
    "contradiction": lambda finding: "contradictions" in finding.check,
    "wrong label": lambda finding: finding.check == "suspect-labels",
    "label beyond the list": lambda finding: finding.check == "label-list",
    # a row that shares only a run of words is no more than important
    **dict.fromkeys(LEAKS, lambda finding: finding.check == "leakage" == finding.topic
                    and finding.weight == "serious"),
    "secret": lambda finding: finding.check == "secrets",
    "personal data": lambda finding: finding.check == "personal-data",
    "mixed template": lambda finding: finding.check == "wrappers",
    "wrong layout": lambda finding: finding.check == "structure",
    "other language": lambda finding: "another language" in finding.title,
}  # fmt: skip
"""Findings that name a fault; a wrong result of a sum has none: people find it in the audit."""
_NAMED_WORDS = re.compile("“(.+?)”")


@dataclass(frozen=True, slots=True)
class NamedLines:
    """What a tool names.

    Attributes:
        lines: by fault; a fault that it doesn't look for is missing.
        seconds: how long it took, of processes also their start.
        topics: of the clusters of traffic that it calls missing or rare, the true topic.
    """

    lines: Mapping[FaultKind, Collection[int]]
    seconds: float
    topics: Sequence[str] | None = None


def check_planted(planted: PlantedSet, path: Path) -> DataReport:
    """Writes the set and checks it as `evalhub data check` does, cleanlab left out."""
    made = planted.made
    made.write(path)
    items = [
        item_texts(str(place), item.question, [item.answer])
        for place, item in enumerate(made.test_items)
    ]
    settings = CheckSettings(
        options=CheckOptions(task=made.task),
        reference=[ReferenceText(question.text, question.user) for question in made.traffic],
        test_sets={made.name: items},
        labels=made.labels,
        extras=False,
    )
    return check_file(path, settings)


def named_by_evalhub(planted: PlantedSet, path: Path) -> NamedLines:
    """The lines that its findings name."""
    begun = perf_counter()
    report = check_planted(planted, path)
    return NamedLines(
        {kind: lines_named(report, kind) for kind in FINDINGS},
        perf_counter() - begun,
        topics_named(report, planted.made),
    )


def lines_named(report: DataReport, kind: FaultKind) -> set[int]:
    """Lines of the findings about one fault."""
    concerns = FINDINGS[kind]
    return {line for finding in report.findings if concerns(finding) for line in finding.lines}


def topics_named(report: DataReport, made: MadeSet) -> list[str]:
    """The true topic of each cluster that lacks examples: of the questions with most of the words
    by which the report names it, that of most."""
    topics = []
    for finding in report.findings:
        match = _NAMED_WORDS.search(finding.title)
        if finding.check == "clusters-of-production" and match:
            words = set(match[1].split(", "))
            fits = [(len(words & {*words_of(each.text)}), each.topic) for each in made.traffic]
            best = max(count for count, _ in fits)
            topics.append(
                Counter(topic for count, topic in fits if count == best).most_common(1)[0][0]
            )
    return topics
