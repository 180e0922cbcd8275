"""A training file, or a file of fingerprints in place of one that can't be shared.

`evalhub.fingerprint/1` is JSON lines: a header, each row's texts as hashes, and a last line that
counts them. No database, no Django.
"""

import base64
import json
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import batched, chain
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np
from numpy.typing import NDArray

from evalhub.io.rows import DataError, Row, field, read_rows, wrong
from evalhub.ledger.leakage.fingerprints import (
    FEWEST_WORDS,
    NGRAM,
    PERMUTATIONS,
    PLAIN,
    SEED,
    SHINGLE,
    SHORT_NGRAM,
    Prints,
    fingerprint,
    is_brief,
    texts_of,
    words_of,
)

SCHEMA = "evalhub.fingerprint/1"
_BATCH_ROWS = 200
_BATCH_CHARACTERS = 500_000

type Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class TrainingBatch:
    """Fingerprints of the texts of some rows, those of three words or more.

    `lines` (texts,) says where each stands first among these rows. `brief` are the lines and all
    texts of the rows that hold a shorter text; of a file of fingerprints nobody knows them.
    """

    rows: int
    lines: NDArray[np.int64]
    prints: Prints
    brief: Sequence[tuple[int, Sequence[str]]] = ()


@dataclass(frozen=True, slots=True)
class Training:
    """A training file, or its fingerprints: `read` is "data" or "hashes". The batches come once,
    in bounded memory."""

    read: Literal["data", "hashes"]
    salt: bytes
    batches: Iterator[TrainingBatch]


def read_training(path: Path) -> Training:
    """A training file (JSONL, CSV, Parquet) or a file that write_fingerprints made of one.

    Raises DataError here and while the batches are read: what read_rows raises, a file without
    any text, a fingerprint file that is damaged, cut short or of another version.
    """
    rows = read_rows(path)
    first = next(rows)
    if str(first.values.get("schema", "")).startswith("evalhub.fingerprint/"):
        return Training("hashes", _salt(first), _from_hashes(rows, str(path)))
    return Training("data", PLAIN, _from_data(first, rows, str(path)))


def training_of(first: Row, rest: Iterable[Row], file: str) -> Training:
    """Training data from rows that are in no file; errors call them `file`."""
    return Training("data", PLAIN, _from_data(first, rest, file))


def write_fingerprints(
    path: Path, to: IO[str], *, salted: bool = True, progress: Progress | None = None
) -> tuple[int, int]:
    """Writes the fingerprints of a training file's texts as JSON lines; their numbers of rows
    and texts.

    A random salt makes the hashes of two files incomparable; without it the same data are the
    same file. Texts of fewer than three words are left out. Raises DataError as read_training.
    """
    salt = secrets.token_bytes(16) if salted else PLAIN
    source = read_rows(path)
    first = next(source)
    to.write(_line(_header(salt)))
    rows = texts = 0
    for batch in _from_data(first, source, str(path), salt):
        rows += batch.rows
        for line, entries in _entries(batch).items():
            to.write(_line({"line": line, "texts": entries}))
            texts += len(entries)
        if progress and batch.lines.size:
            progress(int(batch.lines[-1]))
    to.write(_line({"end": True, "rows": rows, "texts": texts}))
    return rows, texts


def _algorithm() -> int:
    from rensa import RMinHash

    return int(RMinHash.ALGORITHM_VERSION)


class RowBatches:
    """Training rows gathered into batches, smaller ones where texts are long."""

    def __init__(self, salt: bytes = PLAIN) -> None:
        self._salt = salt
        self._rows: list[tuple[int, list[str]]] = []
        self._seen: set[str] = set()
        self._size = 0

    def add(self, line: int, texts: list[str]) -> TrainingBatch | None:
        """Adds a row's texts. A batch, once it is full."""
        self._rows.append((line, texts))
        new = {*texts} - self._seen
        self._size += sum(len(text) for text in new)
        self._seen |= new
        full = len(self._rows) == _BATCH_ROWS or self._size >= _BATCH_CHARACTERS
        return self.take() if full else None

    def take(self) -> TrainingBatch | None:
        """The rows that were added since the last batch; None: there are none."""
        rows = self._rows
        self._rows, self._seen, self._size = [], set(), 0
        return _batch(rows, self._salt) if rows else None


def _batch(rows: Sequence[tuple[int, list[str]]], salt: bytes) -> TrainingBatch:
    lines: dict[str, int] = {}
    for line, row_texts in rows:
        for text in row_texts:
            lines.setdefault(text, line)
    texts = [text for text in lines if len(words_of(text)) >= FEWEST_WORDS]
    short = {text for text in lines if is_brief(text)}
    at = np.array([lines[text] for text in texts], np.int64)
    brief = [row for row in rows if not short.isdisjoint(row[1])]
    return TrainingBatch(len(rows), at, fingerprint(texts, salt), brief)


def _from_data(
    first: Row, rest: Iterable[Row], file: str, salt: bytes = PLAIN
) -> Iterator[TrainingBatch]:
    any_text = False
    batches = RowBatches(salt)
    for row in chain([first], rest):
        texts = list(texts_of(row.values))
        any_text = any_text or bool(texts)
        if (batch := batches.add(row.line, texts)) is not None:
            yield batch
    if (last := batches.take()) is not None:
        yield last
    if not any_text:
        raise DataError("no field of any row holds a text", file=file)


