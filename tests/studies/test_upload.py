"""Uploads that ask too much, and uploads that nobody has to wait for."""

import gzip
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pyarrow import parquet

from evalhub.io.limits import MIB, WEB
from evalhub.jobs.models import Job
from evalhub.registry import drafts
from evalhub.registry.importing import publish_test_set, stage_test_set
from evalhub.registry.models import (
    Item,
    Model,
    ModelVersion,
    Output,
    Run,
    TestSet,
    TestSetVersion,
)
from evalhub.studies.web import pairs_upload as upload
from reviews.models import Judgment
from tests.api.test_jobs import work_all
from tests.cast import Team, a_team
from tests.reviews.conftest import a_campaign
from tests.reviews.pages.test_pages import form
from tests.site.test_campaign_pages import filled

PAIR = {"prompt": "Say it", "left": "one", "right": "two"}
LIMIT_S = 20
"""For one judgment while a large file is written: it took 45 s and then failed."""


@pytest.fixture(autouse=True)
def home(settings: Any, tmp_path: Path) -> None:
    """Large files wait there for their jobs."""
    settings.HOME = tmp_path


def sent(client: Client, name: str, content: bytes) -> str:
    """What the page says to an upload that it refuses: at once, or by the job of a large one."""
    path = reverse("site:upload_pairs")
    given = filled(client.get(path), name="Tone", project="support-desk")
    answer = client.post(path, given | {"file": SimpleUploadedFile(name, content)})
    if answer.status_code == 302:
        work_all()
        answer = client.get(reverse("site:job", args=[Job.objects.get().pk]))
    assert answer.status_code == 400
    assert not any(kind.objects.exists() for kind in (TestSet, Run, Item, Output))
    return answer.text


def rows(*given: dict[str, Any]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in given).encode()


def parquet_of(folder: Path, columns: dict[str, Any]) -> Path:
    path = folder / "pairs.parquet"
    parquet.write_table(pyarrow.table(columns), path, compression="zstd")
    return path


def bomb(folder: Path) -> Path:
    """A gigabyte of text in a few kilobytes of Parquet."""
    count = 40_000
    schema = pyarrow.schema(
        [("prompt", pyarrow.string()), ("left", pyarrow.string()), ("right", pyarrow.string())]
    )
    path = folder / "pairs.parquet"
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        for _ in range(count // 1000):
            long = pyarrow.array(["x" * 8_000] * 1000)
            writer.write_table(pyarrow.table([long, long, long], schema=schema))
    return path


def test_kilobytes_of_parquet_that_unpack_to_a_gigabyte_are_refused(
    olga: Client, tmp_path: Path
) -> None:
    path = bomb(tmp_path)
    assert path.stat().st_size < MIB
    said = sent(olga, "pairs.parquet", path.read_bytes())
    assert "pairs.parquet, row " in said
    assert f"holds more than {WEB.decoded:,} bytes once it is unpacked" in said


def test_reading_such_a_file_takes_no_more_memory_than_a_plain_one(tmp_path: Path) -> None:
    code = (
        "import resource, sys; from pathlib import Path\n"
        "from evalhub.io.limits import WEB\n"
        "from evalhub.io.rows import DataError, read_rows\n"
        "import pyarrow.parquet\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try:\n    for _ in read_rows(Path(sys.argv[1]), WEB): pass\n"
        "except DataError: pass\n"
        "print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, bomb(tmp_path)], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 300


@pytest.mark.heavy
def test_a_gzip_that_unpacks_to_half_a_gigabyte_is_refused(olga: Client) -> None:
    line = rows(PAIR | {"left": "x" * 500_000})
    said = sent(olga, "pairs.jsonl.gz", gzip.compress(line * 1000))
    assert f"holds more than {WEB.decoded:,} bytes once it is unpacked" in said


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("p.jsonl", b"x" * (WEB.bytes or 0) + b"\n", "bytes, and at most 33,554,432 are read"),
        ("p.jsonl", b"{" + b" " * WEB.line + b"}\n", "line 1: longer than 4 MiB"),
        ("p.jsonl", rows(PAIR, PAIR | {"left": "x" * (WEB.cell + 1)}),
         "line 2, field &#x27;left&#x27;: holds 1,048,577 characters, and at most 1,048,576"),
        ("p.csv", b"prompt,left,right\na,b,\"" + b"x" * (WEB.cell + 1) + b"\"\n",
         "line 2, field &#x27;right&#x27;: holds 1,048,577 characters"),
        ("p.jsonl", rows(PAIR) * ((WEB.rows or 0) + 1),
         "line 50001: holds more than 50,000 rows"),
        ("p.jsonl", rows(PAIR) + b'{"prompt": ' + b"[" * 10_000, "line 2: malformed JSON"),
        ("p.jsonl", rows(PAIR | {"left": "a\x00b"}), "field &#x27;left&#x27;: holds a NUL"),
        ("p.jsonl", rows(PAIR | {"left": "\ud800"}), "holds half a surrogate pair"),
    ],
    ids=["bytes", "line", "cell", "csv cell", "rows", "deep", "nul", "surrogate"],
)  # fmt: skip
def test_more_than_is_read_is_refused_with_its_line_and_field(
    olga: Client, team: Team, name: str, content: bytes, said: str
) -> None:
    assert said in sent(olga, name, content)


