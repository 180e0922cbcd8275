"""How much work a request causes: rows and bytes, estimated cheaply."""

import gzip
import re
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

HEAVY_ROWS = 5_000
HEAVY_BYTES = 500_000
UPLOAD_NAME = re.compile("sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Weight:
    """Rows and bytes that a request concerns, at least; counting stops once it is heavy."""

    rows: int = 0
    bytes: int = 0

    def __add__(self, other: "Weight") -> "Weight":
        return Weight(self.rows + other.rows, self.bytes + other.bytes)

    @property
    def is_heavy(self) -> bool:
        """Whether a process of its own works on it."""
        return self.rows > HEAVY_ROWS or self.bytes > HEAVY_BYTES


def weight_of_uploads(text: str, uploads: Mapping[str, Path]) -> Weight:
    """The weight of all uploads that a text names by their digests."""
    total = Weight()
    for name in sorted(set(UPLOAD_NAME.findall(text))):
        if name in uploads and not total.is_heavy:
            total += weight_of_file(uploads[name])
    return total


def weight_of_file(path: Path) -> Weight:
    """Rows and bytes of a file, unpacked."""
    with path.open("rb") as file:
        return weight_of(file, path.stat().st_size)


def weight_of(file: IO[bytes], size: int) -> Weight:
    """Rows and bytes of what an open file of `size` bytes holds, unpacked. A damaged one weighs
    what lies there: its reader says what is wrong with it. It is left at its beginning."""
    if size > HEAVY_BYTES:
        return Weight(bytes=size)
    begin = file.read(4)
    file.seek(0)
    try:
        if begin == b"PAR1":
            return _of_parquet(file)
        if begin == b"PK\x03\x04":
            with zipfile.ZipFile(file) as archive:
                return Weight(bytes=sum(member.file_size for member in archive.infolist()))
        if begin[:2] == b"\x1f\x8b":
            with gzip.open(file) as unpacked:
                return _of_text(unpacked.read(HEAVY_BYTES + 1))
        return _of_text(file.read())
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, ValueError):
        return Weight(bytes=size)
    finally:
        file.seek(0)


def _of_text(content: bytes) -> Weight:
    return Weight(rows=content.count(b"\n"), bytes=len(content))


def _of_parquet(file: IO[bytes]) -> Weight:
    from pyarrow import parquet

    metadata = parquet.read_metadata(file)
    groups = (metadata.row_group(number) for number in range(metadata.num_row_groups))
    return Weight(rows=metadata.num_rows, bytes=sum(group.total_byte_size for group in groups))
