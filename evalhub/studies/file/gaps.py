"""Gaps of a study file: texts that begin with UNFILLED. Pure."""

from collections.abc import Iterator
from typing import Any, NamedTuple

UNFILLED = "FILL IN: "
"""What a text starts with that somebody has still to say."""


class Gap(NamedTuple):
    """A field that is still to be filled in, and with what."""

    place: tuple[str | int, ...]
    text: str

    @property
    def field(self) -> str:
        """arms.few-shot.prompt.examples[0].input"""
        parts = [f"[{each}]" if isinstance(each, int) else f".{each}" for each in self.place]
        return "".join(parts).removeprefix(".")


def find_gaps(data: Any) -> list[Gap]:
    """The gaps in a study file's data, each text once, in the file's order."""
    by_text: dict[str, Gap] = {}
    for gap in _gaps(data, ()):
        by_text.setdefault(gap.text, gap)
    return list(by_text.values())


def first_gap(data: Any) -> Gap | None:
    """The first gap, with a sentence that names the others too."""
    gaps = find_gaps(data)
    if not gaps:
        return None
    first, *others = gaps
    more = f"; and so are {', '.join(each.field for each in others)}" if others else ""
    return first._replace(text=f"is still to be filled in: {first.text}{more}")


def _gaps(data: Any, at: tuple[str | int, ...]) -> Iterator[Gap]:
    if isinstance(data, dict):
        for name, value in data.items():
            yield from _gaps(value, (*at, name))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from _gaps(value, (*at, index))
    elif isinstance(data, str) and data.startswith(UNFILLED):
        yield Gap(at, data.removeprefix(UNFILLED))
