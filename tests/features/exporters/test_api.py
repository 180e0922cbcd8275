"""Evidence as files by REST: each in its form, and nothing that is sealed."""

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import pyarrow.parquet as pq
import pytest

from evalhub.accounts.models import Action, LogEntry
from tests.api.conftest import Program, home  # noqa: F401 (a fixture)
from tests.api.sums import HALF, ITEMS, RIGHT, study
from tests.api.test_gate import handed_in
from tests.api.test_studies import upload

Programs = Callable[..., Program]


@pytest.fixture
def decided(program: Programs) -> Program:
    caller = program()
    handed_in(caller)
    return caller


def file_of(caller: Program, what: str, **query: Any) -> bytes:
    answer = caller.get(f"/exports/{what}", **query)
    assert answer.status_code == 200, answer.content
    assert f"{what}." in answer.headers["Content-Disposition"]
    return b"".join(answer)


def test_each_export_is_a_file(decided: Program) -> None:
    number = decided.get("/decisions").json()["results"][0]["id"]
    lines = file_of(decided, "answers", study="sums").splitlines()
    assert len(lines) == 120
    table = pq.read_table(io.BytesIO(file_of(decided, "answers", study="sums", format="parquet")))
    assert table.num_rows == 120
    (decision,) = file_of(decided, "decisions").splitlines()
    assert json.loads(decision)["verdict"] == "ship"
    report = file_of(decided, "report", decision=number).decode()
    assert "<!doctype html>" in report.lower()
    assert file_of(decided, "model-index", decision=number).startswith(b"---\nmodel-index:")
    packed = zipfile.ZipFile(io.BytesIO(file_of(decided, "every-eval-ever", decision=number)))
    assert len(packed.namelist()) >= 4
    assert LogEntry.objects.filter(action=Action.EXPORTED).count() == 6


def test_scores_that_are_sealed_don_t_leave(program: Programs) -> None:
    """Of a study whose runs have ended and which nobody has decided on."""
    from evalhub.registry.models import Run
    from runners.execute import process_shard

    caller = program()
    upload(caller, ITEMS, HALF, RIGHT)
    assert caller.post("/studies", study()).status_code == 202
    for run in Run.objects.all():
        while process_shard(run.pk):
            pass
    rows = [json.loads(line) for line in file_of(caller, "answers", study="sums").splitlines()]
    assert len(rows) == 120
    assert not any("1.0" in json.dumps(each.get("scores", {})) for each in rows)


@pytest.mark.parametrize(
    ("what", "query", "code", "field"),
    [
        ("answers", {}, 400, "study"),
        ("answers", {"study": "none"}, 404, None),
        ("answers", {"study": "sums", "format": "csv"}, 400, "format"),
        ("report", {"decision": "x"}, 400, "decision"),
        ("report", {"decision": "999999"}, 404, None),
        ("judgments", {"reviews": "1"}, 400, "reviews"),
        ("everything", {}, 404, None),
    ],
)
def test_what_can_t_be_exported_is_said(
    program: Programs, what: str, query: dict[str, str], code: int, field: str | None
) -> None:
    refused = program().get(f"/exports/{what}", **query)
    assert refused.status_code == code
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert field is None or refused.json()["errors"][0]["field"] == field
