"""RAG instead of tuning, as one line of a study file: `prompt: {retriever: {documents: FILE}}`."""

import json
from pathlib import Path
from typing import Any

import pytest

from evalhub.cli.app import run
from evalhub.registry.models import DocumentSet, DocumentText, ModelVersion, Study
from evalhub.studies.file.origin import OperatorFile
from evalhub.studies.file.spec import read_study
from evalhub.studies.web.bundle_upload import bundle_of
from tests.fakes.openai_server import OpenAIServer
from tests.fakes.retriever_server import RetrieverServer
from tests.studies.desks import Desk

TEMPLATE = "Documents: {context}\n\nMessage: {input}"


@pytest.fixture
def desk(tmp_path: Path, server: OpenAIServer) -> Desk:
    """A base, and the same with documents, asked three questions."""
    desk = Desk(tmp_path)
    desk.rows(
        "triage.jsonl",
        (
            {
                "id": str(i),
                "input": [
                    {"role": "user", "content": "Cups?"},
                    {"role": "assistant", "content": "Yes."},
                    {"role": "user", "content": f"How warm is the {thing}?"},
                ],
                "reference": "20 degrees",
            }
            for i, thing in enumerate(["kettle", "heater", "lamp"])
        ),
    )
    desk.rows(
        "manual.jsonl",
        [
            {"id": "k", "text": "A kettle gets as warm as 100 degrees."},
            {"id": "h", "text": "The heater is as warm as 20 degrees, a warm room."},
            {"id": "c", "text": "Nothing at all about cups."},
        ],
    )
    backend = {k: v for k, v in server.backend().items() if k != "type"}
    desk.study["test_sets"] = {
        "triage": {"file": "triage.jsonl", "role": "primary", "metric": {"name": "contains"}}
    }
    desk.study["arms"] = {
        "base": {"kind": "base", "backend": {"openai": backend}},
        "rag": {
            "kind": "retrieval",
            "parent": "base",
            "backend": {"openai": backend},
            "prompt": {"template": TEMPLATE, "retriever": {"documents": "manual.jsonl", "k": 2}},
        },
    }
    return desk


def retriever(desk: Desk) -> dict[str, Any]:
    prompt: dict[str, Any] = desk.study["arms"]["rag"]["prompt"]  # type: ignore[index]
    return prompt


@pytest.mark.django_db(transaction=True)
def test_an_arm_is_shown_the_documents_that_fit_each_question(
    desk: Desk, server: OpenAIServer
) -> None:
    assert run(["study", "run", str(desk.write())]) in (0, 1, 2)
    asked = {request["messages"][-1]["content"] for request in server.requests}
    kettle, heater = (
        "A kettle gets as warm as 100 degrees.",
        "The heater is as warm as 20 degrees, a warm room.",
    )
    assert asked == {
        *(f"How warm is the {thing}?" for thing in ("kettle", "heater", "lamp")),
        f"Documents: {kettle}\n\n{heater}\n\nMessage: How warm is the kettle?",
        f"Documents: {heater}\n\n{kettle}\n\nMessage: How warm is the heater?",
        f"Documents: {heater}\n\n{kettle}\n\nMessage: How warm is the lamp?",
    }
    version = Study.objects.get().arms.get(name="rag").version
    kept = DocumentSet.objects.get()
    assert version.prompt.retriever
    assert version.prompt.retriever.documents == f"sha256:{kept.digest}"
    assert (kept.source, kept.count, kept.rows.count()) == ("manual.jsonl", 3, 3)
    assert str(desk.folder) not in json.dumps(version.prompt.as_json())


