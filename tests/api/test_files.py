"""Files by REST: whole or in parts, known by their digest, bounded, and never half."""

import gzip
import hashlib
import io
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.conf import settings

from evalhub.declare.retrievers import Retriever
from evalhub.registry import uploads
from evalhub.registry.documents import import_documents
from evalhub.registry.models import ModelVersion
from evalhub.registry.uploads import Uploads, drop_old_uploads
from tests.api.conftest import Program
from tests.api.sums import digest
from tests.cast import Team, a_team

Programs = Callable[..., Program]
CONTENT = b'{"id": "a", "input": "1 + 1", "reference": "2"}\n'
NAME = digest(CONTENT)


def at(name: str = NAME) -> str:
    return f"/files/{name}"


def test_a_file_is_uploaded_once(program: Programs) -> None:
    caller = program("ingest", "read")
    assert caller.get(at()).status_code == 404
    made = caller.send("PUT", at(), CONTENT)
    assert made.status_code == 200
    assert made.json() == {"name": NAME, "bytes": len(CONTENT)}
    assert caller.client.head(caller.at(at())).status_code == 200
    assert caller.get(f"{at()}?fields=bytes").json() == {"bytes": len(CONTENT)}
    assert caller.send("PUT", at(), CONTENT).status_code == 200


def test_a_full_disk_is_507_and_the_next_try_goes_on(program: Programs) -> None:
    caller = program("ingest", "read")
    content = b"x" * (20 * 2**20)
    name = digest(content)
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (16 * 2**20, limit[1]))
    try:
        refused = caller.send("PUT", at(name), content)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert refused.status_code == 507
    assert (
        refused.json()["detail"]
        == "The site's disk is full. The part that arrived is kept: continue there."
    )
    offset = int(refused.headers["Upload-Offset"])
    assert 0 < offset <= 16 * 2**20
    assert caller.get(at(name)).status_code == 404
    rest = content[offset:]
    end = {"Upload_Offset": str(offset), "Upload_Complete": "?1"}
    assert caller.send("PATCH", at(name), rest, **end).status_code == 200


def test_parts_go_on_where_the_last_one_ended(program: Programs) -> None:
    caller = program("ingest", "read")
    first = caller.send("PATCH", at(), CONTENT[:10], Upload_Offset="0")
    assert (first.status_code, first.headers["Upload-Offset"]) == (200, "10")
    missing = caller.get(at())
    assert (missing.status_code, missing.headers["Upload-Offset"]) == (404, "10")
    for wrong in ("5", "11"):
        refused = caller.send("PATCH", at(), b"x", Upload_Offset=wrong)
        assert (refused.status_code, refused.headers["Upload-Offset"]) == (409, "10")
    last = caller.send("PATCH", at(), CONTENT[10:], Upload_Offset="10", Upload_Complete="?1")
    assert last.status_code == 200
    assert caller.get(at()).status_code == 200


@pytest.mark.parametrize("offset", ["", "-1", "ten", "1e3", "9" * 30])
def test_an_offset_is_a_number(program: Programs, offset: str) -> None:
    refused = program().send("PATCH", at(), b"x", Upload_Offset=offset)
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["field"] == "Upload-Offset"


def test_other_content_than_its_name_says_is_refused_and_gone(program: Programs) -> None:
    caller = program()
    refused = caller.send("PUT", at(), CONTENT + b"\n")
    assert refused.status_code == 422
    assert digest(CONTENT + b"\n") in refused.json()["detail"]
    missing = caller.get(at())
    assert (missing.status_code, missing.headers["Upload-Offset"]) == (404, "0")
    assert caller.send("PUT", at(), CONTENT).status_code == 200


@pytest.mark.parametrize("name", ["sha256:abc", "md5:" + "0" * 64, "sha256:" + "A" * 64, ".."])
def test_a_name_is_a_digest(program: Programs, name: str) -> None:
    assert program().send("PUT", at(name), CONTENT).status_code in (400, 404)


def test_a_file_is_its_project_s_alone(program: Programs, team: Team) -> None:
    caller = program()
    caller.send("PUT", at(), CONTENT)
    caller.project = "others"
    assert caller.get(at()).status_code == 404


def test_a_file_that_unpacks_to_too_much_is_refused(
    program: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "LARGEST", 1_000_000)
    bomb = gzip.compress(b" " * 2_000_000)
    assert len(bomb) < 10_000
    refused = program().send("PUT", at(digest(bomb)), bomb)
    assert refused.status_code == 413
    assert not list((Path(settings.HOME) / "uploads").rglob("*.gz"))


