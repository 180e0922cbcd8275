"""Which lines data-juicer's operators name: run in the peers' environment, as a program of its own.

python with_data_juicer.py FOLDER OUT reads texts.json (question, answer, whole by row) and
items.json (the test set's questions), and writes {fault: [line, …]}.
All settings are its own: five-word shingles and a Jaccard similarity of 0.7 for near-copies. It has
no check against a test set; its deduplicators see the items before the questions of the rows, and
what they drop then, and don't without the items, is a leak. Its language filter fetches a model
while it runs, so that it isn't run.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any


def main() -> None:
    folder, out = map(Path, sys.argv[1:])
    rows = json.loads((folder / "texts.json").read_text(encoding="utf-8"))
    items = json.loads((folder / "items.json").read_text(encoding="utf-8"))
    lines = named_lines(rows, items)
    # it leaves processes behind, which would hold the program open
    out.write_text(json.dumps(lines))
    sys.stdout.flush()
    os._exit(0)


def named_lines(rows: list[dict[str, str]], items: list[str]) -> dict[str, list[int]]:
    from data_juicer.ops.deduplicator.document_deduplicator import DocumentDeduplicator
    from data_juicer.ops.deduplicator.document_minhash_deduplicator import (
        DocumentMinhashDeduplicator,
    )
    from data_juicer.ops.filter.text_length_filter import TextLengthFilter
    from data_juicer.ops.mapper.pii_redaction_mapper import PiiRedactionMapper

    whole = [row["whole"] for row in rows]
    questions = [row["question"] for row in rows]
    leaks: set[int] = set()
    for make in (DocumentDeduplicator, DocumentMinhashDeduplicator):
        beside = {place - len(items) for place in dropped(make(), [*items, *questions])}
        leaks |= beside - {*dropped(make(), questions)}
    redact = PiiRedactionMapper()
    redacted = [i for i, text in enumerate(whole, 1) if redact._redact_text(text) != text]
    length = TextLengthFilter(min_len=1)
    return {
        "exact copy": dropped(DocumentDeduplicator(), whole),
        "near-copy": dropped(DocumentMinhashDeduplicator(), whole),
        "leak": sorted(line for line in leaks if line > 0),
        "personal data": redacted,
        "secret": redacted,
        "wrong layout": dropped(length, [row["answer"].strip() for row in rows]),
    }


def dropped(operator: Any, texts: list[str]) -> list[int]:
    """Places, from 1, of the texts that an operator leaves out."""
    from data_juicer.core.data import NestedDataset

    table = {"text": texts, "place": [*range(1, len(texts) + 1)]}
    left = NestedDataset.from_dict(table).process([operator])
    return sorted({*table["place"]} - {*left["place"]})


if __name__ == "__main__":
    main()
