"""The gate: 200 for a current registered ship alone, 412 for every no, 503 while it is open."""

import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from evalhub.declare.training import TrainingRecord
from evalhub.io.canonical import digest_of
from evalhub.ledger.models import Decision
from evalhub.ledger.signoff import sign_off
from evalhub.registry.models import Run, Study
from evalhub.registry.models.runs import RunState
from evalhub.registry.versions import register_version
from evalhub.studies.run.advance import advance
from runners.backends.recorded import RecordedBackend
from tests.api.conftest import Program
from tests.api.sums import HALF, ITEMS, RIGHT, rows, study
from tests.api.test_studies import upload, worked_on
from tests.cast import Team
from tests.tampering import administrator, rewritten

Programs = Callable[..., Program]
WRONG = rows(60, output=lambda i: "0")
SAME = rows(60, output=lambda i: str(i + 1) if i % 2 else "no")


@pytest.fixture
def shipped(program: Programs) -> Program:
    """A caller in whose project the study `sums` has shipped."""
    caller = program()
    handed_in(caller)
    assert caller.get("/studies/sums/gate").status_code == 200
    return caller


def handed_in(caller: Program, tuned: bytes = RIGHT, **more: Any) -> None:
    upload(caller, ITEMS, HALF, tuned)
    made = caller.post("/studies", study(tuned=tuned) | more)
    assert made.status_code == 202, made.content
    worked_on()


def refused(caller: Program, says: str, **query: str) -> dict[str, Any]:
    answer = caller.get("/studies/sums/gate", **query)
    assert answer.status_code == 412, answer.content
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert "Retry-After" not in answer.headers
    found: dict[str, Any] = answer.json()
    assert says in found["detail"]
    assert found["passing"] != "passed"
    return found


def test_a_ship_says_where_answers_ended_otherwise(program: Programs) -> None:
    caller = program()
    cut = rows(60, output=lambda i: str(i + 1), finish_reason=lambda i: "length")
    handed_in(caller, cut)
    passing = caller.get("/studies/sums/gate")
    assert passing.status_code == 200
    assert "60 of 60 of tuned and 0 of 60 of base were cut off" in passing.json()["reasons"][-1]


def test_a_baseline_that_says_nothing_ships_nobody(program: Programs) -> None:
    caller, silent = program(), rows(60, output=lambda i: "")
    upload(caller, ITEMS, silent, RIGHT)
    assert caller.post("/studies", study(base=silent)).status_code == 202
    worked_on()
    found = refused(caller, "")
    assert found["verdict"] == "invalid"
    assert found["reasons"][0].startswith("base says nothing to most of sums: of 60 answers 60")


@pytest.mark.parametrize(("tuned", "verdict"), [(WRONG, "hold"), (SAME, "need-more-data")])
def test_what_isn_t_a_ship_is_refused(program: Programs, tuned: bytes, verdict: str) -> None:
    caller = program()
    handed_in(caller, tuned)
    found = refused(caller, "")
    assert found["verdict"] == verdict
    assert found["current"]
    assert found["reasons"]


def test_invalid_evidence_is_refused(program: Programs) -> None:
    caller = program()
    handed_in(caller, rows(30, output=lambda i: str(i + 1)))
    assert refused(caller, "")["verdict"] == "invalid"


def test_it_is_open_while_its_runs_go_on(shipped: Program) -> None:
    Run.objects.filter(version__model__slug="tuned").update(state=RunState.RUNNING)
    answer = shipped.get("/studies/sums/gate")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "1 of its 2 runs" in answer.json()["detail"]


def test_a_newer_version_is_never_let_through_by_an_older_one_s_decision(
    shipped: Program, team: Team
) -> None:
    old = Decision.objects.get().document.arms.candidate.digest
    newer = register_version(
        project=team.project,
        slug="tuned",
        kind="lora",
        parent=None,
        backend=RecordedBackend(),
        training=TrainingRecord.model_validate({"epochs": 9}),
    )
    refused(shipped, "register the study with it")
    refused(shipped, "register the study with it", version=newer.digest)
    assert shipped.get("/studies/sums/gate", version=old).status_code == 200
    refused(shipped, "has no version", version="0" * 64)


def test_other_answers_since_make_it_stale(shipped: Program) -> None:
    upload(shipped, SAME)
    shipped.post("/studies", study(tuned=SAME))
    assert shipped.get("/studies/sums/gate").status_code == 503, "it is worked on"
    for found in Run.objects.filter(state=RunState.PENDING):
        from runners.execute import process_shard

        while process_shard(found.pk):
            pass
    assert shipped.get("/studies/sums/gate").status_code == 503, "and then decided by a worker"
    worked_on()
    assert refused(shipped, "")["verdict"] == "need-more-data"