def test_damaged_files_are_refused_by_their_digest(program: Programs) -> None:
    caller = program()
    for damaged in (gzip.compress(CONTENT)[:-6], b"PAR1 nothing of the kind PAR1"):
        name = digest(damaged)
        refused = caller.send("PUT", at(name), damaged)
        assert refused.status_code == 400, refused.content
        assert refused.json()["errors"][0]["file"] == name
        assert str(settings.HOME) not in refused.content.decode()


def test_a_project_holds_no_more_than_so_much(
    program: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "MOST", 100)
    caller = program()
    caller.send("PUT", at(), CONTENT)
    more = CONTENT * 3
    assert caller.send("PUT", at(digest(more)), more).status_code == 413


def parquet() -> bytes:
    written = io.BytesIO()
    pq.write_table(pa.table({"id": ["a"], "input": ["1 + 1"]}), written)
    return written.getvalue()


@pytest.mark.parametrize(
    ("content", "suffix"),
    [
        (CONTENT, ".jsonl"),
        (b"id,input\na,b\n", ".csv"),
        (gzip.compress(CONTENT, mtime=0), ".jsonl.gz"),
        (gzip.compress(b"id,input\na,b\n", mtime=0), ".csv.gz"),
        (parquet(), ".parquet"),
    ],
    ids=["jsonl", "csv", "jsonl.gz", "csv.gz", "parquet"],
)
def test_what_kind_it_is_is_seen_by_how_it_begins(team: Team, content: bytes, suffix: str) -> None:
    files = Uploads(team.project)
    name = f"sha256:{hashlib.sha256(content).hexdigest()}"
    files.append(name=name, stream=io.BytesIO(content), offset=0, complete=True, by=team.eva)
    assert "".join(files[name].suffixes) == suffix
    assert list(files) == [name]


def test_files_have_their_time(team: Team) -> None:
    import os

    files = Uploads(team.project)
    files.append(name=NAME, stream=io.BytesIO(CONTENT), offset=0, complete=True, by=team.eva)
    drop_old_uploads()
    assert NAME in files
    path = files[NAME]
    long_ago = path.stat().st_mtime - uploads.KEPT_S - 60
    os.utime(path, (long_ago, long_ago))
    drop_old_uploads()
    assert NAME not in files


def test_what_arrived_before_a_cut_stays(team: Team) -> None:
    class Cut(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell():
                raise OSError("the line is cut")
            return super().read(10)

    files = Uploads(team.project)
    with pytest.raises(OSError, match="cut"):
        files.append(name=NAME, stream=Cut(CONTENT), offset=0, complete=True, by=team.eva)
    assert files.offset(NAME) == 10
    rest = io.BytesIO(CONTENT[10:])
    files.append(name=NAME, stream=rest, offset=10, complete=True, by=team.eva)
    assert files[NAME].read_bytes() == CONTENT


def test_documents_are_named_as_a_version_names_them_once_their_upload_is_gone(
    program: Programs, team: Team, tmp_path: Path
) -> None:
    caller = program("ingest", "read")
    content = b'{"id": "a", "text": "Press the red button."}\n'
    caller.send("PUT", at(digest(content)), content)

    def register(documents: str, kind: str) -> Any:
        prompt = {"template": "{context} {input}", "retriever": {"documents": documents}}
        return caller.post("/models/tuned/versions", {"kind": kind, "prompt": prompt})

    assert register(digest(content), "base").status_code == 201
    first = ModelVersion.objects.get()
    assert isinstance(first.prompt.retriever, Retriever)
    named = first.prompt.retriever.documents
    assert named != digest(content), "by what the documents hold, and not by the file"
    Uploads(team.project).drop_all()
    assert register(digest(content), "lora").status_code == 400
    assert register(named, "lora").status_code == 201
    second = ModelVersion.objects.get(number=2)
    assert second.prompt == first.prompt
    (tmp_path / "theirs.jsonl").write_text('{"id": "a", "text": "What others know."}\n')
    others = a_team("Others", "others").project
    theirs = import_documents(project=others, path=tmp_path / "theirs.jsonl")
    refused = register(f"sha256:{theirs.digest}", "full")
    assert refused.json()["errors"][0]["field"] == "prompt.retriever.documents"
    assert ModelVersion.objects.count() == 2
