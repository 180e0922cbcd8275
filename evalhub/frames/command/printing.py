"""Print to the terminal: the verdict, its reasons, every criterion."""

import codecs
import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from evalhub.decision.criterion import Criterion
    from evalhub.decision.document import DecisionRecord
    from evalhub.decision.sections.base import Section
    from evalhub.declare.decision import BreakdownRow, Reading
    from evalhub.declare.plan import PlannedJudging, PlannedRun, RecordPlan, StudyPlan
    from evalhub.report.skills import Skills

NARROW, PIPED = 110, 160
LINE = 160
"""Characters of a text that are shown of an example."""


def print_json(document: Any, *, errors: bool = False) -> None:
    """Prints one JSON document on standard output or error, and nothing else there.

    Where that isn't UTF-8, characters beyond ASCII are escaped as JSON escapes them: the content
    is the same.
    """
    stream = sys.stderr if errors else sys.stdout
    escaped = codecs.lookup(stream.encoding).name != "utf-8"
    text = json.dumps(document, ensure_ascii=escaped, indent=2, allow_nan=False)
    stream.write(f"{text}\n")


def terminal(*, errors: bool = False) -> Console:
    """A console for standard output or error; wide if that is a file or a pipe, unless a width is
    set."""
    stream = sys.stderr if errors else sys.stdout
    free = not stream.isatty() and "COLUMNS" not in os.environ
    return Console(width=PIPED if free else None, highlight=False, stderr=errors)


def print_record(record: "DecisionRecord", console: Console | None = None) -> None:
    """Prints a decision record: verdict, reasons, criteria, further sections.

    Reasons that bear on no verdict as they came out are counted, as a page folds them.
    """
    from evalhub.frames.command.figures import count_text
    from evalhub.report.folding import fold

    console = console or terminal()
    verdict, apart = record.verdict, fold(record)
    console.print()
    console.print(Text.assemble((verdict.label, f"bold {verdict.colour}"), " ", record.headline))
    console.print(_reasons(apart.reasons))
    if more := len(apart.folded_reasons):
        sentence = (
            f"{apart.sentence}, as the table says; --json gives {count_text(more, 'reason')} more"
        )
        console.print(Text(f"   {sentence}", "dim"))
    if record.criteria:
        for table in _criteria(record, narrow=console.width < NARROW):
            console.print()
            console.print(table)
        console.print(Text(_ends(record), "dim"))
    for caution in record.people.cautions if record.people else ():
        console.print(Text(f"? {caution}", "yellow"))
    for section in record.sections.values():
        console.print()
        console.print(_section(section))
    if missed := _misses(record):
        console.print(Text(missed, "dim"))
    if lost := _test_sets_without_scores(record):
        console.print(Text(f"? {lost}", "yellow"))
    for alternative in record.alternatives:
        console.print(Text(alternative.sentence, "dim"))


def print_skills(
    record: "DecisionRecord", skills: "Skills", lost: Sequence[Mapping[str, Any]]
) -> None:
    """Prints general capability by skill, and lost items: question, reference, both answers."""
    from evalhub.report.flips import input_text, references_text

    console = terminal()
    console.print(f"\nGeneral capability: {skills.sentence}.", markup=False)
    for item in lost:
        console.print(Text(f"  {item['test_set']}, {item['key']}, lost:", "dim"))
        parts = (
            ("asked", input_text(item["input"])),
            ("expected", references_text(item["reference"])),
            (record.arms.baseline.name, item["baseline_text"]),
            (record.arms.candidate.name, item["candidate_text"]),
        )
        for name, text in parts:
            console.print(Text(f"    {name}: {_one_line(text or '')}"), soft_wrap=True)


def _one_line(text: str) -> str:
    """A model's text for the terminal: no control characters, at most a line or two."""
    plain = " ".join("".join(c if c.isprintable() else " " for c in text[:LINE]).split())
    return f"{plain} …" if len(text) > LINE else plain


def print_changes(sentences: Iterable[str]) -> None:
    """Prints what has changed since the decision below was made; nothing if nothing has."""
    console = terminal()
    for sentence in sentences:
        console.print(Text(f"? Changed since this was decided: {sentence}.", "yellow"))


