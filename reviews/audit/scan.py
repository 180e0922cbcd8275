"""Both answers of every pair searched for traits, and counted by arm. Pure."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from evalhub.declare.review import Show
from reviews.texts import USUAL, display_text
from reviews.traits import TRAITS, Trait


class Answers(NamedTuple):
    """The two answers that were compared, or rated one by one, of an item. `arms` tells whether
    they are the baseline's and the candidate's, rather than those of two other arms."""

    item: str
    baseline: str
    candidate: str
    cluster: str = ""
    arms: bool = True


@dataclass(slots=True)
class Scan:
    """How many pairs have each trait in the one answer, in the other, in just one of them.

    `examples` are keys of items whose answer has a leak, a few of each trait.
    """

    names: Sequence[str] = ()
    """the arms' own names, which no answer should have"""
    show: Show = USUAL
    pairs: int = 0
    candidate: dict[str, int] = field(default_factory=dict)
    baseline: dict[str, int] = field(default_factory=dict)
    only_candidate: dict[str, int] = field(default_factory=dict)
    only_baseline: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[str]] = field(default_factory=dict)
    _patterns: dict[str, bytearray] = field(default_factory=dict)

    def traits(self) -> tuple[Trait, ...]:
        patterns = [re.escape(name) for name in self.names if len(name) > 2]
        if not patterns:
            return TRAITS
        own = re.compile(r"(?<!\w)(?:" + "|".join(patterns) + r")(?!\w)", re.IGNORECASE)
        arm = Trait("arm", "names an arm", lambda text: bool(own.search(text)), leaks=True)
        return (arm, *TRAITS)

    def read(self, rows: Iterable[tuple[str, str, str]]) -> "Scan":
        """Takes in (item, baseline's text, candidate's text), pair by pair."""
        for _ in self.passing(Answers(*row) for row in rows):
            pass
        return self

    def passing(self, rows: Iterable[Answers]) -> Iterator[Answers]:
        """Yield the same rows, counting each (`read`) on its way.

        What a reviewer could see is looked for in the text as it was shown, hidden bytes in the
        text as it came.
        """
        traits = self.traits()
        for trait in traits:
            for counts in (self.candidate, self.baseline, self.only_candidate, self.only_baseline):
                counts.setdefault(trait.key, 0)
            self._patterns.setdefault(trait.key, bytearray())
        for row in rows:
            self.pairs += 1
            item, raw = row.item, (row.baseline, row.candidate)
            seen = [display_text(text, self.show) for text in raw]
            for trait in traits:
                theirs, ours = (trait.has(text) for text in (seen if trait.is_visible else raw))
                self.candidate[trait.key] += ours
                self.baseline[trait.key] += theirs
                self.only_candidate[trait.key] += ours and not theirs
                self.only_baseline[trait.key] += theirs and not ours
                self._patterns[trait.key].append(1 + ours - theirs)
                if trait.leaks and (ours or theirs):
                    examples = self.examples.setdefault(trait.key, [])
                    if len(examples) < 5:
                        examples.append(item)
            yield row

    def distinct(self, traits: Iterable[Trait]) -> int:
        """How many of these traits set other pairs apart than those before them, or the same pairs
        the other way round: tests of the same pairs are one test."""
        turned = bytes.maketrans(bytes((0, 1, 2)), bytes((2, 1, 0)))
        patterns: set[bytes] = set()
        for trait in traits:
            pattern = bytes(self._patterns[trait.key])
            if pattern.translate(turned) not in patterns and pattern.strip(b"\x01"):
                patterns.add(pattern)
        return len(patterns)
