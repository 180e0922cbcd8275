"""The ledger asked by REST for files that are compared elsewhere."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from evalhub.decision.levels import level_of
from evalhub.io.items import fingerprint_of
from evalhub.jobs import weight
from evalhub.jobs.models import Job
from evalhub.jobs.queue import claim_next
from evalhub.jobs.replay import work_or_fail
from evalhub.ledger.chain.follow import chain_faults
from evalhub.ledger.models import Peek
from tests.api.conftest import Program
from tests.api.sums import HALF, ITEMS, RIGHT, digest, study
from tests.api.test_studies import upload

Programs = Callable[..., Program]
FINGERPRINTS = [fingerprint_of(f"{i} + 1?") for i in range(60)]
BASELINE = [float(i % 2) for i in range(60)]


def claim(right: int = 40, **fields: Any) -> dict[str, Any]:
    return {
        "test_set": "sums",
        "role": "primary",
        "metric": "exact_match",
        "items": {"fingerprints": FINGERPRINTS},
        "baseline": {"scores": BASELINE},
        "candidate": {"scores": [1.0] * right + [0.0] * (60 - right)},
        **fields,
    }


def body(*claims: Any, **fields: Any) -> dict[str, Any]:
    return {"claims": claims or [claim()], "alpha": 0.025, "sources": ["a.jsonl"]} | fields


@pytest.fixture
def caller(program: Programs) -> Program:
    """In whose project the items are known, and nobody has looked."""
    caller = program()
    upload(caller, ITEMS, HALF, RIGHT)
    assert caller.post("/studies", study()).status_code == 202
    return caller


def number(answer: Any) -> int:
    assert answer.status_code == 200, answer.content
    charge = answer.json()
    [row] = charge["ledger"]["test_sets"]
    assert charge["registered"]
    assert charge["level"] == row["level"] == pytest.approx(level_of(row["number"], alpha=0.025))
    return int(row["number"])


def test_a_claim_takes_a_number_once_whatever_key_it_comes_with(caller: Program) -> None:
    first = caller.post("/peeks", body(), key="one")
    assert number(first) == 1
    again = caller.post("/peeks", body(), key="one")
    assert (again.json(), again.headers["Idempotency-Replayed"]) == (first.json(), "true")
    assert number(caller.post("/peeks", body(sources=["b.jsonl"]), key="two")) == 1
    assert number(caller.post("/peeks", body(claim(41)))) == 2
    assert number(caller.post("/peeks", body())) == 1
    assert list(Peek.objects.values_list("number", "files")) == [(1, "a.jsonl"), (2, "a.jsonl")]
    assert chain_faults() == []


def test_items_are_known_by_their_ids_in_a_test_set_of_that_name(caller: Program) -> None:
    by_ids = claim(items={"ids": [f"q{i}" for i in range(60)]})
    assert number(caller.post("/peeks", body(by_ids))) == 1
    assert number(caller.post("/peeks", body())) == 1, "as by what they ask"
    other = caller.post("/peeks", body(by_ids | {"test_set": "other"}))
    assert other.json()["ledger"] is None


def test_of_unknown_items_it_says_so_and_keeps_nothing(caller: Program) -> None:
    unknown = claim(items={"fingerprints": [each ^ 1 for each in FINGERPRINTS]})
    answer = caller.post("/peeks", body(unknown))
    assert answer.status_code == 200
    assert answer.json() == {
        "registered": False,
        "level": 0.025,
        "levels": {},
        "next_looks": {},
        "refused": [],
        "ledger": None,
    }
    off = caller.post("/peeks", body(ledger="off"))
    assert off.json() == answer.json()
    assert Peek.objects.count() == 0


def test_a_critical_claim_on_unknown_items_leaves_the_others_their_numbers(caller: Program) -> None:
    unknown = claim(test_set="other", role="guard", items={"ids": [f"x{i}" for i in range(60)]})
    charge = caller.post("/peeks", body(claim(), unknown)).json()
    assert charge["registered"] is False
    assert [row["test_set"] for row in charge["ledger"]["test_sets"]] == ["sums"]


@pytest.mark.parametrize(
    ("fields", "field", "says"),
    [
        ({"role": "budget"}, "claims[0].role", "primary"),
        ({"items": {}}, "claims[0].items.fingerprints", "one of the two"),
        ({"items": {"ids": ["a", "a"]}}, "claims[0].items.ids", "given twice"),
        (
            {"items": {"fingerprints": FINGERPRINTS, "clusters": [1]}},
            "claims[0].items.clusters",
            "1 values for 60 items",
        ),
        ({"items": {"fingerprints": [2**63]}}, "claims[0].items.fingerprints[0]", "must be below"),
        ({"baseline": {"scores": [1.0]}}, "claims[0].baseline.scores", "1 scores for 60 items"),
        (
            {"candidate": {"scores": [1.0, 0.0], "places": [3, 2]}},
            "claims[0].candidate.places",
            "ascending",
        ),
        (
            {"candidate": {"scores": [1.0], "places": [60]}},
            "claims[0].candidate.places",
            "beyond the 60 items",
        ),
        ({"mix": {"hard": 1.0}}, "claims[0].items.tags", "needs the items' tags"),
        ({"output": ["text"]}, "claims[0].output", ""),
    ],
)
def test_what_is_wrong_with_a_claim_names_its_field(
    caller: Program, fields: dict[str, Any], field: str, says: str
) -> None:
    answer = caller.post("/peeks", body(claim(**fields)))
    assert answer.status_code == 400, answer.content
    [flaw] = answer.json()["errors"]
    assert flaw["field"] == field
    assert says in flaw["message"]
    assert Peek.objects.count() == 0


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"claims": None}, "claims"),
        ({"claims": []}, "claims"),
        ({"file": digest(b"")}, "claims"),
        ({"claims": None, "file": digest(b"nothing")}, "file"),
        ({"alpha": 0}, "alpha"),
        ({"sources": []}, "sources"),
    ],
)
def test_what_is_wrong_with_the_request_names_its_field(
    caller: Program, fields: dict[str, Any], field: str
) -> None:
    answer = caller.post("/peeks", body(**fields))
    assert answer.status_code == 400, answer.content
    assert [each["field"] for each in answer.json()["errors"]] == [field]


def sent_as_file(caller: Program, content: bytes) -> Any:
    upload(caller, content)
    return caller.post("/peeks", body(claims=None, file=digest(content)))


def test_claims_that_are_many_come_as_an_upload(
    caller: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = json.dumps([claim()]).encode()
    assert number(sent_as_file(caller, content)) == 1
    monkeypatch.setattr(weight, "HEAVY_BYTES", 1000)
    second = sent_as_file(caller, json.dumps([claim(41)]).encode())
    assert second.status_code == 202, "what is heavy is a job"
    job = claim_next()
    assert job is not None
    work_or_fail(Job.objects.get(pk=job.pk))
    ended = caller.get(f"/jobs/{job.pk}").json()
    assert (ended["status"], ended["answer"]["ledger"]["test_sets"][0]["number"]) == (200, 2)
    assert Peek.objects.count() == 2


@pytest.mark.parametrize(
    ("content", "field"),
    [
        (b"[", None),
        (b"\xff", None),
        (b"{}", None),
        (json.dumps([claim(tier="high")]).encode(), "[0].tier"),
    ],
)
def test_what_is_wrong_with_an_upload_names_it(
    caller: Program, content: bytes, field: str | None
) -> None:
    answer = sent_as_file(caller, content)
    assert answer.status_code == 400, answer.content
    [flaw] = answer.json()["errors"]
    assert (flaw["file"], flaw["field"] or None) == (digest(content), field)


def test_an_upload_that_is_too_large_is_refused(
    caller: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evalhub.studies.web.peeks.LARGEST", 1000)
    answer = sent_as_file(caller, json.dumps([claim()]).encode())
    assert answer.status_code == 413
    assert "at most 1,000 bytes" in answer.json()["detail"]


def test_who_lacks_the_scope_or_the_key_is_refused(caller: Program, program: Programs) -> None:
    few = program("read", "ingest", "run")
    refused = few.post("/peeks", body())
    assert refused.status_code == 403
    assert "needs the scope decide" in refused.json()["detail"]
    bare = caller.client.post(caller.at("/peeks"), body(), content_type="application/json")
    assert bare.status_code == 400
    assert bare.json()["errors"][0]["field"] == "Idempotency-Key"
    assert Peek.objects.count() == 0


def test_where_others_keep_coming_between_it_is_asked_again(
    caller: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evalhub.ledger.peeking._take", lambda standing, files: False)
    answer = caller.post("/peeks", body())
    assert (answer.status_code, "Retry-After" in answer.headers) == (503, True)
    assert "kept changing the ledger meanwhile" in answer.json()["detail"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.heavy
def test_eight_at_once_take_eight_numbers(caller: Program) -> None:
    def asked(right: int) -> int:
        try:
            fresh = Program(caller.secret, caller.project)
            return number(fresh.post("/peeks", body(claim(right)), key=f"at-once-{right}"))
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        numbers = list(threads.map(asked, range(30, 38)))
    assert sorted(numbers) == list(range(1, 9))
    assert [asked(right) for right in range(30, 38)] == numbers
    assert chain_faults() == []
