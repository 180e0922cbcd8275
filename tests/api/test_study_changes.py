"""A study copied and changed by REST: by the same verbs as the pages do it."""

from collections.abc import Callable
from typing import Any

import pytest

from evalhub.accounts.models import LogEntry, Scope
from evalhub.registry.models import Run, Study
from tests.api.conftest import Program
from tests.api.sums import HALF, ITEMS, RIGHT, study
from tests.api.test_studies import upload, worked_on

Programs = Callable[..., Program]
pytestmark = pytest.mark.django_db


@pytest.fixture
def caller(program: Programs) -> Program:
    """Somebody with the study `sums`, whose runs have ended."""
    found = program()
    upload(found, ITEMS, RIGHT, HALF)
    assert found.post("/studies", study()).status_code == 202
    worked_on()
    return found


def flaws(answer: Any, code: int = 409) -> dict[str, str]:
    assert answer.status_code == code, answer.content
    return {each["field"]: each["message"] for each in answer.json()["errors"]}


def test_a_copy_asks_the_same_of_the_same_answers_and_says_the_same(caller: Program) -> None:
    runs = Run.objects.count()
    made = caller.post("/studies/sums/copies", {"name": "Once more"}, key="one")
    assert made.status_code == 202, made.content
    assert made.json()["name"] == "Once more"
    assert made.headers["Location"] == caller.at(f"/studies/{made.json()['slug']}")
    worked_on()
    assert Run.objects.count() == runs
    first, second = (each["content"] for each in caller.get("/decisions").json()["results"])
    assert first == second
    again = caller.post("/studies/sums/copies", {"name": "Once more"}, key="one")
    assert again.json() == made.json()
    assert Study.objects.count() == 2


def test_a_copy_may_ask_otherwise_before_it_runs(caller: Program) -> None:
    demand = {"role": "primary", "min_gain": 0.1}
    asked = {"policy": {"alpha": 0.01}, "demands": {"sums": demand}}
    made = caller.post("/studies/sums/copies", asked)
    assert made.json()["name"] == "Sums (copy)"
    found = caller.get(f"/studies/{made.json()['slug']}/policy").json()
    assert (found["policy"]["alpha"], found["demands"]) == (0.01, {"sums": demand})


def test_a_copy_that_cant_be_names_its_fields(caller: Program) -> None:
    taken = caller.post("/studies/sums/copies", {"name": "sums"})
    assert flaws(taken, 400) == {"name": "“Sums” is there already: choose another name"}
    wrong = caller.post("/studies/sums/copies", {"demands": {"sums": {"role": "gard"}}})
    assert list(flaws(wrong, 400)) == ["test_sets.sums.role"]
    arm = Study.objects.get().arms.get(name="tuned")
    backend = {"type": "openai", "url": "http://m/v1", "model": "m", "headers": {"X-Key": "s3cret"}}
    arm.version.__class__.objects.filter(pk=arm.version_id).update(backend=backend)
    refused = caller.post("/studies/sums/copies")
    assert list(flaws(refused)) == [
        "arms.tuned.backend.openai.url",
        "arms.tuned.backend.openai.headers",
    ]
    assert "s3cret" not in refused.content.decode()
    assert Study.objects.count() == 1


def test_who_sends_a_study_has_started_it_once(caller: Program) -> None:
    row = Study.objects.get()
    (started,) = LogEntry.objects.filter(action="study-started")
    assert started.what == f"study {row.pk}, {row.name}"
    assert started.by is not None
    assert caller.post("/studies", study()).status_code == 202
    assert LogEntry.objects.filter(action="study-started").count() == 1


def test_what_is_asked_is_changed_with_its_difference_and_noted(caller: Program) -> None:
    change = {"policy": {"alpha": 0.05}}
    shown = caller.post("/studies/sums/policy", change | {"dry_run": True})
    assert shown.status_code == 200, shown.content
    found = shown.json()
    assert found["changes"] == [{"field": "alpha", "was": 0.025, "now": 0.05, "effect": "easier"}]
    assert not found["changed"]
    assert [each["test_set"] for each in found["looks"]] == ["sums"]
    assert caller.get("/studies/sums/policy").json()["policy"]["alpha"] == 0.025
    done = caller.post("/studies/sums/policy", change).json()
    assert (done["changed"], done["changes"]) == (True, found["changes"])
    assert caller.get("/studies/sums/policy").json()["policy"]["alpha"] == 0.05
    assert LogEntry.objects.filter(action="policy-changed").count() == 1
    (decision,) = caller.get("/studies/sums").json()["decisions"]
    assert not decision["current"], "it was asked otherwise"
    same = caller.post("/studies/sums/policy", change)
    assert (same.status_code, same.json()["detail"]) == (409, "The same is asked already")
    assert flaws(caller.post("/studies/sums/policy", {"policy": {"alpha": 2}}), 400).keys() == {
        "policy.alpha"
    }


def test_a_token_copies_by_the_scope_run_and_changes_by_the_scope_decide(
    program: Programs,
) -> None:
    reader = program(Scope.READ, Scope.INGEST, Scope.DECIDE)
    assert reader.post("/studies/sums/copies").status_code == 403
    runner = program(Scope.READ, Scope.INGEST, Scope.RUN)
    assert runner.post("/studies/sums/policy").status_code == 403