def test_another_policy_since_makes_it_stale(shipped: Program) -> None:
    asked = study() | {"policy": {"alpha": 0.01}}
    assert shipped.post("/studies", asked).status_code == 202
    found = refused(shipped, "Significance level: 0.01 (was 0.025)")
    assert not found["current"]
    assert found["changed_since"]


def test_what_no_ledger_counts_is_refused(program: Programs) -> None:
    caller = program()
    handed_in(caller, policy={"ledger": "off"})
    found = refused(caller, "No ledger counts this look")
    assert not found["registered"]


def test_a_person_s_hold_closes_it(shipped: Program, team: Team) -> None:
    sign_off(decision=Decision.objects.get(), by=team.olga, reason="Not yet", verdict="hold")
    found = refused(shipped, "A person overrode it: hold")
    assert (found["verdict"], found["signed"]) == ("ship", "hold")


def test_a_person_s_ship_opens_no_gate_that_the_evidence_closes(
    program: Programs, team: Team
) -> None:
    caller = program()
    handed_in(caller, WRONG)
    sign_off(decision=Decision.objects.get(), by=team.olga, reason="We must", verdict="ship")
    assert refused(caller, "")["signed"] == "ship"


def test_an_arm_that_isn_t_there_is_said(shipped: Program) -> None:
    answer = shipped.get("/studies/sums/gate", candidate="tuna")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "candidate"
    refused(shipped, "base isn't judged", candidate="base")


def test_waiting_ends_with_the_news(shipped: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first look finds it undecided; a worker decides while the request waits."""
    Study.objects.update(advanced_runs=None)
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        advance(study=Study.objects.get(), by=None)

    # not the one sleep of the process: other threads sleep too
    clock = SimpleNamespace(sleep=sleep, monotonic=time.monotonic)
    monkeypatch.setattr("evalhub.frames.rest.requests.time", clock)
    assert shipped.get("/studies/sums/gate", wait="25").status_code == 200
    assert slept == [0.5]


def test_where_too_many_wait_the_answer_is_what_there_is_now(
    shipped: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    from evalhub.frames.rest.requests import SEATS

    Study.objects.update(advanced_runs=None)
    clock = SimpleNamespace(sleep=lambda _: pytest.fail("it waited"), monotonic=time.monotonic)
    monkeypatch.setattr("evalhub.frames.rest.requests.time", clock)
    SEATS.set_for(threads=4, ended=lambda: False)
    assert SEATS.take()
    try:
        assert shipped.get("/studies/sums/gate", wait="25").status_code == 503
    finally:
        SEATS.leave()
        SEATS.set_for(threads=8, ended=lambda: False)


def test_how_long_is_a_whole_number_up_to_25(shipped: Program) -> None:
    for wait in ("26", "-1", "soon", "1.5", "\u0663"):
        answer = shipped.get("/studies/sums/gate", wait=wait)
        assert answer.status_code == 400, wait
        assert answer.json()["errors"][0]["field"] == "wait"


def test_a_hold_that_was_made_a_ship_in_the_database_lets_nothing_through(
    program: Programs,
) -> None:
    caller = program()
    handed_in(caller, WRONG)
    held = Decision.objects.get()
    for column in ("verdict = 'ship'", "arm = 'tuned'"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"UPDATE ledger_decision SET {column}")
    assert refused(caller, "")["verdict"] == "hold"
    record = held.record | {"verdict": "ship"}
    rewritten(held, record=record, digest=digest_of(record))
    found = refused(caller, f"Decision {held.pk} was changed since it was recorded")
    assert (found["verdict"], found["current"], found["headline"]) == (None, False, "")
    whole = caller.get(f"/decisions/{held.pk}")
    assert (whole.status_code, "restore a backup" in whole.json()["detail"]) == (409, True)


def test_an_override_that_is_taken_out_of_the_database_still_holds_back(
    shipped: Program, team: Team
) -> None:
    decision = Decision.objects.get()
    signed = sign_off(decision=decision, by=team.olga, verdict="hold", reason="Legal said no.")
    refused(shipped, "A person overrode it: hold")
    with administrator() as sql:
        assert sql("DELETE FROM ledger_signoff WHERE id = %s", signed.pk) == 1
    refused(shipped, f"recorded after decision {decision.pk} are gone")
