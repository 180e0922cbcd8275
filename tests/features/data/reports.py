"""Reports of training files, made up and kept."""

import hashlib
from collections.abc import Sequence
from typing import Any

from evalhub import __version__
from evalhub.accounts.models import User
from evalhub.declare.data_report import (
    CheckOptions,
    DataFinding,
    DataReport,
    ExampleRow,
    Measure,
    ReportTable,
    Unchecked,
    Weight,
)
from evalhub.ledger.data_signoff import sign_report
from evalhub.registry.data_reports import keep_report
from evalhub.registry.models import StoredDataReport
from tests.cast import Team

FILE = "a" * 64
"""SHA-256 of the made-up file."""


def a_finding(weight: Weight, number: int = 0) -> DataFinding:
    return DataFinding(
        check="secrets",
        topic="privacy",
        weight=weight,
        title=f"{number + 2} rows hold a key ({weight})",
        rows=number + 2,
        meaning="Whoever asks the model may be told the key.",
        advice="Take the rows out and renew the keys.",
        examples=(ExampleRow(line=7, text="the key is sk-…", beside=3),),
        lines=(7, 9),
    )


def a_report(weights: Sequence[Weight] = ("minor",), **fields: Any) -> DataReport:
    """A report with a finding for each of `weights`."""
    return DataReport(
        **{
            "file": "train.jsonl",
            "sha256": FILE,
            "layout": "chat",
            "rows": 320,
            "options": CheckOptions(),
            "findings": tuple(a_finding(weight, i) for i, weight in enumerate(weights)),
            "measures": (
                Measure(
                    check="copies",
                    topic="diversity",
                    name="copies",
                    label="Near-copies",
                    value=3.1,
                    lower=2.1,
                    upper=4.4,
                    unit="%",
                ),
            ),
            "tables": (
                ReportTable(
                    check="clusters",
                    topic="diversity",
                    title="Clusters",
                    columns=("cluster", "rows"),
                    rows=(("pricing", 12), ("none", None)),
                ),
            ),
            "unchecked": (Unchecked(check="labels", topic="accuracy", reason="no list of labels"),),
            "evalhub": __version__,
            **fields,
        }
    )


def a_kept_report(
    team: Team, weights: Sequence[Weight] = ("minor",), *, by: User | None = None, **fields: Any
) -> StoredDataReport:
    return keep_report(project=team.project, report=a_report(weights, **fields), by=by or team.eva)


def a_signed_report(team: Team, name: str) -> StoredDataReport:
    """Of the file NAME.jsonl, accepted by the owner."""
    sha256 = hashlib.sha256(name.encode()).hexdigest()
    report = a_kept_report(team, file=f"{name}.jsonl", sha256=sha256)
    sign_report(report=report, by=team.olga, verdict="accepted", reason="Read it.")
    return report
