"""Fields of a study file that are still to be filled in: texts that begin with UNFILLED. Pure."""

from collections.abc import Iterator
from typing import Any, NamedTuple

UNFILLED = "FILL IN: "
"""What a text starts with that somebody has still to say."""


class Unfilled(NamedTuple):
    """A field that is still to be filled in, and with what."""

    place: tuple[str | int, ...]
    said: str

    @property
    def field(self) -> str:
        """arms.few-shot.prompt.examples[0].input"""
        parts = [f"[{each}]" if isinstance(each, int) else f".{each}" for each in self.place]
        return "".join(parts).removeprefix(".")


def unfilled(data: Any) -> list[Unfilled]:
    """What a study file's data leave to be filled in, each thing once, in the file's order."""
    found: dict[str, Unfilled] = {}
    for each in _unfilled(data, ()):
        found.setdefault(each.said, each)
    return list(found.values())


def first_unfilled(data: Any) -> Unfilled | None:
    """The first thing that is still to be filled in, in a sentence that names the others too."""
    found = unfilled(data)
    if not found:
        return None
    first, *others = found
    more = f"; and so are {', '.join(each.field for each in others)}" if others else ""
    return first._replace(said=f"is still to be filled in: {first.said}{more}")


def _unfilled(data: Any, at: tuple[str | int, ...]) -> Iterator[Unfilled]:
    if isinstance(data, dict):
        for name, each in data.items():
            yield from _unfilled(each, (*at, name))
    elif isinstance(data, list):
        for index, each in enumerate(data):
            yield from _unfilled(each, (*at, index))
    elif isinstance(data, str) and data.startswith(UNFILLED):
        yield Unfilled(at, data.removeprefix(UNFILLED))
