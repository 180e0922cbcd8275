"""What a campaign asks on its page: the part of the sealed plan that every page needs. Pure."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from reviews.errors import FormError

FLAGS = {
    "unsafe": "unsafe",
    "wrong-language": "wrong language",
    "broken-format": "broken format",
    "names-itself": "names itself",
}
"""What can be flagged in an answer → how the page says it."""

BLOCK, SPACING = 20, 10
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")

Rationale = Literal["off", "optional", "required"]
Side = Literal["left", "right", "answer"]


@dataclass(frozen=True, slots=True)
class Dimension:
    """One question of the rubric: a choice between the sides, or a rating low … high."""

    name: str
    question: str
    kind: Literal["choice", "rating"]
    low: int = 1
    high: int = 5

    @property
    def values(self) -> tuple[int, ...]:
        """The ratings that can be given; empty for a choice."""
        return tuple(range(self.low, self.high + 1)) if self.kind == "rating" else ()


@dataclass(frozen=True, slots=True)
class Form:
    """What is asked of a pair, or of a single answer where its dimensions are ratings.

    An empty `question` is the campaign's own. `repeats` is the share of turns dealt again with
    their sides swapped, at least `spacing` turns later; an answer can be undone within its
    `block` of turns; `guess` asks in the end which side was the tuned model.
    """

    question: str = ""
    steps: bool = False
    dimensions: tuple[Dimension, ...] = ()
    rationale: Rationale = "off"
    flags: tuple[str, ...] = ()
    repeats: float = 0.0
    block: int = BLOCK
    spacing: int = SPACING
    guess: bool = False

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "Form":
        """The form of a campaign's JSON; what it doesn't say is off or has its default.

        Raises FormError, which names the field, for one that it doesn't know or can't take.
        """
        if unknown := sorted(set(document) - set(cls.__dataclass_fields__)):
            raise FormError(unknown[0], "there is no such field")
        form = cls(
            question=_text(document.get("question", ""), "question"),
            steps=_switch(document, "steps"),
            dimensions=tuple(
                _dimension(given, f"dimensions[{i}]")
                for i, given in enumerate(_list(document, "dimensions"))
            ),
            rationale=_one_of(
                document.get("rationale", "off"), ("off", "optional", "required"), "rationale"
            ),
            flags=tuple(_one_of(flag, tuple(FLAGS), "flags") for flag in _list(document, "flags")),
            repeats=_share(document.get("repeats", 0.0), "repeats"),
            block=_whole(document.get("block", BLOCK), "block", least=1, most=1000),
            spacing=_whole(document.get("spacing", SPACING), "spacing", least=0, most=10_000),
            guess=_switch(document, "guess"),
        )
        form._check()
        return form

    @property
    def rates(self) -> bool:
        """Whether one answer is rated by itself, rather than two compared."""
        return any(dimension.kind == "rating" for dimension in self.dimensions)

    @property
    def sides(self) -> tuple[Side, ...]:
        """What flags are given of: keys of a judgment's `flags`."""
        return ("answer",) if self.rates else ("left", "right")

    @property
    def one_key(self) -> bool:
        """Whether a choice alone is a whole answer, so that it can be sent at once."""
        return not self.dimensions and self.rationale != "required"

    def as_json(self) -> dict[str, Any]:
        """The document with every field, which `of` takes back."""
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        dimensions = [
            {
                "name": each.name,
                "question": each.question,
                "kind": each.kind,
                **({"low": each.low, "high": each.high} if each.kind == "rating" else {}),
            }
            for each in self.dimensions
        ]
        return fields | {"dimensions": dimensions, "flags": list(self.flags)}

    def _check(self) -> None:
        names = [dimension.name for dimension in self.dimensions]
        if len(set(names)) < len(names):
            raise FormError("dimensions", "two have one name")
        if len(set(self.flags)) < len(self.flags):
            raise FormError("flags", "one is given twice")
        if self.rates and any(dimension.kind == "choice" for dimension in self.dimensions):
            raise FormError(
                "dimensions", "ratings are of one answer, choices of two: use either, not both"
            )
        if self.rates and self.steps:
            raise FormError("steps", "one answer can't be “much better”: ratings have no steps")
        if self.rates and self.guess:
            raise FormError("guess", "with one answer at a time there are no two to tell apart")


def _dimension(given: object, field: str) -> Dimension:
    if not isinstance(given, Mapping):
        raise FormError(field, "it has a name, a question and a kind")
    if unknown := sorted(set(given) - set(Dimension.__dataclass_fields__)):
        raise FormError(f"{field}.{unknown[0]}", "there is no such field")
    name = _text(given.get("name", ""), f"{field}.name")
    if not _NAME.fullmatch(name):
        raise FormError(f"{field}.name", "use small letters, digits, - and _, a letter first")
    question = _text(given.get("question", ""), f"{field}.question")
    if not question:
        raise FormError(f"{field}.question", "it is empty")
    kind = _one_of(given.get("kind", "choice"), ("choice", "rating"), f"{field}.kind")
    if kind == "choice":
        if "low" in given or "high" in given:
            raise FormError(field, "low and high belong to a rating")
        return Dimension(name, question, "choice")
    low = _whole(given.get("low", 1), f"{field}.low", least=0, most=8)
    high = _whole(given.get("high", 5), f"{field}.high", least=low + 1, most=9)
    return Dimension(name, question, "rating", low, high)


def _list(document: Mapping[str, Any], field: str) -> Sequence[object]:
    given = document.get(field, ())
    if not isinstance(given, list | tuple):
        raise FormError(field, "it is a list")
    return given


def _text(given: object, field: str) -> str:
    if not isinstance(given, str):
        raise FormError(field, "it is a text")
    return given.strip()


def _switch(document: Mapping[str, Any], field: str) -> bool:
    given = document.get(field, False)
    if not isinstance(given, bool):
        raise FormError(field, "it is true or false")
    return given


def _one_of(given: object, known: tuple[str, ...], field: str) -> Any:
    if given not in known:
        raise FormError(field, f"{given!r} isn't one of {', '.join(known)}")
    return given


def _whole(given: object, field: str, *, least: int, most: int) -> int:
    if not isinstance(given, int) or isinstance(given, bool) or not least <= given <= most:
        raise FormError(field, f"it is a whole number, {least} to {most}")
    return given


def _share(given: object, field: str) -> float:
    number = isinstance(given, int | float) and not isinstance(given, bool)
    if not number or not math.isfinite(given) or not 0 <= given <= 0.5:  # type: ignore[arg-type, operator]
        raise FormError(field, "it is a share of the turns, 0 to 0.5")
    return float(given)  # type: ignore[arg-type]