@pytest.mark.heavy
@pytest.mark.django_db(transaction=True)
def test_the_same_documents_are_one_version_and_others_another(desk: Desk) -> None:
    assert run(["study", "run", str(desk.write())]) in (0, 1, 2)
    lines = (desk.folder / "manual.jsonl").read_text().splitlines()
    desk.line("again.jsonl", *lines)
    retriever(desk)["retriever"]["documents"] = "again.jsonl"
    assert run(["study", "run", str(desk.write())]) in (0, 1, 2)
    versions = ModelVersion.objects.filter(model__slug="rag")
    assert versions.count() == DocumentSet.objects.count() == 1
    desk.line("again.jsonl", *lines[:2])
    assert run(["study", "run", str(desk.write())]) in (0, 1, 2)
    assert versions.count() == DocumentSet.objects.count() == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"id": "x"}', "line 4, field 'text': missing"),
        ('{"id": "x", "text": 3}', "line 4, field 'text': a document is text with a word"),
        ('{"id": "x", "text": " ?! "}', "line 4, field 'text': a document is text with a word"),
        ('{"id": "h", "text": "again"}', "'h' is the id on line 2 already"),
        ('{"id": "x", "text": "a\\u0000b"}', "line 4"),
        ("[]", "line 4"),
    ],
)
def test_what_is_wrong_with_a_document_is_said_before_anything_is_asked(
    desk: Desk, server: OpenAIServer, line: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.line("manual.jsonl", *(desk.folder / "manual.jsonl").read_text().splitlines(), line)
    assert run(["study", "run", str(desk.write())]) == 65
    said = capsys.readouterr().err
    assert "manual.jsonl" in said
    assert message in said
    assert not server.requests
    assert not DocumentText.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_file_that_is_not_there_is_named(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    retriever(desk)["retriever"]["documents"] = "sha256:" + "0" * 64
    assert run(["study", "run", str(desk.write())]) == 65
    assert "sha256:000" in capsys.readouterr().err


def test_a_template_without_a_place_for_the_documents_is_refused(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    retriever(desk)["template"] = "{input}"
    assert run(["study", "run", str(desk.write())]) == 65
    assert "field 'arms.rag.prompt.template': must hold {context}" in capsys.readouterr().err


def test_a_site_is_handed_the_documents(desk: Desk) -> None:
    found = bundle_of(read_study(desk.write(), OperatorFile()))
    named = found.document["arms"]["rag"]["prompt"]["retriever"]["documents"]
    assert found.files[named] == desk.folder / "manual.jsonl"


@pytest.mark.django_db(transaction=True)
def test_what_a_server_would_find_and_a_judge_would_read_is_foretold_without_asking(
    desk: Desk, server: OpenAIServer, capsys: pytest.CaptureFixture[str]
) -> None:
    with RetrieverServer() as store:
        retriever(desk)["retriever"] = store.retriever(most_characters=4_000)
        base = desk.study["arms"].pop("base")  # type: ignore[attr-defined]
        rag = desk.study["arms"].pop("rag") | {"sampling": {"max_tokens": 10}}  # type: ignore[attr-defined]
        rag.pop("parent")
        desk.study |= {
            "arms": {"base": rag, "other": rag | {"sampling": {"max_tokens": 20}}},
            "judges": {"grader": {"backend": base["backend"], "sampling": {"max_tokens": 9}}},
        }
        desk.rows("more.jsonl", [{"id": "a", "input": "How warm?", "reference": "x"}])
        desk.study["test_sets"]["grounded"] = {  # type: ignore[index]
            "file": "more.jsonl",
            "role": "guard",
            "tier": "advisory",
            "metric": {"name": "groundedness", "by": "grader"},
        }
        assert run(["study", "run", str(desk.write()), "--dry-run", "--json"]) == 0
        plan = json.loads(capsys.readouterr().out)
        assert store.queries == []
    by_test_set = [(each["test_set"], each["requests"]) for each in plan["runs"]]
    assert sorted(by_test_set) == [("grounded", 1), ("grounded", 1), ("triage", 3), ("triage", 3)]
    assert all(each["prompt_tokens"] > each["requests"] * 1_000 for each in plan["runs"])
    assert [each["requests"] for each in plan["judging"]] == [1, 1]
    assert all(each["prompt_tokens"] > 1_000 for each in plan["judging"])
    assert not server.requests
