"""Text from a grammar: rules with alternatives, slots, and typing errors.

A rule stands in a text file as `name:` and one alternative a line, indented by two spaces. In an
alternative `{name}` is another rule (or a maker, a function of the random numbers), `{name#1}` is
chosen once a text, `[a|b|]` one of these, and `\n` a new line.
"""

import re
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from math import exp
from pathlib import Path
from random import Random

type Maker = Callable[[Random], str]
FOLDER = Path(__file__).parent / "grammars"
_SLOT = re.compile(r"\{(\w+)(#\w+)?\}")
_CHOICE = re.compile(r"\[([^\[\]]*\|[^\[\]]*)\]")
_NEAR_KEYS = {
    "a": "sq",
    "e": "wr",
    "i": "uo",
    "n": "bm",
    "o": "ip",
    "r": "et",
    "s": "ad",
    "t": "ry",
}


class Grammar:
    """Rules by name, with makers beside them.

    Raises KeyError for a slot without a rule or a maker.
    """

    def __init__(self, rules: Mapping[str, Sequence[str]], makers: Mapping[str, Maker]) -> None:
        self.rules = rules
        self.makers = makers

    @classmethod
    def read(cls, name: str, makers: Mapping[str, Maker]) -> "Grammar":
        """The grammar in grammars/NAME.txt."""
        rules: dict[str, list[str]] = {}
        alternatives: list[str] = []
        for line in (FOLDER / f"{name}.txt").read_text(encoding="utf-8").splitlines():
            if line.startswith("  "):
                alternatives.append(line[2:].replace(r"\n", "\n"))
            elif line.endswith(":"):
                alternatives = rules.setdefault(line[:-1], [])
        return cls(rules, makers)

    def write(self, rng: Random, rule: str, chosen: MutableMapping[str, str] | None = None) -> str:
        """A text by this rule. `chosen` holds the slots that are chosen once, as "name#1"."""
        slots = {} if chosen is None else chosen
        return self.fill(rng, rng.choice(self.rules[rule]), slots)

    def fill(self, rng: Random, text: str, chosen: MutableMapping[str, str]) -> str:
        """A text with its choices made and its slots filled."""
        while match := _CHOICE.search(text):
            picked = rng.choice(match.group(1).split("|"))
            text = text[: match.start()] + picked + text[match.end() :]

        def filled(match: re.Match[str]) -> str:
            name, number = match.group(1), match.group(2)
            if number and name + number in chosen:
                return chosen[name + number]
            maker = self.makers.get(name)
            value = maker(rng) if maker else self.write(rng, name, chosen)
            if number:
                chosen[name + number] = value
            return value

        return _SLOT.sub(filled, text)

    def several(
        self, rng: Random, rule: str, count: int, chosen: MutableMapping[str, str]
    ) -> list[str]:
        """So many texts by different alternatives of the rule, all of them where it has fewer."""
        alternatives = self.rules[rule]
        picked = rng.sample(alternatives, min(count, len(alternatives)))
        return [self.fill(rng, text, chosen) for text in picked]


def lognormal_count(rng: Random, median: float, sigma: float, most: int) -> int:
    """How many sentences, from 0: lognormal as lengths of messages are."""
    return min(most, int(exp(rng.gauss(0, sigma)) * median))


def with_typing_errors(rng: Random, text: str, rate: float) -> str:
    """The text with about `rate` errors a letter: dropped, doubled, swapped or a key beside."""
    letters = list(text)
    for i in range(1, len(letters) - 1):
        letter = letters[i]
        if not letter.isalpha() or rng.random() >= rate:
            continue
        kind = rng.randrange(4)
        if kind == 0:
            letters[i] = ""
        elif kind == 1:
            letters[i] = letter * 2
        elif kind == 2 and letters[i + 1].isalpha():
            letters[i], letters[i + 1] = letters[i + 1], letter
        elif letter in _NEAR_KEYS:
            letters[i] = rng.choice(_NEAR_KEYS[letter])
    return "".join(letters)


def sentence(text: str) -> str:
    """The text with a capital letter in front."""
    return text[:1].upper() + text[1:]
