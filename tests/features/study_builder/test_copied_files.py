"""A study with several arms and test sets is copied whole, changed and run."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from evalhub.accounts.models import Project, User
from evalhub.accounts.permissions import NotAllowedError
from evalhub.declare.declaration import DeclarationError, validate
from evalhub.ledger.decide import decide_study
from evalhub.registry.models import ModelVersion, Run, Study, TestSetVersion
from evalhub.studies.file.document import study_document
from evalhub.studies.file.requirements import study_requirements
from evalhub.studies.file.spec import StudyFile
from evalhub.studies.web.copying import CopyError, copy_of, copy_study
from tests.cast import Team
from tests.features.exporters.test_study import all_that_a_file_can_say
from tests.features.study_builder.posting import form_of, new, post
from tests.site.cases import a_measured_study
from tests.studies.desks import Desk, ran, registered

ALIASES = ("desk", "grading")
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def a_home_of_its_own(settings: Any, tmp_path: Path) -> None:
    settings.HOME = tmp_path / "home"
    alias = {"url": "https://models.example.org/v1"}
    settings.ENDPOINTS = json.dumps(dict.fromkeys(ALIASES, alias))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    (tmp_path / "desk").mkdir()
    return Desk(tmp_path / "desk")


def asked(study: Study) -> Any:
    """What a study asks, whatever its files are called."""
    found = study_requirements(validate(StudyFile, study_document(study).data))
    for each in found.criteria.values():
        each.pop("file", None)  # type: ignore[attr-defined]
    return found


def page(client: Client, study: Study) -> Any:
    answer = client.post(reverse("site:copy_study", args=[study.pk]))
    assert answer.status_code == 200
    return answer


def test_all_its_arms_and_test_sets_are_copied_and_run(olga: Client, team: Team) -> None:
    first = a_measured_study(team)
    shown = page(olga, first)
    assert f"name: {first.name} (copy)" in shown.text
    assert Study.objects.count() == 1, "nothing is registered"
    versions = ModelVersion.objects.count()
    answer = post(olga, shown, run="1")
    assert answer.redirect_chain
    second = Study.objects.exclude(pk=first.pk).get()
    assert asked(second) == asked(first)
    assert ModelVersion.objects.count() == versions


def test_a_change_that_is_wrong_is_named_by_its_line_and_what_was_typed_is_kept(
    olga: Client, team: Team
) -> None:
    shown = post(olga, page(olga, a_measured_study(team)), edit="1")
    text = form_of(shown)["text"].replace("role: guard", "role: gard")
    answer = post(olga, shown, {"text": text}, read="1")
    assert "gard&quot; isn&#x27;t one of primary, guard, development" in answer.text
    assert form_of(answer)["text"] == text
    assert new() in answer.text


def test_with_everything_a_file_can_ask_it_is_the_same_question(desk: Desk) -> None:
    first = all_that_a_file_can_say(desk)
    runs, sets = Run.objects.count(), TestSetVersion.objects.count()
    second = copy_study(study=first, by=None, aliases=())
    assert second.name == "Shall we? (copy)"
    assert asked(second) == asked(first)
    assert (Run.objects.count(), TestSetVersion.objects.count()) == (runs, sets)
    decisions = [[each.content for each in decide_study(study=of)] for of in (first, second)]
    assert decisions[0] == decisions[1], "it says the same"


def asking(desk: Desk) -> Study:
    """A study whose candidates are asked, with a judge, a review and the best untuned baseline."""
    judge = {"openai": {"endpoint": "grading", "model": "judge"}}
    live = {"openai": {"endpoint": "desk", "model": "tuned"}}
    desk.rows("manual.jsonl", [{"id": "k", "text": "A kettle."}, {"id": "h", "text": "A heater."}])
    retriever = {"documents": "manual.jsonl", "k": 1}
    desk.study |= {
        "baseline": "best-untuned",
        "development": {"share": 0.3},
        "judges": {"grader": {"backend": judge}},
        "review": {"test_set": "triage", "question": "Which is right?", "items": 20},
        "candidate": "tuned",
    }
    desk.study["arms"]["rag"] = {
        "kind": "retrieval",
        "backend": live,
        "prompt": {"template": "{context} {input}", "retriever": retriever},
    }
    desk.study["arms"]["tuned"] = {
        "kind": "lora", "backend": live, "sampling": {"max_tokens": 9}, "budget": {"tokens": 9999},
        "price": {"prompt": 1.0, "completion": 2.0},
    }  # fmt: skip
    desk.study["test_sets"]["sums"] |= {
        "tier": "advisory",
        "margin": 0.5,
        "metric": {"name": "judge", "by": "grader", "rubric": "Right is right."},
    }
    return registered(desk)


def test_arms_that_are_asked_judges_a_review_and_the_best_untuned_are_copied(desk: Desk) -> None:
    first = asking(desk)
    versions = set(ModelVersion.objects.values_list("digest", flat=True))
    second = copy_study(study=first, by=None, aliases=ALIASES, name="Once more")
    assert second.name == "Once more"
    assert asked(second) == asked(first)
    old, new = (study_document(each).data for each in (first, second))
    assert {**old, "name": ""} == {**new, "name": ""}
    assert set(ModelVersion.objects.values_list("digest", flat=True)) == versions


def test_it_may_ask_otherwise_from_the_start(desk: Desk) -> None:
    first = ran(desk)
    second = copy_study(
        study=first,
        by=None,
        aliases=(),
        policy={"alpha": 0.01},
        demands={"sums": {"role": "guard", "margin": 0.01}},
    )
    assert second.policy.alpha == 0.01
    assert second.test_sets.get(name="sums").margin == 0.01
    with pytest.raises(DeclarationError, match="is no test set"):
        copy_study(study=first, by=None, aliases=(), demands={"none": {}})
    with pytest.raises(DeclarationError, match="is there already"):
        copy_study(study=first, by=None, aliases=(), name=second.name)
    third = copy_study(study=first, by=None, aliases=())
    assert third.name == "Shall we? (copy 2)"


def test_what_no_web_page_may_name_is_said_by_its_field(desk: Desk, root: Client) -> None:
    backend = {"url": "http://127.0.0.1:9/v1", "model": "m", "extra": {"top_k": 3}}
    desk.study["arms"]["tuned"]["backend"] = {"openai": backend}
    study = registered(desk)
    found = copy_of(study, by=None, aliases=ALIASES)
    assert [(each.field, each.said) for each in found.barred] == [
        (
            "arms.tuned.backend.openai.url",
            "is an address of its own: name an `endpoint` that an operator made",
        )
    ]
    assert [each.field for each in found.document.left_out] == ["arms.tuned.backend.openai.extra"]
    with pytest.raises(CopyError, match=r"arms\.tuned\.backend\.openai\.url"):
        copy_study(
            study=study, by=None, aliases=ALIASES, without=["arms.tuned.backend.openai.extra"]
        )
    shown = page(root, study)
    assert "is an address of its own: name an `endpoint`" in shown.text
    assert "<code>arms.tuned.backend.openai.extra</code>" in shown.text
    assert "top_k" not in shown.text
    post(root, shown, {"t:arms.tuned.backend.openai.endpoint": "desk"}, run="1")
    backends = Study.objects.get(name="Shall we? (copy)").arms.get(name="tuned").version.backend
    assert (backends["endpoint"], backends["model"]) == ("desk", "m")


@pytest.fixture
def root() -> Client:
    """A superuser, who sees the project of the desk."""
    user = User.objects.create_superuser("root", email="root@example.org")
    client = Client()
    client.force_login(user)
    return client


def test_a_model_on_this_machine_is_said_by_its_field(desk: Desk) -> None:
    desk.study["arms"]["tuned"]["training"] = {"data": "rows.jsonl"}
    desk.rows("rows.jsonl", [{"input": "Question 1?", "output": "right"}])
    found = copy_of(registered(desk), by=None, aliases=())
    assert [each.field for each in found.document.left_out] == ["arms.tuned.training.data"]
    assert found.barred == []


def test_sealed_scores_stay_sealed(desk: Desk) -> None:
    for arm, tone in (("base", 0.25), ("tuned", 0.75)):
        rows = ({"id": f"q{i}", "output": arm, "scores": {"tone": tone}} for i in range(60))
        desk.rows(f"{arm}.triage.jsonl", rows)
    desk.study["test_sets"]["triage"]["metric"] = {
        "name": "recorded", "score": "tone", "bounds": [0, 1],
    }  # fmt: skip
    study = ran(desk)
    with pytest.raises(CopyError, match=r"arms\.base\.backend\.recorded\.triage: .* sealed"):
        copy_study(study=study, by=None, aliases=())
    decide_study(study=study)
    assert copy_study(study=study, by=None, aliases=()).name == "Shall we? (copy)"


def test_who_doesnt_evaluate_copies_nothing(team: Team) -> None:
    with pytest.raises(NotAllowedError):
        copy_study(study=a_measured_study(team), by=team.rui, aliases=())
    assert Study.objects.count() == 1
    assert Project.objects.count() == 1
