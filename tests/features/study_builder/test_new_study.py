"""A study is built from files that somebody drops on a page."""

import json
import re
import zipfile
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from evalhub.accounts.models import Project, User
from evalhub.cli.app import run as command
from evalhub.registry.models import ModelVersion, Run, Study, TestSet
from evalhub.registry.slugs import slug_of
from evalhub.registry.uploads import Uploads
from tests.cast import Team, a_team, a_test_set
from tests.features.study_builder.posting import (
    BASE,
    HTMX,
    TUNED,
    answers,
    decided,
    file,
    form_of,
    lines,
    new,
    post,
    started,
    sums,
    three,
    with_files,
)

SUMS = "test_sets.sums"


@pytest.fixture(autouse=True)
def a_home_of_its_own(settings: Any, tmp_path: Path) -> None:
    settings.HOME = tmp_path / "home"


def nothing_registered() -> bool:
    return not any(kind.objects.exists() for kind in (Study, Run, TestSet, ModelVersion))


def study_file(page: Any) -> dict[str, Any]:
    """The study file as the page shows it."""
    return page.context["builder"].finished.document  # type: ignore[no-any-return]


def test_three_files_become_a_study_that_is_decided(olga: Client, team: Team) -> None:
    page = started(olga)
    study = Study.objects.get()
    assert page.redirect_chain[-1][0] == f"/studies/{study.pk}/"
    assert (study.project, study.name) == (team.project, "lora against base on sums")
    assert [(arm.name, arm.role, arm.version.kind) for arm in study.arms.all()] == [
        ("base", "baseline", "base"),
        ("lora", "candidate", "lora"),
    ]
    assert study.test_sets.get().metric.name == "numeric_match", "as the right answers are numbers"
    assert decided(study).verdict == "ship"


def test_a_candidate_of_unknown_kind_isnt_called_lora(olga: Client, team: Team) -> None:
    files = [file("a.jsonl", BASE), file("b.jsonl", TUNED), file("sums.jsonl", sums())]
    post(olga, with_files(olga, files=files), run="1")
    kinds = {arm.name: arm.version.kind for arm in Study.objects.get().arms.all()}
    assert kinds == {"a": "base", "b": "unknown"}


def test_what_it_can_show_and_costs_stands_there_before_anything_is_registered(
    olga: Client, team: Team
) -> None:
    page = with_files(olga)
    assert "1 of sums, at 0.0" in page.text
    assert re.search(r"the next candidate pays \d\.\d times the items", page.text)
    assert "Chance to ship if it gains" in page.text
    assert page.text.count("40 of 40") == 2
    assert nothing_registered()


def test_what_it_can_show_follows_what_must_hold(olga: Client, team: Team) -> None:
    page = post(olga, with_files(olga), {f"t:{SUMS}.role": "guard"})
    assert study_file(page)["test_sets"]["sums"]["role"] == "guard"
    inputs = form_of(page) | {f"n:{SUMS}.margin": "0.1"}
    live = olga.post(new(), inputs, headers=HTMX | {"HX-Target": "live"}).text
    assert "more for 0.1" in live
    assert "Likely to stay open" in live
    assert "<html" not in live


def test_one_file_of_answers_is_dealt_to_the_test_set_and_the_skills(
    olga: Client, team: Team
) -> None:
    skills = [olga.get(f"/studies/new/skills/{name}/?items=20") for name in ("facts", "dates")]
    rows = [json.loads(line) for each in skills for line in each.text.splitlines()]
    general = lines(*({"id": row["id"], "output": row["reference"]} for row in rows))
    page = with_files(olga, **three(base=BASE + general, tuned=TUNED + general))
    page = post(olga, page, {"skills": ["facts", "dates"], "skill_items": "20"})
    assert page.text.count("80 of 80") == 2
    post(olga, page, run="1")
    study = Study.objects.get()
    assert {(each.name, each.role) for each in study.test_sets.all()} == {
        ("sums", "primary"),
        ("general-facts", "guard"),
        ("general-dates", "guard"),
    }
    assert Run.objects.filter(studies__arm__study=study).count() == 6


