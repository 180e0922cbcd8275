"""What is asked of a check of a training file, by any door, and the report that comes of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from evalhub.declare.data_report import CheckOptions, DataReport
from evalhub.features.data.checking import CheckProgress, check_file
from evalhub.features.data.checks.check import CheckSettings
from evalhub.features.data.reference.compared import Compared
from evalhub.features.data.rows.verdicts import RowVerdict
from evalhub.io.canonical import canonical_json
from evalhub.io.limits import COMMAND, Limits
from evalhub.ledger.leakage.matching import ItemTexts

MOST_BYTES = 2_500_000
"""Of a report's JSON: REST takes no more of one body."""
FEWER_LINES = (2_000, 200, 20, 0)
"""Line numbers that are left of a finding where the report would be larger."""


@dataclass(frozen=True, slots=True)
class FileCheck:
    """A training file, and what it is checked for.

    Attributes:
        test_sets: the items to be searched for, by the test set's name.
        labels: that are allowed; empty: nobody said which.
        judged, labelled: what a judge and people say of rows, by their lines.
        against: what it is compared with; None: nothing.
        limits: of the file.
        extras: whether optional libraries are used where they are installed.
    """

    path: Path
    options: CheckOptions = field(default_factory=CheckOptions)
    test_sets: Mapping[str, Iterable[ItemTexts]] = field(default_factory=dict)
    labels: Sequence[str] = ()
    judged: Mapping[int, RowVerdict] = field(default_factory=dict)
    labelled: Mapping[int, RowVerdict] = field(default_factory=dict)
    against: Compared | None = None
    limits: Limits = COMMAND
    extras: bool = True

    def report(self, progress: CheckProgress | None = None) -> DataReport:
        """Check the file. What is returned is small enough to be kept.

        Raises:
            evalhub.io.rows.DataError: what is wrong with the file or with a test set's.
        """
        settings = CheckSettings(
            options=self.options,
            reference=None if self.against is None else self.against.texts,
            test_sets=self.test_sets,
            labels=self.labels,
            judged=self.judged,
            labelled=self.labelled,
            extras=self.extras,
        )
        report = check_file(
            self.path,
            settings,
            against=None if self.against is None else self.against.described,
            progress=progress,
            limits=self.limits,
        )
        return small_enough(report)


def small_enough(report: DataReport, most: int = MOST_BYTES) -> DataReport:
    """The report, with fewer line numbers a finding where its JSON has more than `most` bytes."""
    for lines in FEWER_LINES:
        if len(canonical_json(report.as_json())) <= most:
            break
        findings = (
            finding.model_copy(update={"lines": finding.lines[:lines]})
            for finding in report.findings
        )
        report = report.model_copy(update={"findings": tuple(findings)})
    return report
