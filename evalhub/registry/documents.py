"""A file of documents becomes rows, for a retriever to find an item's context in."""

import hashlib
import json
from collections.abc import Iterator
from itertools import batched
from pathlib import Path

from django.db import transaction

from evalhub.accounts.models import Project
from evalhub.io.canonical import canonical_json
from evalhub.io.items import LABEL_LIMIT
from evalhub.io.rows import DataError, field, item_id, read_rows, wrong
from evalhub.registry.models import DocumentSet, DocumentText

MOST = 200_000
"""Documents of a file: each worker that retrieves holds their index in memory."""
_WRITTEN = 1_000


def import_documents(*, project: Project, path: Path) -> DocumentSet:
    """The documents that a file of rows {id, text} holds; the same content is found again.

    In one transaction, and in bounded memory but for the ids.

    Raises:
        evalhub.io.rows.DataError: what is wrong with the file, with its line and field.
    """
    sha256, count = hashlib.sha256(), 0
    for key, text in _documents(path):
        sha256.update(canonical_json([key, text]) + b"\n")
        count += 1
    with transaction.atomic():
        documents, created = DocumentSet.objects.get_or_create(
            project=project,
            digest=sha256.hexdigest(),
            defaults={"count": count, "source": path.name},
        )
        for batch in batched(enumerate(_documents(path)), _WRITTEN) if created else ():
            DocumentText.objects.bulk_create(
                DocumentText(documents=documents, position=position, key=key, text=text)
                for position, (key, text) in batch
            )
    return documents


def holds_documents(project: Project, name: str) -> bool:
    """Whether the project has the documents that a version of it names so: sha256:DIGEST."""
    digest = name.removeprefix("sha256:")
    return name != digest and DocumentSet.objects.filter(project=project, digest=digest).exists()


def document_lines(documents: DocumentSet) -> Iterator[str]:
    """The documents as the lines of JSONL that `import_documents` takes for the same."""
    rows = documents.rows.order_by("position").values_list("key", "text")
    for key, text in rows.iterator(chunk_size=_WRITTEN):
        yield json.dumps({"id": key, "text": text}, ensure_ascii=False) + "\n"


def _documents(path: Path) -> Iterator[tuple[str, str]]:
    lines: dict[str, int] = {}
    for row in read_rows(path):
        key, text = item_id(row), field(row, "text")
        if len(key) > LABEL_LIMIT:
            raise wrong(row, "id", f"longer than {LABEL_LIMIT} characters")
        if not isinstance(text, str) or not any(character.isalnum() for character in text):
            raise wrong(row, "text", "a document is text with a word in it")
        if (first := lines.setdefault(key, row.line)) != row.line:
            raise wrong(row, "id", f"'{key}' is the id on line {first} already; ids are unique")
        if len(lines) > MOST:
            raise DataError(
                f"more than {MOST:,} documents: a retriever of that size is a server of its own",
                file=str(path),
                line=row.line,
            )
        yield key, text
