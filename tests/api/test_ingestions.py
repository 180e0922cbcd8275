"""Answers and scores made elsewhere, handed in by REST."""

import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest

from evalhub.registry.models import Ingestion, Output, Run, Score
from runners.execute import process_shard
from tests.api.conftest import Program
from tests.cast import Team, a_test_set, a_version

Programs = Callable[..., Program]
NDJSON = "application/x-ndjson"


@pytest.fixture
def begun(team: Team, program: Programs) -> tuple[Program, str]:
    """A program, and where it hands in its answers to twenty questions."""
    a_test_set(team, items=20)
    a_version(team)
    caller = program("ingest", "read")
    asked = {
        "model": "base",
        "test_set": "questions",
        "metrics": [{"name": "recorded", "score": "f1"}],
    }
    answer = caller.post("/ingestions", asked)
    assert answer.status_code == 201, answer.content
    assert answer.headers["Upload-Offset"] == "0"
    assert answer.json()["url"] == answer.headers["Location"]
    return caller, answer.headers["Location"].removeprefix(caller.at(""))


def lines(start: int, stop: int) -> bytes:
    rows = ({"id": f"q{i:04}", "output": "x", "scores": {"f1": i / 20}} for i in range(start, stop))
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def sent(caller: Program, at: str, offset: object, body: bytes, **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if offset is not None:
        named["Upload-Offset"] = str(offset)
    kind = named.pop("Content-Type", NDJSON)
    return caller.client.patch(caller.at(f"{at}/rows"), body, content_type=kind, headers=named)


def test_answers_come_in_parts_and_become_a_run(begun: tuple[Program, str]) -> None:
    caller, at = begun
    first = sent(caller, at, 0, lines(0, 8))
    assert (first.status_code, first.json(), first.headers["Upload-Offset"]) == (
        200,
        {"rows": 8},
        "8",
    )
    packed = sent(caller, at, 8, gzip.compress(lines(8, 20)), Content_Encoding="gzip")
    assert packed.json() == {"rows": 20}
    assert caller.get(at).json()["rows"] == 20
    assert caller.get("/runs").json()["results"] == []
    done = caller.post(f"{at}/finish", {"rows": 20}, key="end")
    assert done.status_code == 202
    again = caller.post(f"{at}/finish", {"rows": 20}, key="end")
    assert again.headers["Idempotency-Replayed"] == "true"
    run = Run.objects.get()
    assert done.headers["Location"] == caller.at(f"/runs/{run.pk}") == caller.get(at).json()["run"]
    while process_shard(run.pk):
        pass
    assert Score.objects.count() == 20
    shown = caller.get(f"/runs/{run.pk}").json()["metrics"]
    assert [(each["scored"], each["mean"]) for each in shown] == [(20, None)], "sealed"
    assert caller.get(f"/runs/{run.pk}/scores").json()["results"] == []
    assert "scores" not in caller.get(f"/runs/{run.pk}/outputs").json()["results"][0]


def test_passages_come_with_answers_and_are_read_with_them(begun: tuple[Program, str]) -> None:
    caller, at = begun
    given = [{"id": "b", "text": "B.", "score": 0.5}, {"id": "a", "text": "A."}]
    row = {"id": "q0000", "output": "x", "scores": {"f1": 0}, "passages": given}
    sent(caller, at, 0, json.dumps(row).encode() + b"\n" + lines(1, 20))
    assert caller.post(f"{at}/finish", {"rows": 20}).status_code == 202
    first, second, *_ = caller.get(f"/runs/{Run.objects.get().pk}/outputs").json()["results"]
    assert (first["passages"], second["passages"]) == (given, None)


def test_a_part_that_was_taken_is_told_where_to_go_on(begun: tuple[Program, str]) -> None:
    caller, at = begun
    sent(caller, at, 0, lines(0, 8))
    again = sent(caller, at, 0, lines(0, 8))
    assert (again.status_code, again.headers["Upload-Offset"]) == (409, "8")
    early = caller.post(f"{at}/finish", {"rows": 20})
    assert (early.status_code, early.headers["Upload-Offset"]) == (409, "8")
    assert Output.objects.count() == 8


@pytest.mark.parametrize(
    ("line", "field", "said"),
    [
        (b'{"id": "q0003", "output": "x", "scores": {"f1": "0.5"}}', "scores.f1", "a number, true"),
        (b'{"id": "q0003", "output": "x"', "", "malformed JSON"),
        (b'{"id": "q0003"}{"id": "q0004"}', "", "malformed JSON"),
        (b'{"id": "q0003", "id": "q0004", "output": "x"}', "id", "named twice"),
        (b'{"id": "q9999", "output": "x"}', "id", "there is no item 'q9999'"),
        (b'{"id": "q0000", "output": "x"}', "id", "was answered on line 1 already"),
        (b'{"id": "q0003", "output": "\\u0000"}', "output", "NUL"),
        (b'{"id": "q0003", "output": "x", "passages": [{"id": "a"}]}', "passages", "needs a text"),
        (b'{"id": "q0003", "output": "\xff"}', "", "not UTF-8"),
        (b"[" * 1_000_000 + b"]" * 1_000_000, "", "nested too deeply"),
        (b'{"id": "q0003", "output": ' + b"[" * 400 + b"]" * 400 + b"}", "output", "is text"),
    ],
)
def test_a_bad_line_is_named_and_nothing_is_stored(
    begun: tuple[Program, str], line: bytes, field: str, said: str
) -> None:
    caller, at = begun
    refused = sent(caller, at, 0, lines(0, 2) + line + b"\n")
    assert refused.status_code == 400
    assert refused.headers["Content-Type"] == "application/problem+json"
    (flaw,) = refused.json()["errors"]
    assert (flaw["line"], flaw["field"]) == (3, field)
    assert said in flaw["message"]
    assert not Output.objects.exists()
    assert sent(caller, at, 0, lines(0, 2)).status_code == 200


@pytest.mark.parametrize(
    ("offset", "body", "headers", "code", "said"),
    [
        (0, b"", {}, 400, "holds no rows"),
        (None, lines(0, 1), {}, 400, "Upload-Offset"),
        ("-1", lines(0, 1), {}, 400, "a whole number"),
        ("1e3", lines(0, 1), {}, 400, "a whole number"),
        (10**30, lines(0, 1), {}, 400, "a whole number"),
        (0, lines(0, 1), {"Content_Type": "application/json"}, 415, "nsupported media type"),
        (0, lines(0, 1), {"Content_Encoding": "br"}, 415, "is identity or gzip"),
        (0, lines(0, 1), {"Content_Encoding": "gzip"}, 400, "damaged gzip data"),
        (
            0,
            gzip.compress(lines(0, 1), mtime=0)[:-9],
            {"Content_Encoding": "gzip"},
            400,
            "damaged gzip",
        ),
        (
            0,
            gzip.compress(b" " * (2**24 + 1), 1, mtime=0),
            {"Content_Encoding": "gzip"},
            413,
            "once it is unpacked",
        ),
        (0, b" " * (2**24 + 1), {}, 413, "holds more than 16,777,216 bytes"),
        (0, b"{}\n" * 10_001, {}, 413, "holds more than 10,000 rows"),
    ],
)
def test_what_is_no_part_is_refused(
    begun: tuple[Program, str],
    offset: object,
    body: bytes,
    headers: dict[str, str],
    code: int,
    said: str,
) -> None:
    caller, at = begun
    refused = sent(caller, at, offset, body, **headers)
    assert refused.status_code == code, refused.content
    assert said in json.dumps(refused.json())
    assert not Output.objects.exists()


def test_what_was_begun_can_be_taken_away(begun: tuple[Program, str]) -> None:
    caller, at = begun
    sent(caller, at, 0, lines(0, 2))
    assert caller.client.delete(caller.at(at)).status_code == 204
    assert caller.get(at).status_code == 404
    assert sent(caller, at, 2, lines(2, 4)).status_code == 404
    assert not Output.objects.exists()
    assert not Ingestion.objects.exists()


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"model": "nobody"}, 400, "model"),
        ({"test_set": "none"}, 400, "test_set"),
        ({"metrics": []}, 400, "metrics"),
        ({"metrics": [{"name": "recorded", "score": ""}]}, 400, "metrics"),
        ({"more": 1}, 400, "more"),
    ],
)
def test_a_beginning_that_cannot_be_is_refused_with_its_field(
    begun: tuple[Program, str], change: dict[str, Any], code: int, field: str
) -> None:
    caller, _ = begun
    asked = {"model": "base", "test_set": "questions", "metrics": [{"name": "exact_match"}]}
    refused = caller.post("/ingestions", asked | change)
    assert refused.status_code == code
    assert refused.json()["errors"][0]["field"].startswith(field)
    assert Ingestion.objects.count() == 1


def test_another_projects_ingestion_is_not_there(team: Team, begun: tuple[Program, str]) -> None:
    caller, at = begun
    ingestion = Ingestion.objects.get()
    other = type(team.project).objects.create(slug="other", name="Other")
    Ingestion.objects.update(project=other)
    assert caller.get(at).status_code == 404
    assert sent(caller, at, 0, lines(0, 1)).status_code == 404
    assert caller.post(f"{at}/finish", {"rows": 1}).status_code == 404
    assert caller.client.delete(caller.at(at)).status_code == 404
    assert Ingestion.objects.filter(pk=ingestion.pk).exists()
