"""Two files of answers and a test set become a study, or a study file, in one page."""

import io
import json
import re
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.test import Client

from evalhub.accounts.models import Project, User
from evalhub.cli.app import run as command
from evalhub.registry.models import ModelVersion, Run, Study, TestSet
from evalhub.registry.uploads import Uploads
from tests.cast import Team, a_team, a_test_set
from tests.site.comparing.handing_in import (
    BASE,
    TUNED,
    answers,
    compared,
    decided,
    file,
    in_folder,
    lines,
    new,
    sums,
    three,
    with_files,
)
from tests.site.test_campaign_pages import filled

HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def a_home_of_its_own(settings: Any, tmp_path: Path) -> None:
    settings.HOME = tmp_path / "home"


def nothing_registered() -> bool:
    return not any(kind.objects.exists() for kind in (Study, Run, TestSet, ModelVersion))


def test_three_files_become_a_study_that_is_decided(olga: Client, team: Team) -> None:
    page = compared(olga)
    study = Study.objects.get()
    assert page.redirect_chain[-1][0] == f"/studies/{study.pk}/"
    assert (study.project, study.name) == (team.project, "lora against base on sums")
    assert [(arm.name, arm.role) for arm in study.arms.all()] == [
        ("base", "baseline"),
        ("lora", "candidate"),
    ]
    assert study.test_sets.get().metric.name == "numeric_match", "as the right answers are numbers"
    assert decided(study).verdict == "ship"


def test_what_it_can_show_and_costs_stands_there_before_anything_is_registered(
    olga: Client, team: Team
) -> None:
    page = with_files(olga)
    assert "sums: look 1, at level" in page.text
    assert "40 items find a gain of" in page.text
    assert nothing_registered()


def test_the_price_follows_what_must_hold(olga: Client, team: Team) -> None:
    given = filled(with_files(olga), role="guard", margin="0.1")
    shown = olga.post(new(), given, headers=HTMX | {"HX-Target": "live"}).text
    assert "show that less than" in shown
    assert "The margin of 0.1 needs" in shown
    assert "<html" not in shown


def test_files_that_were_dropped_together_find_their_places(olga: Client, team: Team) -> None:
    dropped = [file("tuned.jsonl", TUNED), file("sums.jsonl", sums()), file("a.jsonl", BASE)]
    page = with_files(olga, dropped=dropped)
    form = page.context["form"]
    assert {slot: form[f"{slot}_name"].value() for slot in ("items", "baseline", "candidate")} == {
        "items": "sums.jsonl",
        "baseline": "a.jsonl",
        "candidate": "tuned.jsonl",
    }


def test_files_are_kept_where_something_else_is_wrong(olga: Client, team: Team) -> None:
    page = compared(olga, option_extract="answer is .*")
    assert "has no group" in page.text
    assert page.text.count(", kept</span>") == 3
    assert nothing_registered()
    again = filled(page, option_extract="") | {"run": "1"}
    assert olga.post(new(), again, follow=True).redirect_chain


def test_a_line_that_is_wrong_is_named_with_its_file_and_field(olga: Client, team: Team) -> None:
    broken = BASE + '{"id": "q1", "output": "again"}\n'
    page = with_files(olga, **three(base=broken))
    said = "base.jsonl, line 41, field &#x27;id&#x27;: &#x27;q1&#x27; was answered on line 2"
    assert said in page.text
    refused = olga.post(new(), filled(page) | {"run": "1"})
    assert said in refused.text
    assert "uploads" not in refused.text, "no path of this machine"
    assert nothing_registered()


def test_an_answer_to_no_item_is_named_too(olga: Client, team: Team) -> None:
    page = with_files(olga, **three(tuned=TUNED + lines({"id": "q99", "output": "1"})))
    assert re.search(r"lora\.jsonl, line 41, field &#x27;id&#x27;: .*q99", page.text)


def test_what_holds_no_rows_is_refused_in_its_place_and_not_kept(olga: Client, team: Team) -> None:
    page = with_files(olga, baseline_file=file("base.pdf", "%PDF-1.7\n\x00\x01"))
    assert "base.pdf" in page.text
    assert 'id="baseline_wrong"' in page.text
    assert len(Uploads(team.project)) == 0


def test_a_file_that_is_too_large_is_refused(olga: Client, team: Team) -> None:
    page = with_files(olga, baseline_file=file("base.jsonl", " " * (32 * 1024 * 1024 + 1)))
    assert "at most 33,554,432 are taken here" in page.text
    assert len(Uploads(team.project)) == 0


def test_other_names_of_fields_are_found(olga: Client, team: Team) -> None:
    items = lines(*({"key": f"k{i}", "question": f"Say {i}", "target": "x"} for i in range(5)))
    said = lines(*({"key": f"k{i}", "response": "x"} for i in range(5)))
    other = lines(*({"key": f"k{i}", "completion": "y"} for i in range(5)))
    page = with_files(olga, **three(items, said, other))
    assert olga.post(new(), filled(page) | {"run": "1"}, follow=True).redirect_chain
    assert TestSet.objects.get().versions.get().item_count == 5


