"""Held texts: items of which a model says how likely their text is, and answers nothing. Pure but
for the reading.

Such an item is its text as `input`, and an empty list of choices: what is judged is the input
itself. `pieces` cuts long documents into items.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from evalhub.io.rows import DataError, Row, field, read_rows, wrong

type Item = dict[str, str]

NO_CHOICES: list[str] = []
"""The `choices` of an item whose own text is judged."""
LEAST_BYTES, USUAL_BYTES, MOST_BYTES = 100, 2_000, 100_000
"""Of an item's text at most: the range, and what is usual, about 500 tokens of English."""
LONGEST_NAME = 180
"""Characters of a document's name; its items' ids have a number behind it."""
PLAIN = (".txt", ".md")
"""Files that are one document each."""

# From the best place to end a piece to the worst: after a blank line, after a line, before the
# space that follows a sentence's end, before any white space.
_ENDS = (
    re.compile(r"\n[^\S\n]*\n+"),
    re.compile(r"\n"),
    re.compile(r"(?<=[.!?…。！？])(?=\s)"),
    re.compile(r"(?=\s)"),
)


def is_held_text(choices: Sequence[Any] | None) -> bool:
    """Whether an item with these choices is a text to be judged itself."""
    return choices is not None and not choices


def text_of(row: Row, name: str) -> str:
    """The text in a field of a row. Raises DataError for what is no text, or is blank."""
    value = field(row, name)
    if not isinstance(value, str) or not value.strip():
        raise wrong(row, name, "a text to be scored is a text that isn't blank")
    return value


def pieces(text: str, most_bytes: int) -> Iterator[str]:
    """The text in pieces of at most so many UTF-8 bytes, in their order.

    A piece ends, in the second half of what fits, after the last blank line; where there is none,
    after the last line; else before the white space after the last sentence; else before the last
    white space; else between two characters. Joined, the pieces are the text: nothing is left out
    but pieces of white space alone.
    """
    start = 0
    while start < len(text):
        end = _end(text, start, most_bytes)
        if text[start:end].strip():
            yield text[start:end]
        start = end


@dataclass(frozen=True, slots=True)
class HeldDocument:
    """A document of general text, by the name that its items are clustered by."""

    name: str
    text: str
    file: str
    line: int | None = None


def read_documents(paths: Iterable[Path], *, text: str, name: str) -> Iterator[HeldDocument]:
    """The documents of files: a .txt or .md file is one, by its file's name; of any other each row
    is one, by the field `name`, or by its file and line where a row has none.

    Raises DataError, while reading: as `read_rows`, for a blank document, for a second one of the
    same name or with the same text, and for a name that is too long.
    """
    names: dict[str, HeldDocument] = {}
    texts: dict[str, HeldDocument] = {}
    for document in _documents(paths, text, name):
        file, line = document.file, document.line
        if len(document.name) > LONGEST_NAME:
            raise DataError(
                f"the document's name has {len(document.name)} characters: at most "
                f"{LONGEST_NAME} are kept",
                file=file,
                line=line,
            )
        first = names.setdefault(document.name, document)
        if first is not document:
            raise DataError(
                f"{_place(first)} has a document {document.name!r} already", file=file, line=line
            )
        digest = hashlib.sha256(document.text.encode()).hexdigest()
        first = texts.setdefault(digest, document)
        if first is not document:
            message = f"holds the same text as {_place(first)}: leave one out"
            raise DataError(message, file=file, line=line)
        yield document


def held_items(document: HeldDocument, most_bytes: int, most_pieces: int | None) -> Iterator[Item]:
    """The document's items, as rows of a test set: {id, text, cluster}."""
    for number, piece in enumerate(islice(pieces(document.text, most_bytes), most_pieces), 1):
        yield {"id": f"{document.name}#{number}", "text": piece, "cluster": document.name}


def _documents(paths: Iterable[Path], text: str, name: str) -> Iterator[HeldDocument]:
    for path in paths:
        if path.suffix.lower() in PLAIN:
            yield HeldDocument(path.name, _plain(path), str(path))
            continue
        for row in read_rows(path):
            label = row.values.get(name)
            label = f"{path.name}:{row.line}" if label in (None, "") else str(label)
            yield HeldDocument(label, text_of(row, text), str(path), row.line)


def _plain(path: Path) -> str:
    try:
        text = path.read_bytes().decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise DataError(f"is not UTF-8 at byte {error.start}", file=str(path)) from error
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror or error}", file=str(path)) from error
    if not text.strip():
        raise DataError("is blank; a document is a text", file=str(path))
    if "\0" in text:
        raise DataError("holds a NUL character, which no database keeps", file=str(path))
    return text


def _place(document: HeldDocument) -> str:
    return document.file if document.line is None else f"{document.file} line {document.line}"


def _end(text: str, start: int, most_bytes: int) -> int:
    """Where the piece that begins at `start` ends."""
    fits = text[start : start + most_bytes].encode()[:most_bytes].decode(errors="ignore")
    if start + len(fits) == len(text):
        return len(text)
    half = max(1, len(fits) // 2)
    for place in _ENDS:
        ends = [match.end() for match in place.finditer(fits) if match.end() >= half]
        if ends:
            return start + ends[-1]
    return start + max(1, len(fits))
