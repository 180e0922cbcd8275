"""A version's items as rows of a file that makes the same version again."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from evalhub.registry.contents import CHUNK
from evalhub.registry.models import Item, TestSetVersion


class ItemRowsError(ValueError):
    """Items of which no file can be written; the message says why."""


@dataclass(frozen=True, slots=True)
class ItemRows:
    """A version's items as a file.

    Attributes:
        fields: by FieldMapping's names, what the rows call them; all are named.
    """

    version: TestSetVersion
    fields: dict[str, str]

    def lines(self) -> Iterator[str]:
        """The items in their order, as lines of JSONL. One query for each CHUNK of them."""
        for item in self.version.items.order_by("position").iterator(chunk_size=CHUNK):
            yield json.dumps(self._row(item), ensure_ascii=False) + "\n"

    def _row(self, item: Item) -> dict[str, Any]:
        row: dict[str, Any] = {
            "id": item.key,
            "input": item.input,
            "text": item.input,
            "reference": item.references,
            "context": item.context,
            "tags": item.tags,
            "cluster": item.cluster,
            "choices": item.choices,
            "tools": item.tools,
            "relevant": item.relevant,
            "answerable": item.answerable,
            "weight": item.weight,
        }
        renamed = {self.fields[name]: row[name] for name in self.fields}
        return {**renamed, **item.metadata}


def item_rows(version: TestSetVersion) -> ItemRows:
    """The rows of a version, whose import gives a version of the same digest.

    Raises ItemRowsError where a text was redacted, a harness asks the items, or only some of them
    are held texts.
    """
    if version.engine is not None:
        raise ItemRowsError(f"{version} is a task of a harness, which asks its items itself")
    if bare := version.items.filter(redacted__isnull=False).first():
        raise ItemRowsError(f"{version}: the text of item '{bare.key}' was redacted")
    names = ["id", "input", "reference", "context", "tags", "cluster"]
    if texts := version.items.filter(choices=[]).exists():
        if version.items.exclude(choices=[]).exists():
            raise ItemRowsError(f"{version} has texts to be scored and questions to be answered")
        names[1] = "text"
    optional = ("tools", "relevant", "weight")
    for name in optional if texts else ("choices", *optional):
        if version.items.filter(**{f"{name}__isnull": False}).exists():
            names.append(name)
    if version.items.filter(answerable=False).exists():
        names.append("answerable")
    reserved: set[str] = set()
    for metadata in version.items.order_by().values_list("metadata", flat=True).iterator(CHUNK):
        reserved.update(metadata)
    return ItemRows(version, {name: _free(name, reserved) for name in names})


def _free(name: str, reserved: set[str]) -> str:
    """A name that no metadata field has."""
    while name in reserved:
        name = f"{name}_"
    return name
