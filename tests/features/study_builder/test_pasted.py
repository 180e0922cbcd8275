"""A study file that is pasted or dropped opens in the builder, its flaws listed by line."""

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from evalhub.accounts.models import Project
from evalhub.registry.models import Run, Study
from tests.cast import Team
from tests.features.study_builder.posting import form_of, lines, new, post

STUDY = """\
schema: evalhub.study/1
name: Tickets
baseline: old
candidate: new
arms:
  old: {kind: base, backend: {recorded: "answers/old.{test_set}.jsonl"}}
  new: {kind: lora, parent: old, backend: {recorded: answers/new.jsonl}}
test_sets:
  tickets: {file: tickets.jsonl, role: primary, metric: {name: exact_match}}
"""


@pytest.fixture(autouse=True)
def a_home_of_its_own(settings: Any, tmp_path: Any) -> None:
    settings.HOME = tmp_path / "home"


def the_files(**instead: bytes) -> list[SimpleUploadedFile]:
    ids = [f"t{n}" for n in range(8)]
    contents = {
        "tickets.jsonl": lines(*({"id": i, "input": i, "reference": "yes"} for i in ids)).encode(),
        "old.tickets.jsonl": lines(*({"id": i, "output": "no"} for i in ids)).encode(),
        "new.jsonl": lines(*({"id": i, "output": "yes"} for i in ids)).encode(),
    } | instead
    return [SimpleUploadedFile(name, content) for name, content in contents.items()]


def pasted(client: Client, text: str = STUDY, files: Any = ()) -> Any:
    """The page after the study file's text was pasted, and its files dropped."""
    page = post(client, client.get(new()), {"text": text}, read="1")
    return post(client, page, files=list(files)) if files else page


def test_it_opens_with_its_files_still_to_be_dropped_and_then_starts(
    olga: Client, team: Team
) -> None:
    page = pasted(olga)
    assert "the file tickets.jsonl is missing: drop it here" in page.text
    assert "files called like old.{test_set}.jsonl are missing" in page.text
    page = post(olga, page, files=the_files())
    assert page.text.count("8 of 8") >= 1
    assert post(olga, page, run="1").redirect_chain
    study = Study.objects.get()
    assert (study.name, study.project) == ("Tickets", team.project)
    assert Run.objects.filter(studies__arm__study=study).count() == 2


def test_a_study_file_is_dropped_with_the_files_that_it_names(olga: Client, team: Team) -> None:
    study = SimpleUploadedFile("study.yaml", STUDY.encode())
    page = post(olga, olga.get(new()), files=[*the_files(), study])
    assert post(olga, page, run="1").redirect_chain
    assert Study.objects.get().name == "Tickets"


def test_json_is_read_too_and_a_project_in_it_gives_way_to_the_page_s(
    olga: Client, team: Team
) -> None:
    document = {
        "schema": "evalhub.study/1", "name": "As JSON", "baseline": "old", "project": "elsewhere",
        "arms": {
            "old": {"kind": "base", "backend": {"recorded": "old.tickets.jsonl"}},
            "new": {"kind": "lora", "backend": {"recorded": "new.jsonl"}},
        },
        "test_sets": {
            "tickets": {
                "file": "tickets.jsonl", "role": "primary", "metric": {"name": "exact_match"},
            }
        },
    }  # fmt: skip
    page = pasted(olga, json.dumps(document), the_files())
    assert post(olga, page, run="1").redirect_chain
    assert Study.objects.get().project == team.project


def test_all_that_is_wrong_is_listed_at_once_by_its_line(olga: Client, team: Team) -> None:
    text = (
        STUDY.replace("kind: lora", "kind: lorra")
        .replace("role: primary", "role: first")
        .replace("name: exact_match", "name: exact_mach")
        .replace("name: Tickets", "name: 7")
    )
    page = pasted(olga, text)
    listed = [(each.line, each.field) for each in page.context["builder"].flaws]
    assert (2, "name") in listed
    assert (7, "arms.new.kind") in listed
    assert (9, "test_sets.tickets.role") in listed
    assert any(line == 9 and "metric" in field for line, field in listed)
    assert form_of(page)["text"] == text.rstrip("\n") or form_of(page)["text"] == text
    assert not Study.objects.exists()


def test_what_isn_t_yaml_keeps_its_text_and_names_the_line(olga: Client, team: Team) -> None:
    text = STUDY.replace("name: Tickets", "name: [")
    page = pasted(olga, text)
    assert "isn&#x27;t YAML" in page.text
    assert form_of(page)["text"].startswith("schema: evalhub.study/1\nname: [")


def test_a_file_with_a_wrong_row_is_named_as_its_sender_did(olga: Client, team: Team) -> None:
    wrong = the_files(**{"tickets.jsonl": b'{"id": "t1", "input": "a", "reference": "b"}\n{"id"\n'})
    page = pasted(olga, STUDY, wrong)
    assert "tickets.jsonl, line 2" in page.text


@pytest.mark.parametrize("path", ["/etc/passwd", "../../secret.jsonl", "sha256:" + "0" * 64])
def test_no_file_of_the_site_s_machine_is_read(olga: Client, team: Team, path: str) -> None:
    page = pasted(olga, STUDY.replace("answers/new.jsonl", path), the_files())
    refused = post(olga, page, run="1")
    assert refused.status_code == 400
    assert "arms.new.backend.recorded" in refused.text
    assert not Study.objects.exists()


def test_nothing_is_made_in_a_project_of_others(olga: Client, team: Team) -> None:
    other = Project.objects.create(slug="others", name="Others")
    post(olga, pasted(olga, STUDY, the_files()), {"project": "others"}, run="1")
    assert not Study.objects.filter(project=other).exists()
