"""Items of one or two words: too short to search for alone, so their answer is needed, too."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from evalhub.ledger.leakage.fingerprints import is_brief, normal_form, words_of
from evalhub.ledger.leakage.training import TrainingBatch

FEWEST_ALONE = 2
"""A single word is in every text: it says something only with its reference."""


@dataclass(frozen=True, slots=True)
class BriefItem:
    """An item's texts in normal form; `part` is the index of its first input part."""

    part: int
    inputs: frozenset[str]
    references: frozenset[str]

    @classmethod
    def of(cls, parts: Sequence[tuple[str, str]], part: int) -> "BriefItem | None":
        """The item of ("input" or "reference", text) parts; None where its input is longer, or is
        one word without a reference."""
        inputs = [text for name, text in parts if name == "input"]
        references = frozenset(normal_form(text) for name, text in parts if name != "input")
        if not inputs or not all(is_brief(text) for text in inputs):
            return None
        if not references and sum(len(words_of(text)) for text in inputs) < FEWEST_ALONE:
            return None
        return cls(part, frozenset(normal_form(text) for text in inputs), references)

    def is_in(self, row_texts: set[str]) -> bool:
        """Whether a row with these texts, in normal form, has the item's input and an answer to
        it."""
        answered = not self.references or not row_texts.isdisjoint(self.references)
        return answered and self.inputs <= row_texts


class BriefItems:
    """A test set's brief items, indexed to search training rows for."""

    def __init__(self, items: Sequence[BriefItem]) -> None:
        self.items = items
        self._by_input: dict[str, list[BriefItem]] = {}
        for item in items:
            self._by_input.setdefault(min(item.inputs), []).append(item)

    def without_common(self, limit: int) -> list[BriefItem]:
        """Only the items that at most `limit` items are equal to."""
        times = Counter((each.inputs, each.references) for each in self.items)
        return [each for each in self.items if times[each.inputs, each.references] <= limit]

    def matches_in(self, batch: TrainingBatch) -> Iterator[tuple[int, int]]:
        """(line, part) of each item that a row of the batch holds."""
        for line, texts in batch.brief if self.items else ():
            short = (normal_form(text) for text in texts if is_brief(text))
            candidates = [each for text in short for each in self._by_input.get(text, ())]
            row_texts = {normal_form(text) for text in texts} if candidates else set()
            yield from ((line, each.part) for each in candidates if each.is_in(row_texts))
