"""Answers whose format or style differs from nearly all others'. Pure.

Compared are the answers under one system prompt, where 50 or more have it, and the rest together:
a file may hold several tasks with a format each. A format that a tenth of the answers has is a
mixture, which the table shows; one that hardly any has is an outlier, and a suspicion.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from evalhub.declare.data_report import DataFinding, ReportTable, Weight
from evalhub.features.data.checks.answer_features import FEATURES, AnswerFeature
from evalhub.features.data.checks.check import CheckResult, CheckSettings, DataCheck
from evalhub.features.data.checks.concerned_rows import ConcernedRows, on_one_line
from evalhub.features.data.checks.labels_of_rows import json_object
from evalhub.features.data.rows.training_rows import TrainingRow

NAME = "format-outliers"
FEWEST_OF_PROMPT = 50
"""Rows of a system prompt whose answers are compared with each other alone."""
FEWEST = 20
"""Answers of which something can be usual."""
USUAL_KEY = 0.8
RARE_KEY = 0.05
USUAL_TYPE = 0.95
_SHOWN = 160

_MEANING = (
    "A model learns formats from few examples: what reads its answers meets the rare one, too."
)
_ADVICE = (
    "Look at them; write the answer in the usual format, or give such rows a prompt of their own."
)


@dataclass(frozen=True, slots=True)
class _ComparedAnswers:
    """Answers that are compared with each other, each with its row."""

    rows: Sequence[TrainingRow]

    def outliers(self, feature: AnswerFeature) -> Iterator[tuple[TrainingRow, bool]]:
        """Rows on the rare side, with whether they have it."""
        having = [(row, has) for row in self.rows if (has := feature.has(row.answer)) is not None]
        with_it = sum(has for _, has in having)
        is_rare = 2 * with_it < len(having)
        fewer = with_it if is_rare else len(having) - with_it
        most = feature.rare[not is_rare] * len(having)
        if len(having) < FEWEST or not 0 < fewer <= most:
            return
        yield from ((row, has) for row, has in having if has == is_rare)


def find_format_outliers(rows: Sequence[TrainingRow], settings: CheckSettings) -> CheckResult:
    """Answers on the rare side of a feature, and objects in JSON with other keys or types."""
    answered = [row for row in rows if row.answer.strip()]
    groups = _groups(answered)
    findings = [finding for feature in FEATURES for finding in _of_feature(feature, groups)]
    return CheckResult(
        findings=[*findings, *_of_schema(groups)],
        tables=[_table(answered)] if answered else [],
    )


def _groups(rows: Sequence[TrainingRow]) -> list[_ComparedAnswers]:
    by_prompt: dict[str, list[TrainingRow]] = {}
    for row in rows:
        by_prompt.setdefault(row.system, []).append(row)
    large = [some for some in by_prompt.values() if len(some) >= FEWEST_OF_PROMPT]
    rest = [row for some in by_prompt.values() if len(some) < FEWEST_OF_PROMPT for row in some]
    return [_ComparedAnswers(some) for some in (*large, rest) if some]


def _of_feature(
    feature: AnswerFeature, groups: Sequence[_ComparedAnswers]
) -> Iterator[DataFinding]:
    sides = {True: ConcernedRows(), False: ConcernedRows()}
    for group in groups:
        for row, has in group.outliers(feature):
            sides[has].add(row, _shown(row.answer))
    for has, phrase in ((True, feature.having), (False, feature.lacking)):
        if phrase is not None and sides[has].count:
            yield _finding(sides[has], "Answers", phrase, feature.weight)


def _shown(answer: str) -> str:
    """An answer's beginning, and its end where it is long."""
    if len(answer) <= _SHOWN:
        return on_one_line(answer, _SHOWN)
    return f"{on_one_line(answer, _SHOWN // 2)} … {on_one_line(answer[-_SHOWN // 2 :], _SHOWN)}"


def _finding(rows: ConcernedRows, noun: str, phrase: str, weight: Weight) -> DataFinding:
    return rows.finding(
        check=NAME,
        topic="consistency",
        weight=weight,
        title=f"{noun} that {phrase}: {rows.count:,}",
        meaning=_MEANING,
        advice=_ADVICE,
        to_people=True,
    )


def _of_schema(groups: Sequence[_ComparedAnswers]) -> Iterator[DataFinding]:
    missing, extra, typed = ConcernedRows(), ConcernedRows(), ConcernedRows()
    for group in groups:
        objects = [
            (row, answer) for row in group.rows if (answer := json_object(row.answer)) is not None
        ]
        if len(objects) < FEWEST:
            continue
        counts = Counter(key for _, answer in objects for key in answer)
        usual = {key for key, count in counts.items() if count >= USUAL_KEY * len(objects)}
        rare = {key for key, count in counts.items() if count <= RARE_KEY * len(objects)}
        types = _usual_types(usual, [answer for _, answer in objects])
        for row, answer in objects:
            keys = set(answer)
            if usual - keys:
                missing.add(row, f"without {_names(usual - keys)}: {_shown(row.answer)}")
            if usual and rare & keys:
                extra.add(row, f"with {_names(rare & keys)}: {_shown(row.answer)}")
            if other := [key for key in types if _type(answer.get(key)) not in ("", types[key])]:
                typed.add(row, f"{_names(other)}: {_shown(row.answer)}")
    if missing.count:
        yield _finding(missing, "Objects", "lack a key that nearly all have", "important")
    if extra.count:
        yield _finding(extra, "Objects", "have a key that hardly any has", "minor")
    if typed.count:
        yield _finding(
            typed, "Objects", "hold a value of another type than nearly all", "important"
        )


def _usual_types(keys: set[str], answers: Sequence[Mapping[str, object]]) -> dict[str, str]:
    types: dict[str, str] = {}
    for key in sorted(keys):
        counts = Counter(name for answer in answers if (name := _type(answer.get(key))))
        name, count = counts.most_common(1)[0] if counts else ("", 0)
        if count and count >= USUAL_TYPE * counts.total():
            types[key] = name
    return types


def _type(value: object) -> str:
    """The type as JSON has it, where whole numbers and others are one; "" of null."""
    match value:
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
        case list():
            return "list"
        case dict():
            return "object"
    return ""


def _names(keys: set[str] | Sequence[str]) -> str:
    return ", ".join(on_one_line(key, 40) for key in sorted(keys)[:5])


def _table(rows: Sequence[TrainingRow]) -> ReportTable:
    cells: list[tuple[str, int, int, float]] = []
    for feature in FEATURES:
        sides = [has for row in rows if (has := feature.has(row.answer)) is not None]
        if sides:
            share = round(100 * sum(sides) / len(sides), 1)
            cells.append((feature.name, len(sides), sum(sides), share))
    return ReportTable(
        check=NAME,
        topic="consistency",
        title="Format and style of the answers",
        columns=("feature", "answers where it applies", "with it", "%"),
        rows=tuple(cells),
        note=f"Of {len(rows):,} answers that were looked at.",
    )


CHECK = DataCheck(name=NAME, topic="consistency", on_sample=find_format_outliers)