def _header(salt: bytes) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "salt": salt.hex(),
        "ngrams": [SHORT_NGRAM, NGRAM],
        "shingle": SHINGLE,
        "permutations": PERMUTATIONS,
        "minhash": f"rensa R-MinHash {_algorithm()}, seed {SEED}, 16 bits",
    }


def _entries(batch: TrainingBatch) -> dict[int, list[dict[str, str]]]:
    """By line, the entry that is written for each row."""
    prints = batch.prints
    bounds = {
        n: np.searchsorted(prints.owners[n], np.arange(len(prints.exact) + 1))
        for n in (SHORT_NGRAM, NGRAM)
    }
    entries: dict[int, list[dict[str, str]]] = {}
    for text, line in enumerate(batch.lines.tolist()):
        grams = {
            f"grams{n}": _base64(
                np.unique(prints.grams[n][bounds[n][text] : bounds[n][text + 1]]).astype("<u8")
            )
            for n in (SHORT_NGRAM, NGRAM)
        }
        entries.setdefault(line, []).append(
            {
                "exact": base64.b64encode(prints.exact[text]).decode(),
                **{name: text for name, text in grams.items() if text},
                "minhash": _base64(prints.signatures[text].astype("<u2")),
            }
        )
    return entries


def _base64(array: NDArray[Any]) -> str:
    return base64.b64encode(array.tobytes()).decode()


def _line(value: dict[str, Any]) -> str:
    return json.dumps(value, separators=(",", ":")) + "\n"


def _salt(header: Row) -> bytes:
    wanted = _header(PLAIN)
    for name, expected in wanted.items():
        if name != "salt" and header.values.get(name) != expected:
            raise wrong(
                header,
                name,
                f"{json.dumps(header.values.get(name))} where {json.dumps(expected)} is read; "
                "make the fingerprints again with this version of Evalhub",
            )
    try:
        salt = bytes.fromhex(header.values.get("salt"))  # type: ignore[arg-type]
    except (TypeError, ValueError):
        salt = None
    if salt is None or len(salt) > 16:
        raise wrong(header, "salt", "a salt is up to 32 hexadecimal digits")
    return salt


def _from_hashes(rows: Iterator[Row], file: str) -> Iterator[TrainingBatch]:
    seen = texts = 0
    end: Row | None = None
    for batch in batched(rows, _BATCH_ROWS):
        content = []
        for row in batch:
            if end is not None:
                raise wrong(row, "line", "follows the line that ends the file")
            if row.values.get("end") is True:
                end = row
            else:
                content.append(row)
        part = _read_batch(content)
        texts += part.lines.size
        seen += part.rows
        if end is None:
            yield part
    if end is None:
        raise DataError("cut short: the line that ends the file is missing", file=file)
    if end.values.get("texts") != texts:
        raise wrong(end, "texts", f"{texts} texts were read, and this is another number")
    total = end.values.get("rows")
    if not isinstance(total, int) or total < seen:
        raise wrong(end, "rows", f"{seen} rows were read, and this is fewer")
    yield TrainingBatch(total - seen + part.rows, part.lines, part.prints)


def _read_batch(rows: Sequence[Row]) -> TrainingBatch:
    lines: list[int] = []
    exact: list[bytes] = []
    signatures: list[bytes] = []
    grams: dict[int, list[bytes]] = {SHORT_NGRAM: [], NGRAM: []}
    for row in rows:
        line, entries = field(row, "line"), field(row, "texts")
        if not isinstance(line, int) or not isinstance(entries, list):
            raise wrong(row, "texts", "a line is {line, texts}")
        for index, entry in enumerate(entries):
            at = f"texts[{index}]"
            lines.append(line)
            exact.append(_bytes(row, at, entry, "exact", 16, 16))
            signatures.append(_bytes(row, at, entry, "minhash", 2, 2 * PERMUTATIONS))
            for n, parts in grams.items():
                parts.append(_bytes(row, at, entry, f"grams{n}", 8, None))
    count = len(exact)
    return TrainingBatch(
        rows=len(rows),
        lines=np.array(lines, np.int64),
        prints=Prints(
            words=np.zeros(count, np.int64),
            exact=exact,
            grams={n: np.frombuffer(b"".join(parts), "<u8") for n, parts in grams.items()},
            owners={
                n: np.repeat(np.arange(count), [len(part) // 8 for part in parts])
                for n, parts in grams.items()
            },
            signatures=np.frombuffer(b"".join(signatures), "<u2").reshape(count, PERMUTATIONS),
        ),
    )


def _bytes(row: Row, at: str, entry: Any, name: str, unit: int, size: int | None) -> bytes:
    """The bytes of a base64 field; without a required size, the field may be absent."""
    text = entry.get(name, "" if size is None else None) if isinstance(entry, dict) else None
    try:
        value = base64.b64decode(str(text), validate=True)
    except ValueError as error:
        raise wrong(row, f"{at}.{name}", "base64 was expected") from error
    if len(value) % unit or (size is not None and len(value) != size):
        raise wrong(row, f"{at}.{name}", f"{len(value)} bytes are not what stands here")
    return value
