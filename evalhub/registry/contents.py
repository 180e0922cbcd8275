"""Items and answers of the database as the content that they are known by."""

import hashlib
from collections.abc import Iterable
from typing import Any, Protocol

from evalhub.io.identity import answers_digest
from evalhub.io.items import ItemContent, version_line
from evalhub.registry.models import Item, Output, Run, TestSetVersion

CHUNK = 5000


class HasItemFields(Protocol):
    """A row with an item's fields: of a version, or of a working set."""

    key: Any
    input: Any
    references: Any
    context: Any
    choices: Any
    tools: Any
    relevant: Any
    answerable: Any
    tags: Any
    cluster: Any
    metadata: Any
    weight: Any


def content_of(row: HasItemFields) -> ItemContent:
    """What a row says, as a value."""
    return ItemContent(
        key=row.key,
        input=row.input,
        references=row.references,
        context=row.context,
        tags=row.tags,
        cluster=row.cluster,
        metadata=row.metadata,
        choices=row.choices,
        tools=row.tools,
        relevant=row.relevant,
        answerable=row.answerable,
        weight=row.weight,
    )


def content_digest(items: Iterable[Item]) -> str:
    """The digest that a version of these items has, in their order: SHA-256, hexadecimal."""
    sha256 = hashlib.sha256()
    for item in items:
        content = content_of(item)
        sha256.update(version_line(content.input_bytes(), content.labels()))
    return sha256.hexdigest()


def items_as_they_are(version: TestSetVersion) -> str:
    """The digest of a version's rows, computed from the rows instead of read."""
    return content_digest(version.items.order_by("position").iterator(chunk_size=CHUNK))


def answers_as_they_are(run: Run) -> str:
    """The digest of a run's answers, computed from the rows instead of read."""
    rows = Output.objects.filter(run=run).order_by()
    columns = "item__key", "sample", "text", "error", "tool_calls"
    return answers_digest(rows.values_list(*columns).iterator(chunk_size=CHUNK))
