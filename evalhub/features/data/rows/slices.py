"""The slices of a row: of a training file's, or of the file that it is compared with. Pure.

A row says its slices by fields of their names, as `route` or `topic`, or by tags, as items of a
test set do: `route:billing`. What a row doesn't say isn't guessed.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from evalhub.declare.slice_shares import SharedKind

FIELDS = ("language", "route", "topic", "category", "intent", "slice")
"""Fields whose value is a slice of their name."""
TAG_FIELDS = ("tags", "tag")
LONGEST = 100
"""Characters of a slice's value; a longer one is a text and no slice."""


def slices_of_fields(fields: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """By kind, the values that a row's fields say; kinds of which they say nothing are left out."""
    slices: dict[str, list[str]] = {}
    for kind in FIELDS:
        for value in _labels(fields.get(kind)):
            slices.setdefault(kind, []).append(value)
    for name in TAG_FIELDS:
        for tag in _labels(fields.get(name)):
            kind, _, value = tag.partition(":")
            known = bool(value) and kind in (*FIELDS, SharedKind.TAG)
            slices.setdefault(kind if known else SharedKind.TAG.value, []).append(
                value if known else tag
            )
    return {kind: tuple(dict.fromkeys(values)) for kind, values in slices.items()}


def _labels(value: Any) -> Iterable[str]:
    """The texts of a field that are labels: it may be one or a list of them."""
    for each in value if isinstance(value, list | tuple) else (value,):
        if isinstance(each, int) and not isinstance(each, bool):
            yield str(each)
        elif isinstance(each, str) and 0 < len(each.strip()) <= LONGEST:
            yield each.strip()