def test_a_column_with_millions_of_values_in_a_row_is_refused(olga: Client, tmp_path: Path) -> None:
    path = parquet_of(
        tmp_path,
        {"prompt": ["a"], "left": ["b"], "right": ["c"], "tags": [[0] * (WEB.values + 1)]},
    )
    assert "tags.list.element" in (said := sent(olga, "pairs.parquet", path.read_bytes()))
    assert "holds 2,000,001 values in one row group" in said


def many(count: int, size: int) -> bytes:
    return b"".join(
        rows({"id": n, "prompt": f"Say {n}", "left": "l" * size, "right": f"{n} " + "r" * size})
        for n in range(count)
    )


@pytest.mark.heavy
@pytest.mark.alone
@pytest.mark.django_db(transaction=True)
def test_another_projects_reviewer_judges_while_twelve_megabytes_are_uploaded(
    tmp_path: Path,
) -> None:
    team, others = a_team(), a_team("Others", "others")
    campaign = a_campaign(others, items=30)
    path = tmp_path / "pairs.jsonl"
    path.write_bytes(many(12_000, 480))
    assert path.stat().st_size > 12 * 1000 * 1000
    failures: list[str] = []
    client, page = team.signed_in(team.olga), reverse("site:upload_pairs")
    # Here: a response's context has whatever any thread renders meanwhile.
    given = filled(client.get(page), name="Large", project="support-desk")

    def send() -> None:
        try:
            file = SimpleUploadedFile("pairs.jsonl", path.read_bytes())
            if client.post(page, given | {"file": file}).status_code != 302:
                failures.append("the upload was refused")
            work_all()
        finally:
            connection.close()

    uploading = threading.Thread(target=send)
    uploading.start()
    reviewer, slowest, judged = others.signed_in(others.rui), 0.0, 0
    while uploading.is_alive() and judged < 30:
        start = time.monotonic()
        shown = reviewer.get(reverse("reviews:campaign", args=[campaign.pk]), follow=True)
        action, fields = form(shown.text)
        assert reviewer.post(action, fields | {"choice": "left"}).status_code < 400
        slowest, judged = max(slowest, time.monotonic() - start), judged + 1
    uploading.join()
    assert failures == []
    assert judged > 1
    assert Judgment.objects.count() == judged
    assert slowest < LIMIT_S
    assert (
        Output.objects.filter(run__test_set_version__test_set__slug__startswith="large").count()
        == 24_000
    )


def test_nothing_of_a_draft_is_seen(olga: Client, team: Team, jsonl: Callable[..., Path]) -> None:
    path = jsonl({"id": "a", "input": "Say it"}, {"id": "b", "input": "Say that"})
    draft = stage_test_set(project=team.project, slug="half-written", path=path)
    assert Item.objects.filter(version=draft).count() == 2
    assert not TestSetVersion.objects.exists()
    assert "half-written" not in olga.get(reverse("site:test_sets")).text
    seen = publish_test_set(draft)
    assert (seen.number, seen.item_count) == (1, 2)
    assert "half-written" in olga.get(reverse("site:test_sets")).text


def test_a_draft_whose_writer_was_killed_is_taken_away_by_the_next_import(
    team: Team, jsonl: Callable[..., Path]
) -> None:
    left = stage_test_set(project=team.project, slug="left", path=jsonl({"id": 1, "input": "a"}))
    TestSetVersion.with_drafts.update(draft_until=timezone.now() - timedelta(seconds=1))
    stage_test_set(project=team.project, slug="fresh", path=jsonl({"id": 2, "input": "b"}))
    assert not TestSetVersion.with_drafts.filter(pk=left.pk).exists()
    assert not TestSet.objects.filter(slug="left").exists()
    assert Item.objects.count() == 1


def test_a_draft_that_was_taken_away_is_not_written_on(
    team: Team, jsonl: Callable[..., Path]
) -> None:
    draft = stage_test_set(project=team.project, slug="fresh", path=jsonl({"id": 1, "input": "a"}))
    drafts.drop(draft)
    with pytest.raises(drafts.DraftLostError):
        publish_test_set(draft)


def test_an_upload_that_fails_at_its_end_leaves_nothing(
    team: Team, jsonl: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(upload, "_publish_drafts", full)
    with pytest.raises(OSError, match="no space"):
        upload.register_upload(
            project=team.project, by=team.olga, name="Tone", path=jsonl(PAIR, PAIR)
        )
    assert not any(kind.objects.exists() for kind in (TestSet, TestSetVersion, Item, Output))
    assert not Run.with_drafts.exists()
    assert not ModelVersion.with_drafts.exists()
    assert not Model.objects.exists()
