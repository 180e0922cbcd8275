"""Training files as people have them, written for the tests."""

import gzip
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

Chat = dict[str, Any]


def chat(prompt: str, answer: str, system: str = "", **fields: Any) -> Chat:
    """A row of OpenAI's layout."""
    first = [{"role": "system", "content": system}] if system else []
    turns = [{"role": "user", "content": prompt}, {"role": "assistant", "content": answer}]
    return {"messages": [*first, *turns], **fields}


def write_jsonl(path: Path, rows: Sequence[Mapping[str, Any] | str]) -> Path:
    """Writes rows, and texts as the lines they are; gzipped where the name says so."""
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    content = ("\n".join(lines) + "\n").encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path
