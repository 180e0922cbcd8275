"""Labels beyond their list, misspelt ones, and how many rows each has. Pure.

A label is a short answer, a field such as `label`, or a key of answers in JSON; a place is one of
labels where few different values make up nearly all rows. Values are counted as they are written.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from evalhub.decision.wording import count_text, percent
from evalhub.declare.data_report import DataFinding, ExampleRow, ReportTable, Weight
from evalhub.features.data.checks.check import CheckResult, CheckSettings, DataCheck, cut_text
from evalhub.features.data.checks.concerned_rows import ConcernedRows, on_one_line, top_rows
from evalhub.features.data.checks.label_spelling import LabelVariant, label_variants, plain_form
from evalhub.features.data.checks.labels_of_rows import ANSWER, labels_of
from evalhub.features.data.rows.training_rows import TrainingRow

NAME = "label-list"
MOST_PLACES = 60
MOST_VALUES = 2_000
"""Different values of a place; with more it holds no labels."""
MOST_LINES_OF_VALUE = 100
FEWEST_OF_LABEL = 5
"""Rows of a value that is a label."""
COVERED = 0.8
"""Share of a place's rows that such values make up, for the place to hold labels."""
IN_PLACE = 0.5
"""Share of the rows that have something at a place."""
FEW_ROWS = 20
"""A class with fewer is learnt badly, and can't be tested."""
SHOWN = 50


@dataclass(slots=True)
class LabelPlace:
    """The values at one place: rows by value, and the first lines of each."""

    counts: Counter[str] = field(default_factory=Counter)
    lines: dict[str, list[int]] = field(default_factory=dict)
    is_open: bool = True

    def add(self, value: str, line: int) -> None:
        """Counts a value; with too many different ones nothing is counted any more."""
        if not self.is_open:
            return
        if value not in self.lines:
            if len(self.lines) == MOST_VALUES:
                self.is_open = False
                self.counts.clear()
                self.lines.clear()
                return
            self.lines[value] = []
        self.counts[value] += 1
        if len(self.lines[value]) < MOST_LINES_OF_VALUE:
            self.lines[value].append(line)

    def holds_labels(self, rows: int) -> bool:
        """Whether few values make up nearly all of the rows."""
        total = self.counts.total()
        common = sum(count for count in self.counts.values() if count >= FEWEST_OF_LABEL)
        return total >= max(IN_PLACE * rows, 1) and common >= COVERED * total


