"""Two versions' prompts side by side: the texts with what differs marked, the examples in pairs."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from evalhub.declare.declaration import default_of
from evalhub.declare.prompt import Prompt, PromptExample
from evalhub.frames.page.properties import backend_properties, properties
from evalhub.io.word_diff import Piece, word_diff
from evalhub.registry.models import ModelVersion
from evalhub.report.flips import HEAD

PLAIN: str = default_of(Prompt, "template")
COMPARED = 40_000
"""Word comparisons of one text, so that a prompt with many examples stays quick."""


@dataclass(frozen=True, slots=True)
class TextBeside:
    """One part of both prompts, with the words marked that only one of them has."""

    label: str
    left: Sequence[Piece]
    right: Sequence[Piece]
    same: bool

    @property
    def long(self) -> bool:
        """Whether it gets a scrolling box of its own."""
        lengths = (sum(len(piece.text) for piece in side) for side in (self.left, self.right))
        return max(lengths) > HEAD


@dataclass(frozen=True, slots=True)
class ExampleBeside:
    """The n-th example of both prompts; no part of the one that has fewer."""

    number: int
    parts: Sequence[TextBeside]

    @property
    def same(self) -> bool:
        return all(part.same for part in self.parts)


@dataclass(frozen=True, slots=True)
class PromptsBeside:
    """`texts` and `examples` of both prompts; `settings` that differ, as name, left and right."""

    texts: Sequence[TextBeside]
    examples: Sequence[ExampleBeside]
    settings: Sequence[tuple[str, str, str]]

    @property
    def empty(self) -> bool:
        """Whether neither has a prompt, and nothing else differs."""
        return not (self.texts or self.examples or self.settings)

    @property
    def same(self) -> bool:
        return all(text.same for text in self.texts) and not self.different_examples

    @property
    def different_examples(self) -> Sequence[ExampleBeside]:
        return [example for example in self.examples if not example.same]


def prompts_beside(left: ModelVersion, right: ModelVersion) -> PromptsBeside:
    """Both versions' prompts part by part. Parts that neither has are left out."""
    texts = [
        _text("System message", left.prompt.system, right.prompt.system),
        _text("Around each item", _template(left.prompt), _template(right.prompt)),
    ]
    pairs = zip_longest(left.prompt.examples, right.prompt.examples)
    return PromptsBeside(
        texts=[text for text in texts if text.left or text.right],
        examples=[_example(n, *pair) for n, pair in enumerate(pairs, start=1)],
        settings=_settings(left, right),
    )


def _template(prompt: Prompt) -> str:
    return "" if prompt.template == PLAIN else prompt.template


def _example(number: int, left: PromptExample | None, right: PromptExample | None) -> ExampleBeside:
    names = {"Context": "context", "Asked": "input", "Answered": "output"}
    parts = [
        _text(label, *(getattr(each, name, None) or "" for each in (left, right)))
        for label, name in names.items()
    ]
    return ExampleBeside(number, [part for part in parts if part.left or part.right])


def _text(label: str, left: str, right: str) -> TextBeside:
    one, other, _ = word_diff(left, right, most=COMPARED)
    return TextBeside(label, one, other, left == right)


def _settings(left: ModelVersion, right: ModelVersion) -> list[tuple[str, str, str]]:
    """Who answers and how it is sampled, where that differs."""
    values = [
        {each.name: each.text for each in backend_properties(version.backend)}
        | {each.name: each.text for each in properties(version.sampling.as_json())}
        for version in (left, right)
    ]
    names = dict.fromkeys([*values[0], *values[1]])
    rows = [(name, values[0].get(name, ""), values[1].get(name, "")) for name in names]
    return [row for row in rows if row[1] != row[2]]