def test_answers_that_a_skill_lacks_are_counted_and_named(olga: Client, team: Team) -> None:
    page = post(olga, with_files(olga), {"skills": ["facts"]})
    assert page.text.count("40 of 140") == 2
    assert "general-facts" in page.text
    refused = post(olga, page, run="1")
    assert "has no file of the answers to &#x27;general-facts&#x27;" in refused.text
    assert not Study.objects.exists()


def test_several_test_sets_each_with_its_metric_and_role(olga: Client, team: Team) -> None:
    more = lines(*({"id": f"r{i}", "input": "Say no", "reference": "no"} for i in range(30)))
    said = lines(*({"id": f"r{i}", "output": "no"} for i in range(30)))
    files = three(base=BASE + said, tuned=TUNED + said)
    files["files"].append(file("refusals.jsonl", more))
    page = with_files(olga, **files)
    assert {name: each["role"] for name, each in study_file(page)["test_sets"].items()} == {
        "refusals": "primary",
        "sums": "guard",
    }
    changed = {"t:test_sets.refusals.role": "guard", f"t:{SUMS}.role": "primary"}
    page = post(olga, page, changed)
    changed = {"n:test_sets.refusals.margin": "0.2", "name:test_sets.refusals": "no"}
    post(olga, page, changed, run="1")
    rows = {each.name: each for each in Study.objects.get().test_sets.all()}
    assert (rows["no"].role, rows["no"].margin, rows["no"].metric.name) == (
        "guard",
        0.2,
        "exact_match",
    )
    assert rows["sums"].role == "primary"


def test_an_id_of_two_test_sets_is_named(olga: Client, team: Team) -> None:
    files = three()
    files["files"].append(file("others.jsonl", sums(3)))
    page = with_files(olga, **files)
    assert "&#x27;q0&#x27; is an item of others and sums" in post(olga, page, run="1").text


def test_a_file_for_each_arm_and_test_set_needs_no_dealing(olga: Client, team: Team) -> None:
    files = three()
    files["files"].append(file("others.jsonl", sums(3)))
    page = with_files(olga, **files)
    page = post(olga, page, take_out="test_sets.others")
    both = [file("others.jsonl", sums(3))]
    page = post(olga, page, files=both)
    named = {"base": BASE, "lora": TUNED}
    for arm, text in named.items():
        short = "".join(text.splitlines(keepends=True)[:3])
        more = [file(f"{arm}.sums.jsonl", text), file(f"{arm}.others.jsonl", short)]
        page = post(olga, page, files=more)
    assert page.text.count("43 of 43") == 2
    assert post(olga, page, run="1").redirect_chain


def test_files_are_kept_where_something_else_is_wrong(olga: Client, team: Team) -> None:
    page = started(olga, {f"t:{SUMS}.metric.extract": "answer is .*"})
    assert page.status_code == 400
    assert "has no group" in page.text
    assert f'href="#{SUMS}.metric.extract"' in page.text, "the message leads to the input"
    assert f'id="{SUMS}.metric.extract"' in page.text
    assert nothing_registered()
    assert post(olga, page, {f"t:{SUMS}.metric.extract": ""}, run="1").redirect_chain


def test_a_line_that_is_wrong_is_named_with_its_file_and_field(olga: Client, team: Team) -> None:
    broken = BASE + '{"id": "q1", "output": "again"}\n'
    page = with_files(olga, **three(base=broken))
    message = "base.jsonl, line 41, field &#x27;id&#x27;: &#x27;q1&#x27; was answered on line 2"
    assert message in page.text
    refused = post(olga, page, run="1")
    assert message in refused.text
    assert "uploads" not in refused.text, "no path of this machine"
    assert nothing_registered()


