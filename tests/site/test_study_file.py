"""A study file and the files that it names, sent by a form."""

import json
import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from evalhub.accounts.models import Project
from evalhub.registry.models import Run, Study
from tests.cast import Team

PAGE = reverse("site:send_study")
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


def lines(*rows: dict[str, Any]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def the_files(**instead: bytes) -> list[SimpleUploadedFile]:
    ids = [f"t{n}" for n in range(8)]
    found = {
        "tickets.jsonl": lines(*({"id": i, "input": i, "reference": "yes"} for i in ids)),
        "old.tickets.jsonl": lines(*({"id": i, "output": "no"} for i in ids)),
        "new.jsonl": lines(*({"id": i, "output": "yes"} for i in ids)),
    } | instead
    return [SimpleUploadedFile(name, content) for name, content in found.items()]


def sent(client: Client, team: Team, text: str = STUDY, **more: Any) -> Any:
    form = {"project": team.project.slug, "text": text, "files": the_files()} | more
    return client.post(PAGE, form)


def kept(page: str) -> dict[str, list[str]]:
    """What the page would send again of itself."""
    return {
        name: re.findall(rf'name="{name}" value="([^"]*)"', page) for name in ("kept", "kept_name")
    }


def test_a_study_and_its_files_are_registered_and_launched(eva: Client, team: Team) -> None:
    answer = sent(eva, team)
    study = Study.objects.get()
    assert answer.status_code == 302
    assert answer.url == reverse("site:study", args=[study.pk])
    assert study.project == team.project
    assert Run.objects.filter(studies__arm__study=study).count() == 2


def test_the_study_file_may_come_as_a_file_and_as_json(eva: Client, team: Team) -> None:
    study = SimpleUploadedFile("study.yaml", STUDY.encode())
    assert sent(eva, team, text="", study=study).status_code == 302
    document = {
        "schema": "evalhub.study/1", "name": "As JSON", "baseline": "old",
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
    assert sent(eva, team, text=json.dumps(document)).status_code == 302
    assert {each.name for each in Study.objects.all()} == {"Tickets", "As JSON"}


def test_a_project_in_the_file_gives_way_to_the_form_s(eva: Client, team: Team) -> None:
    assert sent(eva, team, text=STUDY + "project: elsewhere\n").status_code == 302
    assert Study.objects.get().project == team.project


@pytest.mark.parametrize(
    ("was", "instead", "said"),
    [
        ("kind: lora", "kind: lorra", "arms.new.kind"),
        ("tickets.jsonl, role", "others.jsonl, role", "add the file others.jsonl"),
        ("answers/old.{test_set}.jsonl", "older.{test_set}.jsonl", "like older.{test_set}.jsonl"),
        ("name: Tickets", "name: [", "the study file, line"),
        ("kind: base, backend: {recorded: ", "kind: base, backend: {openai: ", "arms.old.backend"),
    ],
)
def test_what_is_wrong_is_said_and_all_that_was_sent_is_kept(
    eva: Client, team: Team, was: str, instead: str, said: str
) -> None:
    text = STUDY.replace(was, instead)
    assert text != STUDY
    answer = sent(eva, team, text=text)
    assert answer.status_code == 400
    assert said in answer.text
    assert "Not run:" in answer.text
    assert not Study.objects.exists()
    assert instead.split(":")[0] in answer.text  # the text as it was sent
    again = eva.post(PAGE, {"project": team.project.slug, "text": STUDY} | kept(answer.text))
    assert again.status_code == 302, "the files were kept"


def test_a_file_with_a_wrong_row_is_named_as_its_sender_did(eva: Client, team: Team) -> None:
    wrong = the_files(**{"tickets.jsonl": b'{"id": "t1", "input": "a", "reference": "b"}\n{"id"\n'})
    answer = sent(eva, team, files=wrong)
    assert answer.status_code == 400
    assert "tickets.jsonl" in answer.text.partition("Not run:")[2]
    assert "line 2" in answer.text


@pytest.mark.parametrize("path", ["/etc/passwd", "../../secret.jsonl", "sha256:" + "0" * 64])
def test_no_file_of_the_site_s_machine_is_read(eva: Client, team: Team, path: str) -> None:
    answer = sent(eva, team, text=STUDY.replace("answers/new.jsonl", path))
    assert answer.status_code == 400
    assert "arms.new.backend.recorded" in answer.text
    assert not Study.objects.exists()


def test_nothing_is_made_in_a_project_of_others(eva: Client, team: Team) -> None:
    other = Project.objects.create(slug="others", name="Others")
    sent(eva, team, project="others")
    assert not Study.objects.filter(project=other).exists()


def test_reviewers_make_none(rui: Client, team: Team) -> None:
    assert sent(rui, team).status_code == 403
    assert rui.get(PAGE).status_code == 403
    assert not Study.objects.exists()
