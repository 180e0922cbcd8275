"""`compare` and `decide` in a home that knows the items take the number that a decision would."""

import json
from pathlib import Path

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from evalhub.accounts.models import User
from evalhub.cli.app import run
from evalhub.decision.document import PrintedDecision
from evalhub.decision.levels import level_of
from evalhub.declare.declaration import validate
from evalhub.ledger.chain.follow import chain_faults
from evalhub.ledger.models import Ledger, Look, Peek
from evalhub.ledger.verification import rows_at_home
from evalhub.registry.models import TestSetVersion
from evalhub.site.ledger_page import ledger_page
from tests.cli.peeking import (
    ALPHA,
    Capture,
    asked,
    candidate,
    compared,
    desk,
    known,
    look,
    one_question_about_many_documents,
    studied,
)
from tests.studies.desks import Desk, ran

__all__ = ["desk", "known"]

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.heavy
def test_ten_are_compared_and_the_best_is_registered_at_its_number(
    known: Desk, capsys: Capture
) -> None:
    for number in range(1, 11):
        candidate(known, number)
        record = compared(known, capsys)
        assert look(record) == (number, pytest.approx(level_of(number, alpha=ALPHA)))
        assert record["registered"]
        assert "Unregistered" not in record["headline"]
        assert record["ledger"]["home"] == Ledger.objects.get().name.hex
    candidate(known, 10)
    best = studied(known, capsys, "best")
    assert look(best) == look(record)
    assert look(best)[0] == 10
    candidate(known, 11)
    assert look(studied(known, capsys, "next"))[0] == 11
    assert (Peek.objects.count(), Look.objects.count()) == (10, 2)
    assert chain_faults() == []


def test_compared_first_and_decided_later_is_free_at_the_same_number_and_level(
    known: Desk, capsys: Capture
) -> None:
    candidate(known, 5)
    first = compared(known, capsys)
    decided = studied(known, capsys, "later")
    assert look(decided) == look(first) == (1, pytest.approx(level_of(1, alpha=ALPHA)))
    assert first["ledger"]["test_sets"][0]["claim"] == decided["ledger"]["test_sets"][0]["claim"]
    assert Look.objects.get().claim == Peek.objects.get().claim
    shown = {name: first["criteria"][0][name] for name in ("difference", "lower", "upper", "alpha")}
    assert shown == {name: decided["criteria"][0][name] for name in shown}
    candidate(known, 6)  # the look counts in the peek's place, and not beside it
    assert look(compared(known, capsys))[0] == 2


def test_decided_first_and_compared_later_writes_nothing(desk: Desk, capsys: Capture) -> None:
    candidate(desk, 5)
    decided = studied(desk, capsys, "first")
    entries = Ledger.objects.get().entries
    again = compared(desk, capsys)
    assert look(again) == look(decided)
    assert again["headline"] == decided["headline"].replace("tuned", "tuned.triage")
    assert (Peek.objects.count(), Ledger.objects.get().entries) == (0, entries)


def test_compared_twice_takes_one_number_in_whatever_order_and_under_whatever_ids(
    known: Desk, capsys: Capture
) -> None:
    first = compared(known, capsys)
    for name in ("triage", "base.triage", "tuned.triage"):
        rows = [
            json.loads(line) for line in (known.folder / f"{name}.jsonl").read_text().splitlines()
        ]
        known.rows(f"{name}.jsonl", ({**row, "id": f"n{row['id']}"} for row in reversed(rows)))
    assert look(compared(known, capsys)) == look(first)
    assert Peek.objects.count() == 1


def test_a_part_of_the_items_and_items_beside_them_count(known: Desk, capsys: Capture) -> None:
    compared(known, capsys)
    rows = [{"id": f"q{i}", "input": f"Question {i}?", "reference": "right"} for i in range(30)]
    rows += [{"id": f"q{i}", "input": f"Another {i}?", "reference": "right"} for i in range(30, 60)]
    known.rows("triage.jsonl", rows)
    assert look(compared(known, capsys))[0] == 2


