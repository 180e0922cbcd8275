"""A policy is changed by a token of the scope decide alone, whichever address writes it."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from evalhub.accounts.models import LogEntry, Scope
from evalhub.registry.models import Study
from tests.api.conftest import Program
from tests.api.sums import HALF, ITEMS, RIGHT, study
from tests.api.test_studies import upload, worked_on

Programs = Callable[..., Program]
pytestmark = pytest.mark.django_db
PIPELINE = (Scope.READ, Scope.INGEST, Scope.RUN)
WEAK = {"sums": {"role": "primary", "min_gain": -0.9}}


@pytest.fixture
def pipeline(program: Programs) -> Program:
    """A token that may do all but decide; its study needs more data, and was read."""
    caller = program(*PIPELINE)
    upload(caller, ITEMS, RIGHT, HALF)
    assert caller.post("/studies", study(tuned=HALF) | {"slug": "sums"}).status_code == 202
    worked_on()
    assert caller.get("/studies/sums/gate").status_code == 412
    return caller


def refused(answer: Any, *names: str) -> None:
    assert answer.status_code == 403, answer.content
    said = answer.json()["detail"] + str(answer.json().get("errors", ""))
    assert "decide" in said
    assert all(name in said for name in names), said


def weakened(**changes: Any) -> dict[str, Any]:
    document = deepcopy(study(tuned=HALF))
    document["test_sets"]["sums"] |= changes.pop("sums", {})
    return document | changes


def test_a_token_of_the_scope_run_cant_weaken_what_was_read(pipeline: Program) -> None:
    before = pipeline.get("/studies/sums/policy").json()
    refused(pipeline.post("/studies/sums/policy", {"demands": WEAK}))
    refused(pipeline.post("/studies/sums/policy", {"demands": WEAK, "dry_run": True}))
    refused(pipeline.post("/studies", weakened(sums={"min_gain": -0.9})), "test_sets.sums")
    refused(pipeline.post("/studies/sums/copies", {"demands": WEAK}), "demands")
    refused(pipeline.post("/studies/sums/copies", {"policy": {"alpha": 0.2}}), "policy")
    worked_on()
    assert pipeline.get("/studies/sums/policy").json() == before
    assert pipeline.get("/studies/sums/gate").status_code == 412
    assert Study.objects.count() == 1
    assert not LogEntry.objects.filter(action="policy-changed").exists()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"policy": {"alpha": 0.2}}, "policy.alpha"),
        ({"policy": {"min_reviewers": 1}}, "policy.min_reviewers"),
        ({"policy": {"leakage": "off"}}, "policy.leakage"),
        ({"review": {"test_set": "sums", "items": 10, "required": False}}, "review.required"),
        ({"sums": {"metric": {"name": "contains"}}}, "test_sets.sums"),
        ({"sums": {"planned_gain": 0.5}}, "test_sets.sums"),
        ({"baseline": "tuned", "candidate": "base"}, "baseline"),
    ],
    ids=lambda each: each if isinstance(each, str) else None,
)
def test_a_file_handed_in_again_with_another_policy_names_the_field(
    pipeline: Program, changes: dict[str, Any], field: str
) -> None:
    before = pipeline.get("/studies/sums/policy").json()
    refused(pipeline.post("/studies", weakened(**changes)), field)
    assert pipeline.get("/studies/sums/policy").json() == before


def test_a_guard_is_neither_dropped_nor_added(program: Programs) -> None:
    caller = program(*PIPELINE)
    upload(caller, ITEMS, RIGHT, HALF)
    guarded = study()
    guarded["test_sets"]["guard"] = guarded["test_sets"]["sums"] | {"role": "guard", "margin": 0.1}
    for arm in guarded["arms"].values():
        answers = arm["backend"]["recorded"]
        arm["backend"]["recorded"] = {"sums": answers, "guard": answers}
    made = caller.post("/studies", guarded)
    assert made.status_code == 202, made.content
    refused(caller.post("/studies", study()), "test_sets.guard")
    assert Study.objects.get().test_sets.count() == 2


def test_the_same_policy_is_handed_in_again_with_new_answers_and_a_new_candidate(
    pipeline: Program,
) -> None:
    assert pipeline.post("/studies", study(tuned=HALF)).status_code == 202
    assert pipeline.post("/studies", study(tuned=RIGHT)).status_code == 202
    another = study()
    another["arms"]["newer"] = another["arms"].pop("tuned")
    assert pipeline.post("/studies", another).status_code == 202
    assert pipeline.post("/studies/sums/copies", {"name": "As it was"}).status_code == 202


def test_with_the_scope_decide_it_is_changed_by_every_address(
    pipeline: Program, program: Programs
) -> None:
    owner = program(Scope.READ, Scope.RUN, Scope.DECIDE)
    assert owner.post("/studies/sums/policy", {"demands": WEAK}).status_code == 200
    assert owner.post("/studies", weakened(sums={"min_gain": -0.8})).status_code == 202
    assert owner.post("/studies/sums/copies", {"demands": WEAK}).status_code == 202
    assert Study.objects.get(slug="sums").test_sets.get().min_gain == -0.8


def test_the_log_says_who_changed_it_by_handing_its_file_in_again(
    pipeline: Program, program: Programs
) -> None:
    owner = program(Scope.READ, Scope.RUN, Scope.DECIDE)
    entries = LogEntry.objects.filter(action="policy-changed")
    assert owner.post("/studies", study(tuned=RIGHT)).status_code == 202
    assert not entries.exists(), "new answers are no change of the policy"
    changed = weakened(sums={"min_gain": -0.9, "metric": {"name": "contains"}})
    assert owner.post("/studies", changed | {"policy": {"alpha": 0.01}}).status_code == 202
    entry = entries.get()
    assert entry.by is not None
    assert (entry.by.username, entry.what) == ("eva", "sums")
    told = {each["field"]: (each["was"], each["now"]) for each in entry.detail["changes"]}
    assert told == {
        "policy.alpha": (0.025, 0.01),
        "test_sets.sums.metric": ("exact_match", "contains"),
        "test_sets.sums.min_gain": (0.0, -0.9),
    }
