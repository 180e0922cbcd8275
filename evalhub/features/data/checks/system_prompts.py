"""Which system prompts a training file has, how often, and which are near-variants. Pure."""

import difflib
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from evalhub.decision.wording import count_text, percent
from evalhub.declare.data_report import DataFinding, Measure, ReportTable
from evalhub.features.data.checks.check import CheckResult, CheckSettings, DataCheck, example
from evalhub.features.data.checks.concerned_rows import ConcernedRows, on_one_line, top_rows
from evalhub.features.data.checks.questions import text_hash
from evalhub.features.data.rows.training_rows import TrainingRow
from evalhub.ledger.leakage.fingerprints import tokens_of

NAME = "system-prompts"
MOST_PROMPTS = 1_000
"""Different ones that are compared with each other."""
COMPARED_CHARACTERS = 4_000
MOST_FREQUENT = 100
"""Of these it is looked whether others are variants."""
SIMILARITY = 0.9
"""Share of words, in their order, that a variant has in common with the other one (difflib)."""
MANY_VARIANTS = 20
"""With more of one wording it is a template with a slot, which is written so on purpose."""
MOST_VARIANT_LINES = 200
SHOWN = 20
_CELL = 120


@dataclass(slots=True)
class _SystemPrompt:
    text: str
    lines: list[int]
    rows: int = 0


class SystemPromptCounter:
    """Counts system prompts; of the first thousand different ones the texts are kept."""

    def __init__(self, settings: CheckSettings) -> None:
        self._rows = 0
        self._hashes = array("Q")
        self._prompts: dict[int, _SystemPrompt] = {}
        self._without: list[int] = []

    def see(self, row: TrainingRow) -> None:
        self._rows += 1
        if not row.system:
            if len(self._without) < MOST_VARIANT_LINES:
                self._without.append(row.line)
            return
        key = text_hash(row.system)
        self._hashes.append(key)
        prompt = self._prompts.get(key)
        if prompt is None:
            if len(self._prompts) == MOST_PROMPTS:
                return
            prompt = self._prompts[key] = _SystemPrompt(row.system[:COMPARED_CHARACTERS], [])
        prompt.rows += 1
        if len(prompt.lines) < MOST_VARIANT_LINES:
            prompt.lines.append(row.line)

    def result(self) -> CheckResult:
        if not self._hashes:
            return CheckResult()
        different = int(np.unique(np.frombuffer(self._hashes, np.uint64)).size)
        return CheckResult(
            findings=[*self._without_any(), *self._variants()],
            measures=[
                Measure(
                    check=NAME,
                    topic="consistency",
                    name="system prompts",
                    label="Different system prompts",
                    value=different,
                    note=f"{percent(len(self._hashes) / self._rows)} of the rows have one",
                )
            ],
            tables=[self._table()],
        )

    def _table(self) -> ReportTable:
        counts: Counter[str] = Counter()
        for prompt in self._prompts.values():
            counts[on_one_line(prompt.text, _CELL)] += prompt.rows
        rows = [*top_rows([*counts.items()], self._rows, SHOWN)]
        if without := self._rows - len(self._hashes):
            rows += [("(none)", without, round(100 * without / self._rows, 2))]
        return ReportTable(
            check=NAME,
            topic="consistency",
            title="System prompts",
            columns=("system prompt", "rows", "% of rows"),
            rows=tuple(rows),
        )

    def _without_any(self) -> Iterator[DataFinding]:
        without = self._rows - len(self._hashes)
        if not without:
            return
        yield DataFinding(
            check=NAME,
            topic="consistency",
            weight="minor",
            title=f"{count_text(without, 'row has', 'rows have')} no system prompt, the others "
            "have one",
            rows=without,
            meaning="A model that learns with and without a system prompt depends less on it; "
            "that is good only where production sends it at times.",
            advice="Train with the system prompt that production sends, in every row.",
            lines=tuple(self._without),
        )

    def _variants(self) -> Iterator[DataFinding]:
        ranked = sorted(self._prompts.values(), key=lambda prompt: (-prompt.rows, prompt.lines[0]))
        variants = _variants_of(ranked)
        for is_same in (True, False):
            rows, count = ConcernedRows(), 0
            for first, others in variants.items():
                some = [number for number, same in others.items() if same == is_same]
                if len(some) <= MANY_VARIANTS:
                    count += len(some)
                    for number in some:
                        _add(rows, ranked[number], beside=ranked[first].lines[0])
            if count:
                yield _finding(rows, count, is_same=is_same)


def _variants_of(ranked: Sequence[_SystemPrompt]) -> dict[int, dict[int, bool]]:
    """By a prompt's number those of its variants, and whether their words are all the same."""
    words = [tokens_of(prompt.text) for prompt in ranked]
    bags = [Counter(some) for some in words]
    variants: dict[int, dict[int, bool]] = {}
    taken: set[int] = set()
    for first in range(min(MOST_FREQUENT, len(ranked))):
        if first in taken:
            continue
        for second in range(first + 1, len(ranked)):
            if second not in taken and _are_variants(
                (words[first], bags[first]), (words[second], bags[second])
            ):
                variants.setdefault(first, {})[second] = words[first] == words[second]
                taken.add(second)
    return variants


def _add(concerned: ConcernedRows, prompt: _SystemPrompt, *, beside: int) -> None:
    """Adds a variant's rows, the first one as an example."""
    if not concerned.is_full:
        row = TrainingRow(prompt.lines[0], "chat", prompt.text, "", "")
        concerned.examples.append(example(row, prompt.text, beside=beside))
    for line in prompt.lines:
        concerned.add_line(line)
    concerned.count += prompt.rows - len(prompt.lines)


def _are_variants(
    first: tuple[list[str], Counter[str]], second: tuple[list[str], Counter[str]]
) -> bool:
    """Whether two prompts have nearly the same words in the same order."""
    words, bag = first
    other_words, other_bag = second
    if words == other_words:
        return True
    total = len(words) + len(other_words)
    # The ratio can't be more than what the two have in common without their order.
    if 2 * sum((bag & other_bag).values()) < SIMILARITY * total:
        return False
    return difflib.SequenceMatcher(None, words, other_words, False).ratio() >= SIMILARITY


def _finding(rows: ConcernedRows, variants: int, *, is_same: bool) -> DataFinding:
    count = count_text(variants, "system prompt", "system prompts")
    differ = "differs" if variants == 1 else "differ"
    by = "white space, case or punctuation alone" if is_same else "a few words"
    return rows.finding(
        check=NAME,
        topic="consistency",
        weight="important" if is_same else "minor",
        title=f"{count} {differ} from another one by {by}, in {count_text(rows.count, 'row')}",
        meaning="A space, a comma or a word that differs is other input to the model; production "
        "sends one of them, and the rows with another one teach less about it.",
        advice="Write the system prompt in all these rows as production sends it."
        if is_same
        else "Look whether the difference is meant; if not, write what production sends.",
        to_people=not is_same,
    )


CHECK = DataCheck(name=NAME, topic="consistency", on_all_rows=SystemPromptCounter)
