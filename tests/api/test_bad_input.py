"""Bodies that nobody means well with: a 4xx with the field, and nothing of it is kept."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from evalhub.frames.rest.models import Answered
from evalhub.frames.rest.requests import LARGEST
from evalhub.registry.models import ModelVersion, Study, TestSet
from tests.api.conftest import Program
from tests.api.sums import ITEMS, digest
from tests.api.test_studies import upload
from tests.cast import Team, a_version

Programs = Callable[..., Program]
AT = "/models/tuned/versions"


def sent(caller: Program, body: bytes, kind: str = "application/json") -> Any:
    return caller.client.generic(
        "POST", caller.at(AT), body, content_type=kind, headers={"Idempotency-Key": "k"}
    )


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", 400),
        (b'{"kind": "lora"', 400),
        (b'{"kind": "lora"}{"kind": "full"}', 400),
        (b'{"kind": "lora", "kind": "full"}', 400),
        (b"[" * 1_000_000, 400),
        (b'{"kind": ' * 100_000, 400),
        (b'{"kind": "lora", "notes": "\\u0000"}', 400),
        (b'{"kind": "lora", "notes": "\\ud800"}', 400),
        (b'{"kind": "lora", "training": {"x": NaN}}', 400),
        (b'{"kind": "lora", "training": {"x": 1e999}}', 400),
        (b'{"kind": "lora", "training": {"x": ' + b"9" * 5000 + b"}}", 400),
        (b'{"kind": "\xff"}', 400),
        (b'["lora"]', 400),
        (b"null", 400),
        (b'"lora"', 400),
        (b'{"kind": 1}', 400),
        (b'{"kind": "lora", "notes": "' + b"x" * LARGEST + b'"}', 413),
    ],
    ids=[
        "empty", "cut short", "two values", "a name twice", "a million deep", "deep objects",
        "NUL", "half a pair", "NaN", "infinite", "too long a number", "not UTF-8", "a list",
        "null", "a text", "wrong type", "too large",
    ],
)  # fmt: skip
def test_a_body_that_can_t_be_is_refused(program: Programs, body: bytes, code: int) -> None:
    caller = program()
    refused = sent(caller, body)
    assert refused.status_code == code, refused.content[:300]
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert refused.json()["detail"]
    assert len(refused.content) < 2_000, "it doesn't repeat what was sent"
    assert not ModelVersion.objects.exists()
    assert not Answered.objects.exists()
    assert sent(caller, b'{"kind": "lora"}').status_code == 201


def test_another_kind_of_content_is_refused(program: Programs) -> None:
    caller = program()
    for kind in ("text/plain", "multipart/form-data; boundary=x", "application/xml", ""):
        assert sent(caller, b'{"kind": "lora"}', kind).status_code in (400, 415), kind


def test_an_answer_is_json_or_none(program: Programs) -> None:
    caller = program()
    refused = caller.client.get(caller.at("/models"), headers={"Accept": "text/html"})
    assert refused.status_code == 406


@pytest.mark.parametrize(
    ("content", "line", "field"),
    [
        (ITEMS + b'{"id": "q61", "input": ', 61, None),
        (ITEMS + b'{"id": "q7", "input": "again"}\n', 61, "id"),
        (ITEMS + b'{"id": "q61"}\n', 61, "input"),
        (ITEMS + b'{"id": "q61", "input": 7}\n', 61, "input"),
        (ITEMS + b'{"id": "q61", "input": "a"}{"id": "q62", "input": "b"}\n', 61, None),
        (ITEMS + b'{"id": "q61", "input": "\xff"}\n', 61, None),
        (ITEMS + b"[" * 100_000 + b"\n", 61, None),
    ],
    ids=["cut short", "id twice", "no input", "wrong type", "interleaved", "not UTF-8", "deep"],
)
def test_a_file_s_flaw_is_named_and_nothing_of_it_stays(
    program: Programs, content: bytes, line: int, field: str | None
) -> None:
    caller = program()
    upload(caller, content)
    refused = caller.post("/test-sets/sums/versions", {"file": digest(content)})
    assert refused.status_code == 400
    (flaw,) = refused.json()["errors"]
    assert (flaw["file"], flaw["line"]) == (digest(content), line)
    assert field is None or flaw["field"] == field
    assert not TestSet.objects.exists()


def test_what_names_the_machine_is_refused(program: Programs) -> None:
    caller = program()
    for training in (
        {"data": "/etc/passwd"},
        {"output_dir": "/root"},
        {"script": "train.sh"},
        {"hook": {"command": "rm -rf /"}},
    ):
        refused = caller.post(AT, {"kind": "lora", "training": training})
        assert refused.status_code == 400, training
        assert refused.json()["errors"][0]["field"].startswith("training."), training
    backend = {"openai": {"url": "http://169.254.169.254/v1", "model": "m"}}
    refused = caller.post(AT, {"kind": "base", "backend": backend})
    assert refused.json()["errors"][0]["field"] == "backend.openai.url"
    assert not ModelVersion.objects.exists()


@pytest.mark.parametrize(
    ("training", "field"),
    [
        ({"cost": {"amount": -1}}, "training.cost.amount"),
        ({"cost": {"amount": 1, "currency": "EURO"}}, "training.cost.currency"),
        ({"losses": [[2, 1.0], [1, 1.0]]}, "training.losses[1][0]"),
        ({"alpha": -1}, "training.alpha"),
    ],
)
def test_what_a_training_can_not_have_been_is_refused_by_its_field(
    program: Programs, training: dict[str, Any], field: str
) -> None:
    refused = program().post(AT, {"kind": "lora", "training": training})
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["field"] == field
    assert not ModelVersion.objects.exists()


def test_a_record_of_another_base_is_refused_by_its_field(program: Programs, team: Team) -> None:
    backend = {"type": "hf", "model": "acme/small-1b", "revision": "a" * 40}
    a_version(team, "base", backend=backend)
    training = {"base_model": "acme/large-9b"}
    body = {"kind": "lora", "parent": {"model": "base"}, "training": training}
    refused = program().post(AT, body)
    assert refused.status_code == 400, refused.content
    (flaw,) = refused.json()["errors"]
    assert flaw["field"] == "training.base_model"
    assert "a record of another base" in flaw["message"]
    assert ModelVersion.objects.count() == 1


def test_a_key_in_a_study_is_refused_and_not_repeated(program: Programs) -> None:
    secret = "sk-abcdefghijklmnop"
    refused = program().post(AT, {"kind": "lora", "training": {"api_key": secret}})
    assert refused.status_code == 400
    assert secret not in refused.content.decode()
    assert not Study.objects.exists()
    assert json.loads(refused.content)["errors"][0]["field"] == "training.api_key"