class LabelCounter:
    """Counts the labels of every row, by place."""

    def __init__(self, settings: CheckSettings) -> None:
        self._task = settings.options.task
        self._allowed = tuple(dict.fromkeys(settings.labels))
        self._rows = 0
        self._places: dict[str, LabelPlace] = {}

    def see(self, row: TrainingRow) -> None:
        self._rows += 1
        for name, value in labels_of(row).items():
            place = self._places.get(name)
            if place is None:
                if len(self._places) == MOST_PLACES:
                    continue
                place = self._places[name] = LabelPlace()
            place.add(value, row.line)

    def result(self) -> CheckResult:
        findings: list[DataFinding] = []
        tables: list[ReportTable] = []
        for name, place in self._places.items():
            is_listed = self._is_listed(name, place)
            if not is_listed and not place.holds_labels(self._rows):
                continue
            beyond = self._beyond(place) if is_listed else {}
            variants = [] if is_listed else label_variants(place.counts)
            findings += self._odd_labels(name, place, beyond, variants)
            odd = beyond.keys() | {variant.label for variant in variants}
            findings += self._small(name, place, odd)
            tables.append(_table(name, place))
        return CheckResult(findings=findings, tables=tables)

    @property
    def _weight(self) -> Weight:
        return "serious" if self._task == "classification" else "important"

    def _is_listed(self, name: str, place: LabelPlace) -> bool:
        """Whether the list of labels is of this place: half of its rows are in the list, or it is
        the answers of a classification."""
        if not self._allowed or not place.is_open:
            return False
        listed = sum(place.counts[label] for label in self._allowed)
        is_answer = name == ANSWER and self._task == "classification"
        return is_answer or 2 * listed >= place.counts.total() > 0

    def _beyond(self, place: LabelPlace) -> dict[str, str]:
        """Values that aren't in the list, with the listed one that is written otherwise; "" where
        none is."""
        allowed = set(self._allowed)
        by_form = {plain_form(label): label for label in self._allowed}
        return {
            value: by_form.get(plain_form(value), "")
            for value in place.counts
            if value not in allowed
        }

    def _odd_labels(
        self,
        name: str,
        place: LabelPlace,
        beyond: Mapping[str, str],
        variants: Sequence[LabelVariant],
    ) -> Iterator[DataFinding]:
        written = {value: meant for value, meant in beyond.items() if meant}
        written |= {variant.label: variant.meant for variant in variants if variant.same_words}
        if written:
            yield self._written_otherwise(name, place, written)
        if unlisted := {value: "" for value, meant in beyond.items() if not meant}:
            yield self._unlisted(name, place, unlisted)
        if misspelt := [variant for variant in variants if not variant.same_words]:
            yield _misspelling(name, place, misspelt)

    def _unlisted(self, name: str, place: LabelPlace, unlisted: Mapping[str, str]) -> DataFinding:
        rows = _rows_of(place, unlisted)
        return rows.finding(
            check=NAME,
            topic="consistency",
            weight=self._weight,
            title=f"{count_text(rows.count, 'row')} with "
            f"{count_text(len(unlisted), 'label')} beyond the list, in {place_text(name)}",
            meaning="The model learns to answer what nobody who reads its answers expects.",
            advice="Correct these labels, or add them to the list where they are meant.",
        )

    def _written_otherwise(
        self, name: str, place: LabelPlace, written: Mapping[str, str]
    ) -> DataFinding:
        rows = _rows_of(place, written)
        return rows.finding(
            check=NAME,
            topic="consistency",
            weight=self._weight,
            title=f"{count_text(len(written), 'label')} written in more than one way, in "
            f"{place_text(name)}: {count_text(rows.count, 'row')} with the rarer one",
            meaning="To the model two spellings are two labels: it divides its certainty between "
            "them, and what reads its answers finds one of the two.",
            advice="Write each label in one way, to the letter.",
        )

    def _small(self, name: str, place: LabelPlace, odd: Collection[str]) -> Iterator[DataFinding]:
        small = [
            value for value, count in place.counts.items() if count < FEW_ROWS and value not in odd
        ]
        if not small:
            return
        rows = _rows_of(place, dict.fromkeys(small, ""))
        yield rows.finding(
            check=NAME,
            topic="consistency",
            weight="important" if self._task == "classification" else "minor",
            title=f"{count_text(len(small), 'label has', 'labels have')} fewer than {FEW_ROWS} "
            f"rows, in {place_text(name)}",
            meaning="A class with so few rows is learnt badly, and whether it was learnt can't "
            "be told from as few test items.",
            advice="Collect more rows of these labels, join them with others, or leave them out.",
        )


def _misspelling(name: str, place: LabelPlace, misspelt: Sequence[LabelVariant]) -> DataFinding:
    rows = _rows_of(place, {variant.label: variant.meant for variant in misspelt})
    return rows.finding(
        check=NAME,
        topic="consistency",
        weight="important",
        title=f"{count_text(len(misspelt), 'label looks', 'labels look')} like a misspelling of a "
        f"more frequent one, in {place_text(name)}",
        meaning="A misspelt label is a class of its own to the model, with few rows.",
        advice="Correct those that are misspelt; a list of labels makes it certain.",
        to_people=True,
    )


def _rows_of(place: LabelPlace, meant: Mapping[str, str]) -> ConcernedRows:
    """The rows with these values, which are examples with what was meant by each."""
    rows = ConcernedRows()
    for value in sorted(meant, key=lambda value: (-place.counts[value], value)):
        lines = place.lines[value]
        if not rows.is_full:
            text = on_one_line(value) + (
                f" for {on_one_line(meant[value])}" if meant[value] else ""
            )
            rows.examples.append(ExampleRow(line=lines[0], text=cut_text(text)))
        for line in lines:
            rows.add_line(line)
        rows.count += place.counts[value] - len(lines)
    rows.lines.sort()
    return rows


def place_text(name: str) -> str:
    """What a place is called in a sentence."""
    kind, _, key = name.partition(" ")
    return "the answers" if name == ANSWER else f"the {kind} {on_one_line(key)}"


def _table(name: str, place: LabelPlace) -> ReportTable:
    total = place.counts.total()
    return ReportTable(
        check=NAME,
        topic="consistency",
        title=f"Rows by label, in {place_text(name)}",
        columns=("label", "rows", "%"),
        rows=top_rows([*place.counts.items()], total, SHOWN),
        note=f"{count_text(len(place.counts), 'label')}; the most frequent one has "
        f"{percent(max(place.counts.values()) / total)} of {total:,} rows",
    )


CHECK = DataCheck(name=NAME, topic="consistency", on_all_rows=LabelCounter)
