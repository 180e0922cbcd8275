"""A made-up training set before faults are planted, and how its rows are laid out in a file."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, Literal

type SetLayout = Literal["chat", "alpaca"]
_WORD = re.compile(r"\w+")
ALIKE = 0.6
"""Jaccard similarity of three-word shingles from which two rows are no longer different."""
FEWEST_WORDS = 8
"""Of an answer that is compared: many rows have "True." or a label."""


@dataclass(frozen=True, slots=True)
class PlainRow:
    """A row as it is meant.

    Attributes:
        system: the system prompt, "" without one.
        prompt: what is asked.
        input: Alpaca's `input`, "" without one.
        answer: what is to be learnt.
        label: of classification the class, else "".
        topic: what it is about, for planting.
        language: of the answer.
        raw: what stands in the file in place of all this, for rows that are laid out wrongly.
    """

    prompt: str
    answer: str
    system: str = ""
    input: str = ""
    label: str = ""
    topic: str = ""
    language: str = "en"
    raw: Mapping[str, Any] | None = None

    @property
    def question(self) -> str:
        return f"{self.prompt}\n{self.input}" if self.input else self.prompt

    def laid_out(self, layout: SetLayout) -> Mapping[str, Any]:
        """The object that stands in the file."""
        if self.raw is not None:
            return self.raw
        if layout == "alpaca":
            return {"instruction": self.prompt, "input": self.input, "output": self.answer}
        messages = [
            {"role": "user", "content": self.prompt},
            {"role": "assistant", "content": self.answer},
        ]
        if self.system:
            messages.insert(0, {"role": "system", "content": self.system})
        return {"messages": messages}


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """A question of the reference traffic, with who asked it and its topic (the truth)."""

    text: str
    user: str
    topic: str


@dataclass(frozen=True, slots=True)
class MadeSet:
    """A training set with its test set and the traffic it is for.

    Attributes:
        task: as `evalhub data check --task` takes it.
        missing: the topic of the traffic that no row has.
        labels: of classification the list of classes.
    """

    name: str
    task: Literal["classification", "instruction", "reasoning"]
    layout: SetLayout
    rows: Sequence[PlainRow]
    test_items: Sequence[PlainRow]
    traffic: Sequence[AskedQuestion]
    missing: str
    labels: Sequence[str] = ()

    def with_rows(self, rows: Sequence[PlainRow]) -> "MadeSet":
        return replace(self, rows=rows)

    def write(self, path: Path) -> None:
        lines = (json.dumps(row.laid_out(self.layout), ensure_ascii=False) for row in self.rows)
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def shingles(text: str, size: int = 3) -> set[str]:
    """Its runs of three words in lower case; a shorter text is one run."""
    words = _WORD.findall(text.lower())
    return {" ".join(words[i : i + size]) for i in range(max(1, len(words) - size + 1))}


class ShingleIndex:
    """Texts by their shingles, to look for one that is alike."""

    def __init__(self) -> None:
        self._holders: dict[str, list[int]] = defaultdict(list)
        self._sizes: list[int] = []

    def add(self, text: str) -> None:
        parts = shingles(text)
        for part in parts:
            self._holders[part].append(len(self._sizes))
        self._sizes.append(len(parts))

    def has_like(self, text: str) -> bool:
        """Whether a text that was added is alike."""
        parts = shingles(text)
        shared = Counter(holder for part in parts for holder in self._holders.get(part, ()))
        return any(
            count >= ALIKE * (len(parts) + self._sizes[holder] - count)
            for holder, count in shared.items()
        )


class DifferentRows:
    """Draws rows of which no two have questions that are alike.

    Answers may be alike, as those of a real set are; but no test item has an answer of eight words
    or more like one of a row.
    """

    def __init__(self) -> None:
        self._questions = ShingleIndex()
        self._answers = ShingleIndex()

    def add(self, row: PlainRow) -> bool:
        """Adds the row unless its question is like another's."""
        if self._questions.has_like(row.question):
            return False
        self._questions.add(row.question)
        if len(row.answer.split()) >= FEWEST_WORDS:
            self._answers.add(row.answer)
        return True

    def fill(self, drafts: Iterator[PlainRow], count: int) -> list[PlainRow]:
        """So many rows more. Raises ValueError where the grammar is too small."""
        rows: list[PlainRow] = []
        for draft in islice(drafts, 50 * count):
            if self.add(draft):
                rows.append(draft)
            if len(rows) == count:
                break
        if len(rows) < count:
            raise ValueError(f"after {len(rows)} rows of {count} little is new")
        return rows

    def test_items(self, drafts: Iterator[PlainRow], count: int) -> list[PlainRow]:
        """So many rows whose answers are unlike those of all rows."""
        answers = self._answers
        fresh = (draft for draft in drafts if not answers.has_like(draft.answer))
        self._answers = ShingleIndex()
        return self.fill(fresh, count)
