"""A version registered by its page is the one that REST would register."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from evalhub.registry.documents import import_documents
from evalhub.registry.models import ModelVersion
from tests.cast import Team, a_team, a_version
from tests.site.test_campaign_pages import filled

PAGE = "site:new_version"


@pytest.fixture(autouse=True)
def _endpoint(settings: Any) -> None:
    settings.ENDPOINTS = json.dumps({"support": {"url": "https://models.example.org/v1"}})


def register(client: Client, query: str = "", **said: Any) -> Any:
    path = reverse(PAGE) + query
    return client.post(path, filled(client.get(path), **said), follow=True)


def test_a_form_registers_the_specification_that_it_says(eva: Client, team: Team) -> None:
    base = a_version(team, "base")
    training = {"method": "lora", "rank": 8}
    page = register(
        eva,
        project="support-desk",
        slug="triage",
        kind="lora",
        parent=base.pk,
        endpoint="support",
        served="triage-7b",
        system="Be brief.\r\nBe kind.",
        template="Ticket: {input}",
        examples='[{"input": "a", "output": "b"}]',
        temperature="0",
        max_tokens="64",
        stop="END\r\n###",
        top_k="20",
        template_arguments='{"enable_thinking": false}',
        training=json.dumps(training),
        notes="more tickets",
    )
    assert "triage v1 is registered" in page.text
    assert "enable_thinking&quot;: false" in page.text, "the version's page says it"
    version = ModelVersion.objects.get(model__slug="triage")
    same = a_version(
        team,
        "triage",
        parent=base,
        backend={"type": "openai", "endpoint": "support", "model": "triage-7b"},
        prompt={
            "system": "Be brief.\nBe kind.",
            "template": "Ticket: {input}",
            "examples": [{"input": "a", "output": "b"}],
        },
        sampling={
            "temperature": 0,
            "max_tokens": 64,
            "stop": ["END", "###"],
            "top_k": 20,
            "chat_template_kwargs": {"enable_thinking": False},
        },
        training=training,
    )
    assert same == version, "the same specification is the same version"
    assert (version.parent, version.notes) == (base, "more tickets")


def test_a_version_made_from_another_begins_as_that_one(eva: Client, team: Team) -> None:
    base = a_version(
        team,
        "triage",
        backend={"type": "openai", "endpoint": "support", "model": "m"},
        prompt={"system": "Be brief. "},
        sampling={"samples": 3, "stop": ["END"], "chat_template_kwargs": {"effort": "low"}},
    )
    register(eva, f"?parent={base.pk}", temperature="1")
    made = ModelVersion.objects.get(model__slug="triage", number=2)
    assert made.parent == base
    assert made.backend == base.backend
    assert made.prompt == base.prompt
    assert made.sampling.as_json() == base.sampling.as_json() | {"temperature": 1.0}


def test_a_version_made_from_another_keeps_its_documents_and_takes_no_other_project_s(
    eva: Client, team: Team, tmp_path: Path
) -> None:
    file = tmp_path / "manual.jsonl"
    file.write_text('{"id": "a", "text": "Press the red button."}\n')
    documents = import_documents(project=team.project, path=file)
    found = {"documents": f"sha256:{documents.digest}", "k": 1}
    prompt = {"template": "{context} {input}", "retriever": found}
    backend = {"type": "openai", "endpoint": "support", "model": "m"}
    base = a_version(team, "triage", backend=backend, prompt=prompt)
    register(eva, f"?parent={base.pk}", temperature="1")
    made = ModelVersion.objects.get(model__slug="triage", number=2)
    assert made.prompt == base.prompt
    file.write_text('{"id": "a", "text": "What others know."}\n')
    theirs = import_documents(project=a_team("Others", "others").project, path=file)
    named = json.dumps(found | {"documents": f"sha256:{theirs.digest}"})
    template = "{context} {input}"
    page = register(eva, project="support-desk", slug="m", template=template, retriever=named)
    assert "nothing with this digest was uploaded" in str(page.context["form"].errors["retriever"])


@pytest.mark.parametrize(
    ("retriever", "kept"),
    [
        ({"endpoint": "support", "index": "wiki-1"}, True),
        ({"url": "https://search.example.org/v1", "index": "wiki-1"}, False),
        ({"run": ["python3", "search.py"], "index": "wiki-1", "content_sha256": "0" * 64}, False),
    ],
)
def test_a_retriever_that_the_web_may_not_name_is_left_out_and_said(
    eva: Client, team: Team, retriever: dict[str, Any], kept: bool
) -> None:
    base = a_version(team, prompt={"template": "{context} {input}", "retriever": retriever})
    page = eva.get(reverse(PAGE) + f"?parent={base.pk}")
    typed = page.context["form"]["retriever"].value()
    assert ("isn’t taken over" not in page.text) == kept == bool(typed)
    if kept:
        assert json.loads(typed)["index"] == "wiki-1"


@pytest.mark.parametrize(
    ("field", "typed", "told"),
    [
        ("slug", "no name", "a name"),
        ("slug", "", "required"),
        ("served", "", "is empty"),
        ("endpoint", "elsewhere", "not one of the available choices"),
        ("template", "no place", "must hold {input}"),
        ("system", "Say {input}", "only in the template"),
        ("examples", "[{]", "malformed JSON"),
        ("retriever", "[", "malformed JSON"),
        ("retriever", '{"run": ["ls"], "index": "1"}', "is a command"),
        ("retriever", '{"url": "https://a.example/s", "index": "1"}', "operator"),
        ("retriever", '{"documents": "/etc/passwd"}', "name what was uploaded"),
        ("examples", '[{"input": 1}]', ""),
        ("temperature", "-1", "0"),
        ("training", "[]", ""),
        ("training", '{"api_key": "sk-123456"}', "a key is never stored"),
        ("training", '{"data": "/etc/passwd"}', "sha256"),
        ("training", '{"cost": {"amount": -3}}', "must be 0 or more, not -3"),
    ],
)
def test_what_cannot_be_is_said_beside_its_field_and_kept(
    eva: Client, team: Team, field: str, typed: str, told: str
) -> None:
    right = {"project": "support-desk", "slug": "m", "endpoint": "support", "served": "m"}
    if field == "retriever":
        right |= {"template": "{context} {input}"}
    page = register(eva, **right | {field: typed})
    form = page.context["form"]
    assert page.status_code == 400
    assert told in str(form.errors[field])
    assert form[field].value() == typed
    assert not ModelVersion.objects.exists()


def test_a_record_of_another_base_is_said_beside_the_training_and_kept(
    eva: Client, team: Team
) -> None:
    backend = {"type": "hf", "model": "acme/small-1b", "revision": "a" * 40}
    base = a_version(team, "base", backend=backend)
    training = '{"base_model": "acme/large-9b"}'
    page = register(
        eva, project="support-desk", slug="m", kind="lora", parent=base.pk, training=training
    )
    form = page.context["form"]
    assert page.status_code == 400
    assert "a record of another base" in str(form.errors["training"])
    assert form["training"].value() == training
    assert ModelVersion.objects.get() == base


def test_a_model_that_nobody_is_asked_for_is_refused(eva: Client, team: Team) -> None:
    page = register(eva, project="support-desk", slug="m", served="triage-7b")
    assert "say who is asked" in str(page.context["form"].errors["endpoint"])


def test_a_parent_of_another_project_is_refused(eva: Client, team: Team) -> None:
    other = a_team("Others", "others")
    parent = a_version(other, "theirs")
    page = register(eva, project="support-desk", slug="m", parent=parent.pk)
    assert "is of another project" in str(page.context["form"].errors["parent"])