def test_an_answer_to_no_item_is_named_too(olga: Client, team: Team) -> None:
    page = with_files(olga, **three(tuned=TUNED + lines({"id": "q99", "output": "1"})))
    assert re.search(r"lora\.jsonl, line 41, field &#x27;id&#x27;: .*q99", page.text)


def test_what_holds_no_rows_is_refused_and_not_kept(olga: Client, team: Team) -> None:
    page = with_files(olga, files=[file("base.pdf", "%PDF-1.7\n\x00\x01")])
    assert "base.pdf" in page.text
    assert len(Uploads(team.project)) == 0


def test_a_file_that_is_too_large_is_refused(olga: Client, team: Team) -> None:
    page = with_files(olga, files=[file("base.jsonl", " " * (32 * 1024 * 1024 + 1))])
    assert "at most 33,554,432 are taken here" in page.text
    assert len(Uploads(team.project)) == 0


def test_other_names_of_fields_are_recognised(olga: Client, team: Team) -> None:
    items = lines(*({"key": f"k{i}", "question": f"Say {i}", "target": "x"} for i in range(5)))
    said = lines(*({"key": f"k{i}", "response": "x"} for i in range(5)))
    other = lines(*({"key": f"k{i}", "completion": "y"} for i in range(5)))
    page = with_files(olga, **three(items, said, other))
    assert post(olga, page, run="1").redirect_chain
    assert TestSet.objects.get().versions.get().item_count == 5


def test_a_test_set_of_the_project_can_be_taken_and_is_that_very_version(
    olga: Client, team: Team
) -> None:
    version = a_test_set(
        team,
        items=[
            {"key": "a", "input": "Say x", "references": ["x"], "tags": ["t"], "reference": "odd"},
            {"key": "b", "input": [{"role": "user", "content": "Say y"}], "references": ["y", "z"]},
        ],
    )
    right = lines({"id": "a", "output": "x"}, {"id": "b", "output": "y"})
    other = lines({"id": "a", "output": "y"}, {"id": "b", "output": "y"})
    page = with_files(olga, files=[file("base.jsonl", other), file("lora.jsonl", right)])
    page = post(olga, page, new_test_set=str(version.pk), add_test_set="1")
    packed = zipfile.ZipFile(BytesIO(post(olga, page, download="1").content))
    assert set(packed.namelist()) == {
        "study.yaml",
        "base.jsonl",
        "lora.jsonl",
        "questions.jsonl",
    }
    post(olga, page, run="1")
    assert Study.objects.get().test_sets.get().test_set_version == version


def test_another_teams_test_set_is_not_to_be_had(olga: Client, team: Team) -> None:
    others = Project.objects.create(slug="others", name="Others")
    version = a_test_set(replace(team, project=others), "secrets", items=2)
    page = post(olga, olga.get(new()), new_test_set=str(version.pk), add_test_set="1")
    assert "secrets" not in page.text
    assert len(Uploads(team.project)) == 0


def test_a_proposed_name_that_is_taken_gets_a_number(olga: Client, team: Team) -> None:
    for _ in range(2):
        started(olga)
    names = {each.name for each in Study.objects.all()}
    assert names == {"lora against base on sums", "lora against base on sums 2"}


def test_so_it_does_where_many_are_taken(olga: Client, team: Team) -> None:
    """More than are asked for at a time."""
    name = "lora against base on sums"
    names = [name, *(f"{name} {number}" for number in range(2, 31))]
    Study.objects.bulk_create(
        Study(project=team.project, slug=slug_of(each), name=each) for each in names
    )
    started(olga)
    assert Study.objects.filter(name=f"{name} 31").exists()


def test_a_name_of_ones_own_that_is_taken_changes_no_study(olga: Client, team: Team) -> None:
    started(olga, {"t:name": "Sums"})
    page = started(olga, {"t:name": "Sums", f"n:{SUMS}.min_gain": "0.5"})
    assert "“Sums” is there already" in page.text
    assert 'href="#name"' in page.text
    assert Study.objects.get().test_sets.get().min_gain == 0