def test_items_of_two_test_sets_in_one_file_count_at_both(desk: Desk, capsys: Capture) -> None:
    """Else a file with more items of a test set that nobody uses would hide what is read."""
    desk.rows(
        "sums.jsonl",
        ({"id": f"s{i}", "input": f"Sum {i}?", "reference": "right"} for i in range(70)),
    )
    desk.study["test_sets"]["sums"] = {
        "file": "sums.jsonl",
        "role": "guard",
        "metric": {"name": "contains"},
    }
    for arm in ("base", "tuned"):
        desk.rows(f"{arm}.sums.jsonl", ({"id": f"s{i}", "output": "right"} for i in range(70)))
    ran(desk)
    for name in ("triage", "base.triage", "tuned.triage"):
        other = name.replace("triage", "sums")
        both = "".join((desk.folder / f"{each}.jsonl").read_text() for each in (name, other))
        (desk.folder / f"{name.replace('triage', 'both')}.jsonl").write_text(both)
    at = desk.folder
    files = [str(at / f"{name}.both.jsonl") for name in ("base", "tuned")]
    options = ["--test-set", str(at / "both.jsonl"), "--metric", "exact_match"]
    assert look(asked(desk, capsys, "compare", *files, *options), "both")[0] == 1
    assert look(asked(desk, capsys, "compare", *files, *options), "both")[0] == 1
    assert len(Peek.objects.get().versions) == 2
    del desk.study["test_sets"]["sums"]
    candidate(desk, 5)
    assert look(studied(desk, capsys, "triage-alone"))[0] == 2


def test_invalid_evidence_takes_no_number(known: Desk, capsys: Capture) -> None:
    known.answers("tuned", "triage", ["right"] * 59)
    record = compared(known, capsys)
    assert (record["verdict"], record["ledger"], Peek.objects.count()) == ("invalid", None, 0)


def test_items_that_the_home_does_not_know_are_unregistered_as_ever(
    known: Desk, capsys: Capture
) -> None:
    rows = ({"id": f"q{i}", "input": f"Fresh {i}?", "reference": "right"} for i in range(60))
    known.rows("triage.jsonl", rows)
    record = compared(known, capsys)
    assert record["headline"].startswith("Unregistered: ")
    assert (record["registered"], record["ledger"], Peek.objects.count()) == (False, None, 0)
    assert record["alpha"] == ALPHA