def print_breakdown(record: "DecisionRecord", console: Console | None = None) -> None:
    """Prints the differences by tag, the largest loss first."""
    console = console or terminal()
    table = _table("tag", ("base", "candidate", "difference", _interval(record), "n"))
    for row in sorted(record.breakdown, key=lambda row: row.difference):
        table.add_row("", _cut(row.tag), *_numbers(row), f"{row.n:,}")
    console.print()
    console.print(table)


def print_readings(readings: "Sequence[Reading]", headline: str) -> None:
    """Prints the results of development sets, under `headline`; nothing if there are neither."""
    console = terminal()
    if headline:
        console.print(f"\n{headline}.")
    if not readings:
        return
    table = _table("read freely", ("arm", "base", "arm's", "difference", "95% interval", "n"))
    for reading in readings:
        table.add_row("", _cut(reading.test_set), reading.arm, *_numbers(reading), f"{reading.n:,}")
    console.print()
    console.print(table)


def print_plan(plan: "StudyPlan", console: Console | None = None) -> None:
    """Prints a study's plan: requests, the cost of its looks, and what they can show."""
    console = console or terminal()
    print_requests(plan, console)
    if plan.looks:
        console.print(f"\n{plan.candidate}, the first of {plan.arms} to be judged:")
    for look in plan.looks:
        console.print(Text(f"• {look.sentence}"))
    console.print("\nNo model was asked, and nothing was stored.", style="dim")


def print_requests(plan: "StudyPlan | RecordPlan", console: Console) -> None:
    """Prints the requests to each model, and their prices."""
    table = _table("arm", ("test set", "requests", "tokens sent", "tokens back", "money"))
    live = [each for each in plan.runs if each.live]
    for run in live:
        cells = (run.requests, run.prompt_tokens, run.completion_tokens)
        numbers = ["?" if cell is None else f"{cell:,}" for cell in cells]
        name = f"{run.arm}, again" if run.repeat else run.arm
        table.add_row("", _cut(name), run.test_set, *numbers, _money(run))
    for judge in plan.judging:
        cells = (judge.requests, judge.prompt_tokens, judge.completion_tokens)
        numbers = ["?" if cell is None else f"{cell:,}" for cell in cells]
        name = f"{judge.judge} judges {judge.arm or 'pairs'}"
        table.add_row("", _cut(name), judge.test_set, *numbers, _money(judge))
    console.print()
    if live or plan.judging:
        console.print(table)
    if recorded := len(plan.runs) - len(live):
        console.print(f"Recorded, so that no model is asked: {recorded} of {len(plan.runs)} runs.")
    if reused := sum(each.reused for each in plan.runs):
        console.print(f"Reused answers of the same version: {reused:,}.")
    back = "?" if plan.completion_tokens is None else f"{plan.completion_tokens:,}"
    console.print(
        f"In all: {plan.requests:,} requests, {plan.prompt_tokens:,} tokens sent, at most {back} "
        f"back, money: {_money(plan)}. A token is taken for 4 characters, an answer for as "
        "long as max_tokens allows."
    )
    prices = [(each.arm, each.price) for each in live]
    prices += [(each.judge, each.price) for each in plan.judging]
    for who, price in dict(prices).items():
        price_text = "none is known (`evalhub prices`)" if price is None else price.sentence
        console.print(Text(f"Price of {who}: {price_text}"))
    for budget in plan.budgets:
        mark = "? " if budget.enough is False else ""
        console.print(Text(f"{mark}{budget.sentence[0].upper()}{budget.sentence[1:]}"))


def _money(plan: "PlannedRun | PlannedJudging | StudyPlan | RecordPlan") -> str:
    if plan.money is not None:
        from evalhub.decision.wording import money

        return money(plan.money)
    return "?" if plan.completion_tokens is None else "no price"


def _reasons(reasons: Iterable[str]) -> Table:
    """A grid with one reason a line, the mark in a column of its own, so that wrapped text is
    indented."""
    from evalhub.declare.verdicts import split_mark

    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=2, justify="right")
    grid.add_column()
    for reason in reasons:
        status, text = split_mark(reason)
        mark = Text("•") if status is None else Text(status.mark, status.colour)
        grid.add_row(mark, Text(text))
    return grid


