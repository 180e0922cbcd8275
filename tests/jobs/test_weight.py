"""What is heavy: by rows, by bytes, and by what a packed file holds once it is unpacked."""

import gzip
import json
import zipfile
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from evalhub.jobs.weight import (
    HEAVY_BYTES,
    HEAVY_ROWS,
    Weight,
    weight_of_file,
    weight_of_uploads,
)


def lines(count: int, length: int = 0) -> bytes:
    return b"".join(json.dumps({"id": n, "x": "x" * length}).encode() + b"\n" for n in range(count))


def kept(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def test_the_limits_are_those_that_the_documents_say() -> None:
    assert (HEAVY_ROWS, HEAVY_BYTES) == (5_000, 500_000)
    assert not Weight(5_000, 500_000).is_heavy
    assert Weight(5_001, 0).is_heavy
    assert Weight(0, 500_001).is_heavy


@pytest.mark.parametrize(("count", "length", "heavy"), [
    (5_000, 0, False), (5_001, 0, True), (10, 40_000, False), (10, 60_000, True),
])  # fmt: skip
def test_a_file_is_weighed_however_it_is_packed(
    tmp_path: Path, count: int, length: int, heavy: bool
) -> None:
    content = lines(count, length)
    plain = kept(tmp_path, "a.jsonl", content)
    zipped = kept(tmp_path, "a.jsonl.gz", gzip.compress(content))
    table = pa.table({"id": range(count), "x": [f"{n}{'x' * length}" for n in range(count)]})
    columns = tmp_path / "a.parquet"
    parquet.write_table(table, columns, compression="zstd")
    weights = [weight_of_file(path).is_heavy for path in (plain, zipped, columns)]
    assert weights == [heavy] * 3


def test_an_archive_weighs_what_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"  # as an upload of an unknown kind is kept
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("samples.json", b" " * 600_000)
    assert path.stat().st_size < 10_000
    assert weight_of_file(path).is_heavy


@pytest.mark.parametrize("begin", [b"PK\x03\x04", b"\x1f\x8b", b"PAR1", b""])
def test_a_damaged_file_weighs_what_lies_there(tmp_path: Path, begin: bytes) -> None:
    path = kept(tmp_path, "a", begin + b"not at all")
    assert not weight_of_file(path).is_heavy


def test_all_uploads_that_a_request_names_are_weighed_together(tmp_path: Path) -> None:
    names = [f"sha256:{number:064d}" for number in range(3)]
    uploads = {name: kept(tmp_path, name[7:], lines(2_000)) for name in names}
    one = json.dumps({"file": names[0], "other": f"sha256:{'f' * 64}"})
    assert weight_of_uploads(one, uploads).rows == 2_000
    assert weight_of_uploads(
        json.dumps({"arms": [{"a": name} for name in names]}), uploads
    ).is_heavy