def test_a_test_set_of_the_project_can_be_taken_and_is_that_very_version(
    olga: Client, team: Team
) -> None:
    there = a_test_set(
        team,
        items=[
            {"key": "a", "input": "Say x", "references": ["x"], "tags": ["t"], "reference": "odd"},
            {"key": "b", "input": [{"role": "user", "content": "Say y"}], "references": ["y", "z"]},
        ],
    )
    said = lines({"id": "a", "output": "x"}, {"id": "b", "output": "y"})
    other = lines({"id": "a", "output": "y"}, {"id": "b", "output": "y"})
    arms = three(base=other, tuned=said)
    del arms["items_file"]
    page = with_files(olga, **arms, test_set=str(there.pk))
    olga.post(new(), filled(page) | {"run": "1"})
    assert Study.objects.get().test_sets.get().test_set_version == there


def test_another_teams_test_set_is_not_to_be_had(olga: Client, team: Team) -> None:
    others = Project.objects.create(slug="others", name="Others")
    theirs = a_test_set(replace(team, project=others), "secrets", items=2)
    page = with_files(olga, test_set=str(theirs.pk))
    assert "secrets" not in page.text
    assert len(Uploads(team.project)) == 0


def test_a_name_that_is_taken_changes_no_study(olga: Client, team: Team) -> None:
    compared(olga)
    page = compared(olga, margin="0.5", role="guard")
    assert "is there already: choose another name" in page.text
    assert Study.objects.get().test_sets.get().role == "primary"


def test_nothing_is_compared_before_the_files_are_there(olga: Client, team: Team) -> None:
    page = olga.post(new(), filled(olga.get(new()), project="support-desk") | {"run": "1"})
    said = "the test set, the baseline’s answers and the candidate’s answers"
    assert f"There is nothing to compare yet: add {said}." in page.text
    assert nothing_registered()


def test_the_study_file_that_is_downloaded_runs_beside_the_files(
    olga: Client, team: Team, tmp_path: Path
) -> None:
    page = with_files(olga)
    given = olga.post(new(), filled(page) | {"download": "1"})
    assert given["Content-Disposition"] == 'attachment; filename="lora-against-base-on-sums.yaml"'
    assert nothing_registered()
    (tmp_path / "study.yaml").write_bytes(given.content)
    in_folder(tmp_path, sums=sums(), base=BASE, lora=TUNED)
    assert command(["study", "run", "--dry-run", str(tmp_path / "study.yaml")]) == 0
    assert yaml.safe_load(given.content)["arms"]["lora"]["backend"] == {"recorded": "lora.jsonl"}


def test_a_development_set_is_read_and_not_judged(olga: Client, team: Team) -> None:
    page = compared(olga, role="development")
    assert page.redirect_chain
    assert Study.objects.get().test_sets.get().test_set_version.read_freely


def test_only_who_evaluates_may(rui: Client, stranger: Client, team: Team) -> None:
    for client in (rui, stranger):
        assert client.get(new()).status_code == 403
        assert client.post(new(), three()).status_code == 403
    assert len(Uploads(team.project)) == 0


def test_a_project_that_isnt_ones_own_is_not_taken(olga: Client, team: Team) -> None:
    Project.objects.create(slug="others", name="Others")
    page = olga.post(new(), {"project": "others", **three()})
    assert page.context["comparison"].project == team.project


def test_answers_of_another_form_are_said_to_hold_nothing(olga: Client, team: Team) -> None:
    page = with_files(olga, **three(tuned=answers(lambda i: True, said="Well")))
    assert "In 5 of these answers the metric finds nothing to compare." in page.text


def test_the_list_of_studies_leads_there(olga: Client, team: Team) -> None:
    assert new() in olga.get("/studies/").text


def test_what_the_form_says_is_a_document_of_json(olga: Client, team: Team) -> None:
    document = with_files(olga).context["comparison"].document()
    assert json.loads(json.dumps(document)) == document


def test_a_test_set_of_the_project_comes_with_the_study_file(olga: Client, team: Team) -> None:
    there = a_test_set(team, items=[{"key": "a", "input": "Say x", "references": ["x"]}])
    arms = three(base=lines({"id": "a", "output": "y"}), tuned=lines({"id": "a", "output": "x"}))
    del arms["items_file"]
    page = with_files(olga, **arms, test_set=str(there.pk))
    given = olga.post(new(), filled(page) | {"download": "1"})
    packed = zipfile.ZipFile(io.BytesIO(given.content))
    assert packed.namelist() == ["study.yaml", "questions.jsonl"]
    said = yaml.safe_load(packed.read("study.yaml"))
    assert said["test_sets"]["questions"]["file"] == "questions.jsonl"


def test_files_follow_into_another_project_of_ones_own(olga: Client, team: Team) -> None:
    second = a_team("Billing", "billing")
    page = with_files(olga)
    olga.post(new(), filled(page, project="billing") | {"run": "1"})
    assert Study.objects.get().project == second.project


def test_files_of_a_project_that_isnt_ones_own_are_not_taken(
    olga: Client, stranger: Client, team: Team
) -> None:
    page = with_files(olga)
    own = Project.objects.create(slug="own", name="Own")
    own.memberships.create(user=team.sam, role="owner")
    taken = stranger.post(new(), filled(page, project="own"))
    assert taken.text.count("This file has expired: add it again") == 3
    assert len(Uploads(own)) == 0


def test_a_site_without_a_project_says_so(db: None) -> None:
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    answer = client.get(new(), follow=True)
    assert "There is no project yet" in answer.text