def _criteria(record: "DecisionRecord", *, narrow: bool) -> list[Table]:
    """One table, or two with the same rows if the terminal is too narrow for all columns."""
    from evalhub.decision.wording import tally

    means = ("base", "candidate", "difference", "interval")
    more = ("p", "won/lost/tied", "n", "requires", "metric")
    parts = [means, more] if narrow else [means + more]
    tables = [_table("criterion", columns) for columns in parts]
    for criterion in record.criteria:
        cells = [
            *_numbers(criterion),
            f"{criterion.p_value:.2g}",
            tally(criterion),
            f"{criterion.n:,}",
            criterion.requires
            if criterion.tier == "critical"
            else f"{criterion.requires}, {criterion.tier}",
            criterion.metric,
        ]
        for table, columns in zip(tables, parts, strict=True):
            mark = Text(criterion.status.mark, criterion.status.colour)
            table.add_row(mark, _cut(criterion.name), *cells[: len(columns)])
            del cells[: len(columns)]
    return tables


def _table(first: str, columns: Iterable[str]) -> Table:
    table = Table(box=None, padding=(0, 1), header_style="dim", pad_edge=False)
    table.add_column("", width=2, justify="right")
    table.add_column(first)  # the column that shrinks if the terminal is narrow
    for name in columns:
        left = name in ("requires", "metric")
        table.add_column(name, justify="left" if left else "right", no_wrap=True)
    return table


def _cut(name: str) -> Text:
    return Text(name, no_wrap=True, overflow="ellipsis")


def _ends(record: "DecisionRecord") -> str:
    """The levels of the interval's two ends; a ratio that must stay low isn't inverted here."""
    from evalhub.report.ends import ends, ends_of

    turned = any(ends_of(each)[0] == "upper" for each in record.criteria)
    return f"Interval: {ends(record)}{'. Of a ratio, the other way round' if turned else ''}."


def _section(section: "Section") -> Table:
    """A section of the record: its title, with its sentences below each other."""
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=2, justify="right")
    grid.add_column()
    grid.add_row(Text(section.status.mark, section.status.colour), Text(section.title, "bold"))
    for sentence in section.sentences:
        grid.add_row("", Text(sentence))
    return grid


def _interval(record: "DecisionRecord") -> str:
    return f"{100 * (1 - 2 * record.alpha):.4g}% interval"


def _numbers(row: "Criterion | BreakdownRow | Reading") -> list[str]:
    """Both means, and the criterion's difference or ratio."""
    from evalhub.decision.criterion import Criterion

    means = [_number(row.baseline), _number(row.candidate)]
    if not isinstance(row, Criterion) or row.ratio is None:
        return [
            *means,
            _with_sign(row.difference),
            f"{_with_sign(row.lower)} to {_with_sign(row.upper)}",
        ]
    ends = f"{_times(row.ratio_lower)} to {_times(row.ratio_upper)}"
    return [*means, _times(row.ratio), ends]


def _misses(record: "DecisionRecord") -> str:
    """The number of answers without a match of the extraction pattern, over all test sets."""
    counted = (
        (record.arms.baseline, sum(each.extraction_misses_baseline for each in record.evidence)),
        (record.arms.candidate, sum(each.extraction_misses_candidate for each in record.evidence)),
    )
    counts = [f"{count:,} of {arm.name}" for arm, count in counted if count]
    if not counts:
        return ""
    return f"Answers without the pattern to extract, scored whole: {', '.join(counts)}."


def _test_sets_without_scores(record: "DecisionRecord") -> str:
    """Test sets for which no criterion is measured, because answers have no (judge's) score."""
    measured = {each.test_set for each in record.criteria}
    lost = [
        f"{evidence.test_set} ({evidence.unscored:,} answers; "
        f"`evalhub run show {evidence.candidate_run}`)"
        for evidence in record.evidence
        if evidence.unscored and evidence.test_set not in measured
    ]
    return (
        f"Not measured, for want of scores: {', '.join(lost)}." if record.criteria and lost else ""
    )


def _number(value: float) -> str:
    """Three decimals; three significant digits below a hundredth."""
    from evalhub.decision.wording import NOTHING, significant

    if abs(value) >= 100:
        return f"{value:,.0f}"
    if abs(value) <= NOTHING:
        return "0.000"
    return significant(value, 3) if abs(value) < 0.01 else f"{value:.3f}"


def _times(ratio: float | None) -> str:
    return "unbounded" if ratio is None else f"×{_number(ratio)}"


def _with_sign(value: float) -> str:
    from evalhub.decision.wording import NOTHING

    if abs(value) < NOTHING:
        return "+0.000"
    return f"{'+' if value > 0 else ''}{_number(value)}".replace("-", "−")
