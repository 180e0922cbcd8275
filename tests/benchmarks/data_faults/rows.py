"""A made-up training set before faults are planted, and how its rows are laid out in a file."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

type SetLayout = Literal["chat", "alpaca"]
_WORD = re.compile(r"\w+")
ALIKE = 0.6
"""Jaccard similarity of three-word shingles from which two rows are no longer different."""


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


@dataclass(slots=True)
class DifferentRows:
    """Rows of which no two are alike: what comes too close to an earlier one is refused."""

    rows: list[PlainRow] = field(default_factory=list)
    _holders: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    _sizes: list[int] = field(default_factory=list)

    def add(self, row: PlainRow, *, alike: float = ALIKE) -> bool:
        """Adds the row unless its question, or question and answer, is like another's."""
        parts = shingles(row.question)
        shared: dict[int, int] = defaultdict(int)
        for part in parts:
            for holder in self._holders[part]:
                shared[holder] += 1
        for holder, count in shared.items():
            if count >= alike * (len(parts) + self._sizes[holder] - count):
                return False
        for part in parts:
            self._holders[part].append(len(self.rows))
        self._sizes.append(len(parts))
        self.rows.append(row)
        return True

    def fill(self, drafts: Iterator[PlainRow], count: int) -> Sequence[PlainRow]:
        """Takes drafts until so many more were added; these. Raises ValueError where 60 drafts
        in a row were too close: the grammar is too small."""
        first, refused = len(self.rows), 0
        for row in drafts:
            if self.add(row):
                refused = 0
            else:
                refused += 1
            if len(self.rows) == first + count:
                return self.rows[first:]
            if refused == 200:
                raise ValueError(f"after {len(self.rows) - first} rows nothing new is written")
        raise ValueError("the drafts have an end")