def test_nothing_starts_before_the_files_are_there(olga: Client, team: Team) -> None:
    page = post(olga, olga.get(new()), run="1")
    assert page.status_code == 400
    assert "Still to add: two arms and a test set" in page.text
    assert nothing_registered()


def test_the_study_file_that_is_downloaded_runs_beside_its_files(
    olga: Client, team: Team, tmp_path: Path
) -> None:
    answer = post(olga, with_files(olga), download="1")
    zipfile.ZipFile(BytesIO(answer.content)).extractall(tmp_path / "there")
    assert {each.name for each in (tmp_path / "there").iterdir()} == {
        "study.yaml",
        "sums.jsonl",
        "base.jsonl",
        "lora.jsonl",
    }
    assert nothing_registered()
    assert command(["study", "run", "--dry-run", str(tmp_path / "there" / "study.yaml")]) == 0


def test_a_development_set_is_read_and_not_judged(olga: Client, team: Team) -> None:
    page = post(olga, with_files(olga), {f"t:{SUMS}.role": "development"})
    assert "it is only read, and there is no verdict" in page.text
    post(olga, page, run="1")
    assert Study.objects.get().test_sets.get().role == "development"


def test_only_who_evaluates_may(rui: Client, stranger: Client, team: Team) -> None:
    for client in (rui, stranger):
        assert client.get(new()).status_code == 403
        assert client.post(new(), three() | {"run": "1"}).status_code == 403
    assert nothing_registered()


def test_a_project_that_isnt_ones_own_is_not_taken(olga: Client, team: Team) -> None:
    Project.objects.create(slug="others", name="Others")
    started(olga, {"project": "others"})
    assert Study.objects.get().project == team.project


def test_what_the_metric_takes_is_shown_with_sealed_scores(olga: Client, team: Team) -> None:
    page = post(olga, with_files(olga), preview="sums", typed="It is 7")
    assert "Answer of" in page.text
    assert "Your answer to the first item" in page.text
    assert "stay sealed until a decision" in page.text


def test_answers_of_another_form_are_said_to_hold_nothing(olga: Client, team: Team) -> None:
    words = answers(lambda i: True, said="No number")
    page = post(olga, with_files(olga, **three(tuned=words)), preview="sums")
    assert "finds nothing to compare" in page.text


def test_the_list_of_studies_leads_there(olga: Client, team: Team) -> None:
    assert new() in olga.get("/studies/").text


def test_files_follow_into_another_project_of_ones_own(olga: Client, team: Team) -> None:
    second = a_team("Billing", "billing")
    post(olga, with_files(olga), {"project": "billing"}, run="1")
    assert Study.objects.get().project == second.project


def test_files_of_a_project_that_isnt_ones_own_are_not_taken(
    olga: Client, stranger: Client, team: Team
) -> None:
    page = with_files(olga)
    own = Project.objects.create(slug="own", name="Own")
    own.memberships.create(user=team.sam, role="owner")
    taken = stranger.post(new(), form_of(page) | {"project": "own"})
    assert taken.text.count("has expired: add it again") == 3
    assert len(Uploads(own)) == 0


def test_people_a_budget_and_their_price_stand_beside_it(olga: Client, team: Team) -> None:
    page = post(olga, with_files(olga), {"n:review.items": "30"})
    assert re.search(r"3 people, about \d+ minutes each", page.text)
    assert study_file(page)["review"] == {"items": 30, "test_set": "sums"}
    post(olga, page, run="1")
    review = Study.objects.get().review
    assert review is not None
    assert (review.items, review.test_set) == (30, "sums")


def test_a_site_without_a_project_says_so(db: None) -> None:
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    assert "no project yet" in client.get(new(), follow=True).text
