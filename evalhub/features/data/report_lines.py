"""The report of a training file as lines for a terminal."""

from collections.abc import Iterator, Mapping
from typing import Any

from evalhub.declare.data_report import DataFinding, DataReport, Measure, counts_phrase

SHORT = 12
"""Digits of a digest that a line has."""
LINES = 5
"""Line numbers that are printed of a finding without examples."""


def report_lines(report: DataReport) -> Iterator[str]:
    """The whole report: what it says first, its findings, what wasn't checked, its figures."""
    rows = "row" if report.rows == 1 else "rows"
    yield f"{report.file}: {report.rows:,} {rows} ({report.layout}), SHA-256 {report.sha256}"
    yield from _basis(report)
    phrase = counts_phrase(report.counts)
    yield f"{phrase[0].upper()}{phrase[1:]}."
    for finding in report.findings:
        yield ""
        yield from _finding_lines(finding)
    if report.unchecked:
        yield ""
        yield "Not checked:"
        yield from (f"  {each.check}: {each.reason}" for each in report.unchecked)
    if report.measures:
        yield ""
        yield from (f"{each.label}: {figure(each)}" for each in report.measures)
    if report.tables:
        yield ""
        titles = "; ".join(table.title for table in report.tables)
        yield f"--json and the page have these tables: {titles}."


def figure(measure: Measure) -> str:
    """A measure's value with its limits and unit, and its note."""
    if measure.value is None:
        return f"– ({measure.note})" if measure.note else "–"
    unit = measure.unit if measure.unit == "%" else f" {measure.unit}".rstrip()
    text = f"{_number(measure.value)}{unit}"
    if measure.lower is not None and measure.upper is not None:
        text += f" [{_number(measure.lower)} to {_number(measure.upper)}]"
    return f"{text} ({measure.note})" if measure.note else text


def row_line(row: Mapping[str, Any]) -> str:
    """A report as a list has it, as REST gives it."""
    counts = counts_phrase({name: row[name] for name in ("serious", "important", "minor")})
    signed = row["signed"]
    state = f"{signed['verdict']} by account {signed['by']}" if signed else "not signed"
    when = row["created"][:16].replace("T", " ")
    return f"{row['id']:>4}  {when} UTC  {row['file']} ({row['sha256'][:SHORT]})  {counts}; {state}"


def _basis(report: DataReport) -> Iterator[str]:
    if report.sampled is not None:
        yield f"The heavy checks read {report.sampled:,} rows at random, the others all."
    if report.against is not None:
        texts = f"{report.against.texts:,} texts"
        yield f"Compared with {report.against.name} ({texts})."
    if report.test_sets:
        yield f"Searched for the items of {', '.join(report.test_sets)}."


def _finding_lines(finding: DataFinding) -> Iterator[str]:
    yield f"{finding.weight.upper()}  {finding.title} ({finding.topic})"
    yield f"  {finding.meaning}"
    yield f"  What to do: {finding.advice}"
    for example in finding.examples:
        beside = "" if example.beside is None else f" (beside line {example.beside:,})"
        yield f"  line {example.line:,}{beside}: {' '.join(example.text.split())}"
    if not finding.examples and finding.lines:
        shown = ", ".join(f"{line:,}" for line in finding.lines[:LINES])
        more = ", …" if len(finding.lines) > LINES else ""
        yield f"  lines {shown}{more}"


def _number(value: float) -> str:
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:,.3g}" if abs(value) < 1000 else f"{value:,.0f}"
