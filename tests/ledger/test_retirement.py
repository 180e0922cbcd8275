"""A test set is given up for good: nothing is judged on its items, whoever asks them again."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from evalhub.accounts.models import LogEntry
from evalhub.accounts.permissions import NotAllowedError
from evalhub.declare.verdicts import Verdict
from evalhub.ledger.chain.follow import chain_faults
from evalhub.ledger.decide import decide_study
from evalhub.ledger.models import Decision, LedgerLink, Look, Peek
from evalhub.ledger.peeking import HomeLedger
from evalhub.ledger.retirement import RetirementError, released_before, retire_test_set
from evalhub.registry.models import Study, TestSetVersion
from evalhub.registry.models.retirements import retired_versions, versions_in_use
from evalhub.studies.files.compare import CompareRequest, compare_files
from tests.cast import Team, a_run, a_study, a_test_set, a_version, given_up

pytestmark = pytest.mark.django_db
POLICY = {"alpha": 0.05}


def a_judgeable_study(team: Team, questions: TestSetVersion, slug: str = "study") -> Study:
    base, tuned = a_version(team, f"base-{slug}"), a_version(team, f"tuned-{slug}")
    a_run(base, questions, scores=[1.0, 0.0] * 20)
    a_run(tuned, questions, scores=[1.0] * 40)
    return a_study(
        team, baseline=base, candidate=tuned, primary=questions, policy=POLICY, slug=slug
    )


def test_a_version_is_retired_once_and_stays_so(team: Team) -> None:
    questions = a_test_set(team)
    first = retire_test_set(version=questions, by=team.olga, reason="Old.")
    again = retire_test_set(version=questions, by=team.olga, reason="Very old.")
    assert (again.pk, again.reason) == (first.pk, "Old.")
    assert list(retired_versions(team.project)) == [questions]
    assert not versions_in_use(team.project)
    [entry] = LogEntry.objects.filter(action="test-set-retired")
    assert (entry.by, entry.what) == (team.olga, "questions v1")
    with pytest.raises(IntegrityError, match="stays retired"), transaction.atomic():
        first.delete()


def test_the_ledger_has_a_link_of_it(team: Team) -> None:
    questions = a_test_set(team)
    retirement = retire_test_set(version=questions, by=None, reason="Old.")
    link = LedgerLink.objects.get(kind="retirement")
    assert (link.row, chain_faults()) == (retirement.pk, [])
    with connection.cursor() as cursor:
        name = "registry_testsetretirement"
        if connection.vendor == "postgresql":
            cursor.execute(f"DROP TRIGGER {name}_append_only_delete ON {name}")
        else:
            cursor.execute(f"DROP TRIGGER {name}_append_only_delete")
    retirement.delete()
    assert chain_faults() == [f"Retirement of a test set {link.row} is gone."]


@pytest.mark.parametrize(
    ("reason", "message"), [("  ", "give a reason"), ("x" * 1001, "more than 1,000 characters")]
)
def test_who_retires_says_why(team: Team, reason: str, message: str) -> None:
    with pytest.raises(RetirementError, match=message):
        retire_test_set(version=a_test_set(team), by=team.olga, reason=reason)
    assert not retired_versions(team.project)


def test_only_an_owner_retires(team: Team) -> None:
    questions = a_test_set(team)
    with pytest.raises(NotAllowedError, match="Only an owner of support-desk can retire a test"):
        retire_test_set(version=questions, by=team.eva, reason="Old.")
    with pytest.raises(NotAllowedError):
        retire_test_set(version=questions, by=team.sam, reason="Old.")


def test_on_a_retired_version_the_evidence_is_invalid(team: Team) -> None:
    questions = a_test_set(team, items=40)
    study = a_judgeable_study(team, questions)
    given_up(questions)
    [decision] = decide_study(study=study)
    assert decision.verdict == Verdict.INVALID
    [reason] = decision.document.invalid
    assert reason.startswith("questions v1 was retired on ")
    assert reason.endswith(
        "(It is trained on.): its items may be trained on, and nothing is judged on them"
    )
    assert not Look.objects.exists()


def test_what_was_decided_before_stays(team: Team) -> None:
    questions = a_test_set(team, items=40)
    study = a_judgeable_study(team, questions)
    [before] = decide_study(study=study)
    assert before.verdict != Verdict.INVALID
    given_up(questions)
    assert decide_study(study=study) == [before]
    assert Decision.objects.count() == 1


def test_another_version_of_the_same_items_made_later_is_no_way_round(team: Team) -> None:
    questions = a_test_set(team, items=40)
    given_up(questions)
    copy = a_test_set(team, "copy", items=[{"input": item.input} for item in questions.items.all()])
    assert len(released_before(copy)) == 40
    [decision] = decide_study(study=a_judgeable_study(team, copy))
    assert decision.document.invalid == (
        "40 items of copy v1 ('q0000', 'q0001', 'q0002', …) had been released for training, by a "
        "retired test set, when the version was made: make one without them",
    )


def test_items_that_another_version_still_asks_are_not_released(team: Team) -> None:
    questions = a_test_set(team, items=40)
    inputs = [{"input": item.input} for item in questions.items.all()]
    more = a_test_set(team, items=[*inputs, {"input": "One more?"}])
    given_up(questions)
    later = a_test_set(team, "later", items=inputs)
    assert released_before(more) == released_before(later) == []
    assert decide_study(study=a_judgeable_study(team, later))[0].verdict != Verdict.INVALID


def the_files(folder: Path, questions: TestSetVersion) -> list[Path]:
    rows = {
        "base": [
            {"id": i.key, "output": "right" if i.position % 2 else "no"} for i in items(questions)
        ],
        "tuned": [{"id": i.key, "output": "right"} for i in items(questions)],
        "items": [{"id": i.key, "input": i.input, "reference": "right"} for i in items(questions)],
    }
    paths = []
    for name, those in rows.items():
        path = folder / f"{name}.jsonl"
        path.write_text("".join(f"{json.dumps(row)}\n" for row in those))
        paths.append(path)
    return paths


def items(version: TestSetVersion) -> list[Any]:
    return list(version.items.order_by("position"))


def test_files_on_its_items_are_refused_by_the_ledger(team: Team, tmp_path: Path) -> None:
    questions = a_test_set(team, items=40)
    paths = the_files(tmp_path, questions)
    ask = CompareRequest("exact_match")
    before = compare_files(*paths, ask, HomeLedger())
    assert before.record.verdict != Verdict.INVALID
    given_up(questions)
    after = compare_files(*paths, ask, HomeLedger())
    assert after.record.verdict == Verdict.INVALID
    [reason] = after.record.invalid
    assert reason.startswith("40 items of items had been released for training (questions v1 was")
    assert (after.items, Peek.objects.count()) == ([], 1)


def test_files_on_items_in_use_elsewhere_are_judged(team: Team, tmp_path: Path) -> None:
    questions = a_test_set(team, items=40)
    a_test_set(team, "other", items=[{"input": item.input} for item in items(questions)])
    given_up(questions)
    paths = the_files(tmp_path, questions)
    compared = compare_files(*paths, CompareRequest("exact_match"), HomeLedger())
    assert compared.record.verdict != Verdict.INVALID
