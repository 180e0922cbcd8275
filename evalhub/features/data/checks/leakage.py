"""Items of the project's test sets in the training file. Pure.

By the search that `evalhub leakage` makes (`evalhub.ledger.leakage.matching`): the same text, a run
of 13 words, the whole of a text of 8 to 12 words, or a near-copy. A row that holds most of an item
is told from one that shares a run of words with it, which may be a phrase of the house.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from evalhub.decision.wording import count_text
from evalhub.declare.data_report import (
    MOST_EXAMPLES,
    DataFinding,
    ExampleRow,
    Measure,
    Unchecked,
)
from evalhub.features.data.checks.check import CheckResult, CheckSettings, DataCheck, cut_text
from evalhub.features.data.checks.concerned_rows import ConcernedRows, texts_of_row
from evalhub.features.data.rows.training_rows import TrainingRow
from evalhub.ledger.leakage.fingerprints import NGRAM, texts_of
from evalhub.ledger.leakage.matching import LeakageSearch
from evalhub.ledger.leakage.result import Leakage, LeakageMatch
from evalhub.ledger.leakage.training import RowBatches, TrainingBatch

NAME = "leakage"
MOSTLY = 0.4
"""Share of an item's runs of 13 words from which a row holds the item. By our choice: of parts
planted in made-up sets it keeps 42 of 42, of shared phrases one in ten
(tests/benchmarks/data_faults)."""


class LeakCounter:
    """Searches every row for the items of all test sets, a few hundred rows at a time."""

    def __init__(self, settings: CheckSettings) -> None:
        self._names = [*settings.test_sets]
        self._search = LeakageSearch(*settings.test_sets.values())
        self._batches = RowBatches()
        self._holding = [ConcernedRows() for _ in self._names]
        self._sharing = [ConcernedRows() for _ in self._names]

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
                finding
                for number, result in enumerate(results)
                for finding in self._findings(number, result)
            ],
            measures=[
                _measure(name, result) for name, result in zip(self._names, results, strict=True)
            ],
            unchecked=[*self._too_short(results)],
        )

    def _search_in(self, batch: TrainingBatch) -> None:
        # A row is in one batch alone, so that the numbers add up.
        for number, shares in enumerate(self._search.see(batch)):
            for line, share in sorted(shares.items()):
                rows = self._holding if share >= MOSTLY else self._sharing
                rows[number].add_line(line)

    def _findings(self, number: int, result: Leakage) -> Iterator[DataFinding]:
        name = self._names[number]
        held = _held(result)
        if held:
            yield DataFinding(
                check=NAME,
                topic="leakage",
                weight="serious",
                title=f"{len(held):,} of {count_text(result.items, 'item')} of the test set {name} "
                f"{'is' if len(held) == 1 else 'are'} in the file",
                rows=self._holding[number].count,
                meaning="A model that was trained on a test set's items is better at them alone: "
                "what the test set says of it is no longer valid.",
                advice="Take these rows out, and the near-copies of them, before training; then "
                "check again.",
                examples=_examples(held),
                lines=tuple(self._holding[number].lines),
            )
        if self._sharing[number].count:
            rows = self._sharing[number]
            yield DataFinding(
                check=NAME,
                topic="leakage",
                weight="important",
                title=f"{count_text(rows.count, 'row')} "
                f"{'shares' if rows.count == 1 else 'share'} a run of {NGRAM} words with an item "
                f"of the test set {name}",
                rows=rows.count,
                meaning="It is less than half of the item: a phrase that many texts have, or a "
                "part of what is tested.",
                advice="Look whether it is more than a phrase; if so, take the row out.",
                examples=_examples(
                    {key: weak for key, weak in result.leaked.items() if key not in held}
                ),
                lines=tuple(rows.lines),
                to_people=True,
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


def _held(result: Leakage) -> Mapping[str, Sequence[LeakageMatch]]:
    """The items of which a row holds most, with these matches."""
    return {
        key: strong
        for key, matches in result.leaked.items()
        if (strong := [match for match in matches if match.share >= MOSTLY])
    }


def _examples(leaked: Mapping[str, Sequence[LeakageMatch]]) -> tuple[ExampleRow, ...]:
    return tuple(
        ExampleRow(
            line=matches[0].line,
            text=cut_text(f"item {key}: {'; '.join(str(match) for match in matches)}"),
        )
        for key, matches in islice(leaked.items(), MOST_EXAMPLES)
    )


def _measure(name: str, result: Leakage) -> Measure:
    return Measure(
        check=NAME,
        topic="leakage",
        name=f"leaked items of {name}",
        label=f"Items of {name} in the file",
        value=len(_held(result)),
        unit="items",
        note=f"of {result.items:,}; {result.too_short:,} can't be searched for",
    )


CHECK = DataCheck(name=NAME, topic="leakage", on_all_rows=LeakCounter)
