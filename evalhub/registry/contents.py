"""Items of the database as the content that they are known by."""

import hashlib
from collections.abc import Iterable

from evalhub.files.items import ItemContent, version_line
from evalhub.registry.models import Item


def content_digest(items: Iterable[Item]) -> str:
    """The digest that a version of these items has, in their order: SHA-256, hexadecimal."""
    sha256 = hashlib.sha256()
    for item in items:
        content = ItemContent(
            key=item.key,
            input=item.input,
            references=item.references,
            context=item.context,
            tags=item.tags,
            cluster=item.cluster,
            metadata=item.metadata,
        )
        sha256.update(version_line(content.asked(), content.labels()))
    return sha256.hexdigest()