def test_without_a_home_none_is_made(
    desk: Desk, capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVALHUB_HOME", str(tmp_path / "nowhere"))
    monkeypatch.delenv("EVALHUB_DATABASE_URL", raising=False)
    assert compared(desk, capsys)["headline"].startswith("Unregistered: ")
    assert not (tmp_path / "nowhere").exists()


def test_a_development_sets_items_are_read_freely(desk: Desk, capsys: Capture) -> None:
    desk.test_set("held-out", 60)
    desk.rows(
        "held-out.jsonl",
        ({"id": f"h{i}", "input": f"Held {i}?", "reference": "right"} for i in range(60)),
    )
    for arm in ("base", "tuned"):
        desk.rows(f"{arm}.held-out.jsonl", ({"id": f"h{i}", "output": arm} for i in range(60)))
    primary = {"file": "held-out.jsonl", "role": "primary", "metric": {"name": "exact_match"}}
    free = {**desk.study["test_sets"]["triage"], "role": "development"}
    desk.study["test_sets"] = {"held-out": primary, "triage": free}
    ran(desk)
    assert compared(desk, capsys)["headline"].startswith("Unregistered: ")
    assert Peek.objects.count() == 0


def test_a_compare_in_front_does_not_hide_that_a_ledger_was_begun(
    known: Desk, capsys: Capture
) -> None:
    compared(known, capsys)
    candidate(known, 5)
    decided = studied(known, capsys, "first")
    assert decided["ledger"]["begun"]["by"] == "this-command"


def test_in_ci_the_headline_says_that_the_ledger_is_new(
    known: Desk, capsys: Capture, settings: Settings, tmp_path: Path
) -> None:
    settings.IN_CI = True
    record = compared(known, capsys)
    assert (
        "Note: this ledger was begun less than a day before this look, in CI" in record["headline"]
    )
    out = tmp_path / "record.json"
    out.write_text(json.dumps(record))
    assert run(["decision", "verify", str(out)]) == 0, capsys.readouterr().out


def test_the_database_refuses_to_change_or_delete_a_peek(known: Desk, capsys: Capture) -> None:
    compared(known, capsys)
    for statement in ("UPDATE ledger_peek SET number = 9", "DELETE FROM ledger_peek"):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_the_test_sets_page_counts_what_files_showed(
    known: Desk, capsys: Capture, client: Client
) -> None:
    compared(known, capsys)
    version = TestSetVersion.objects.get()
    client.force_login(User.objects.create_superuser("olga"))
    page = client.get(reverse("site:test_set", args=[version.test_set_id])).content.decode()
    assert "counted like looks: 1." in page
    assert "would be" in page
    assert "Nobody has been judged by these items yet" not in page
    candidate(known, 5)
    studied(known, capsys, "later")
    assert ledger_page(version, user=User.objects.get()).next == 3


def test_the_ledger_has_what_a_records_claim_says_of_its_look(known: Desk, capsys: Capture) -> None:
    record = validate(PrintedDecision, compared(known, capsys))
    [check] = [each for each in rows_at_home(record) if each.what == "look"]
    assert (check.recorded, check.found) == ("look 1", "look 1")


def logged(desk: Desk, name: str, right: int) -> str:
    """Rows of another tool, with its scores; one question stands there twice."""
    rows = [
        {
            "id": f"q{i}",
            "input": f"Question {max(i, 1)}?",
            "reference": "right",
            "output": "right" if i < right else f"{name} {i}",
            "scores": {"acc": float(i < right)},
        }
        for i in range(60)
    ]
    desk.rows(f"{name}.jsonl", rows)
    return str(desk.folder / f"{name}.jsonl")


@pytest.mark.heavy
@pytest.mark.parametrize("metric", ["acc", "exact_match"])
def test_a_log_that_holds_the_questions_is_known_by_them(
    desk: Desk, capsys: Capture, metric: str
) -> None:
    base = logged(desk, "logged-base", 20)
    files = [base, logged(desk, "logged-tuned", 40)]
    from_rows = ["--from", "json", "--metric", "acc"]
    folder = str(desk.folder / "as-study")
    asked(desk, capsys, "compare", *files, *from_rows, "--study", folder)
    decided = asked(desk, capsys, "study run", f"{folder}/study.yaml")
    [row] = decided["ledger"]["test_sets"]
    if metric == "acc":
        again = asked(desk, capsys, "compare", *files, *from_rows)
        assert [each["number"] for each in again["ledger"]["test_sets"]] == [row["number"]]
        assert Peek.objects.count() == 0
    else:
        other = asked(desk, capsys, "compare", *files, "--from", "json", "--metric", metric)
        assert [each["number"] for each in other["ledger"]["test_sets"]] == [2]
    files[1] = logged(desk, "another", 45)
    peeked = asked(desk, capsys, "compare", *files, "--from", "json", "--metric", metric)
    assert [each["number"] for each in peeked["ledger"]["test_sets"]] == [2 + (metric != "acc")]
    folder = str(desk.folder / "another-study")
    if metric == "acc":
        asked(desk, capsys, "compare", *files, *from_rows, "--study", folder)
        decided = asked(desk, capsys, "study run", f"{folder}/study.yaml")
        assert [each["number"] for each in decided["ledger"]["test_sets"]] == [2]


def test_clusters_contexts_and_several_answers_are_part_of_the_same_claim(
    desk: Desk, capsys: Capture
) -> None:
    one_question_about_many_documents(desk)
    first = compared(desk, capsys, "--cluster", "cluster")
    decided = studied(desk, capsys, "later")
    assert look(decided) == look(first)
    assert first["ledger"]["test_sets"][0]["claim"] == decided["ledger"]["test_sets"][0]["claim"]
    without = compared(desk, capsys)  # another interval of the same scores
    assert look(without)[0] == 2
