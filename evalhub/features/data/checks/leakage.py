"""Items of the project's test sets in the training file. Pure.

By the search that `evalhub leakage` makes (`evalhub.ledger.leakage.matching`): the same text, a run
of 13 words, the whole of a text of 8 to 12 words, or a near-copy.
"""

from collections.abc import Iterator

from evalhub.decision.wording import count_text
from evalhub.declare.data_report import (
    MOST_EXAMPLES,
    MOST_LINES,
    ExampleRow,
    Finding,
    Measure,
    Unchecked,
)
from evalhub.features.data.checks.check import Check, CheckResult, CheckSettings, cut_text
from evalhub.features.data.checks.concerned_rows import texts_of_row
from evalhub.features.data.training_rows import TrainingRow
from evalhub.ledger.leakage.fingerprints import texts_of
from evalhub.ledger.leakage.matching import LeakageSearch
from evalhub.ledger.leakage.result import Leakage
from evalhub.ledger.leakage.training import RowBatches, TrainingBatch

NAME = "leakage"


class LeakCounter:
    """Searches every row for the items of all test sets, a few hundred rows at a time."""

    def __init__(self, settings: CheckSettings) -> None:
        self._names = [*settings.test_sets]
        self._search = LeakageSearch(*settings.test_sets.values())
        self._batches = RowBatches()
        self._lines: list[list[int]] = [[] for _ in self._names]
        self._counts = [0] * len(self._names)

    def see(self, row: TrainingRow) -> None:
        if not self._names:
            return
        texts = [part for text in texts_of_row(row) for part in texts_of(text)]
        if (batch := self._batches.add(row.line, texts)) is not None:
            self._search_in(batch)

    def result(self) -> CheckResult:
        if not self._names:
            reason = "No test set was named: nobody knows whether its items are in the file."
            return CheckResult(unchecked=(Unchecked(check=NAME, topic="leakage", reason=reason),))
        if (last := self._batches.take()) is not None:
            self._search_in(last)
        results = self._search.results()
        return CheckResult(
            findings=[
                self._finding(number, result)
                for number, result in enumerate(results)
                if result.leaked
            ],
            measures=[
                _measure(name, result) for name, result in zip(self._names, results, strict=True)
            ],
            unchecked=[*self._too_short(results)],
        )

    def _search_in(self, batch: TrainingBatch) -> None:
        # A row is in one batch alone, so that the numbers add up.
        for number, lines in enumerate(self._search.see(batch)):
            self._counts[number] += len(lines)
            room = MOST_LINES - len(self._lines[number])
            self._lines[number] += sorted(lines)[:room]

    def _finding(self, number: int, result: Leakage) -> Finding:
        name, leaked = self._names[number], len(result.leaked)
        return Finding(
            check=NAME,
            topic="leakage",
            weight="serious",
            title=f"{leaked:,} of {count_text(result.items, 'item')} of the test set {name} "
            f"{'is' if leaked == 1 else 'are'} in the file",
            rows=self._counts[number],
            meaning="A model that was trained on a test set's items is better at them alone: "
            "what the test set says of it is no longer valid.",
            advice="Take these rows out, and the near-copies of them, before training; then "
            "check again.",
            examples=tuple(
                ExampleRow(
                    line=matches[0].line,
                    text=cut_text(f"item {key}: {'; '.join(str(match) for match in matches)}"),
                )
                for key, matches in [*result.leaked.items()][:MOST_EXAMPLES]
            ),
            lines=tuple(self._lines[number]),
        )

    def _too_short(self, results: list[Leakage]) -> Iterator[Unchecked]:
        for name, result in zip(self._names, results, strict=True):
            if result.too_short:
                short = count_text(result.too_short, "item")
                yield Unchecked(
                    check=NAME,
                    topic="leakage",
                    reason=f"{short} of the test set {name} can't be searched for: too short, or "
                    "made of what most of its items share.",
                )


def _measure(name: str, result: Leakage) -> Measure:
    return Measure(
        check=NAME,
        topic="leakage",
        name=f"leaked items of {name}",
        label=f"Items of {name} in the file",
        value=len(result.leaked),
        unit="items",
        note=f"of {result.items:,}; {result.too_short:,} can't be searched for",
    )


CHECK = Check(name=NAME, topic="leakage", on_all_rows=LeakCounter)
