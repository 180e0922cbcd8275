"""`decide` on rows of scores of items that the home knows takes a number, as a decision would."""

import json
from pathlib import Path
from typing import Any

import pytest

from evalhub.cli.app import run
from evalhub.ledger.chain.follow import chain_faults
from evalhub.ledger.models import Peek
from tests.cli.peeking import (
    Capture,
    asked,
    candidate,
    compared,
    desk,
    known,
    look,
    studied,
)
from tests.studies.desks import Desk, ran

__all__ = ["desk", "known"]

pytestmark = pytest.mark.django_db(transaction=True)

POLICY = """
schema: evalhub.policy/1
{settings}
criteria:
  triage: {{role: primary, metric: exact_match}}
  kept: {{role: guard, metric: contains, test_set: triage, margin: 0.1}}
"""


def rows_of_scores(desk: Desk, right: int, kept: int) -> None:
    rows = []
    for metric, count in (("exact_match", right), ("contains", kept)):
        for i in range(60):
            usual = {"test_set": "triage", "metric": metric, "item": f"q{i}"}
            rows.append(usual | {"arm": "baseline", "value": float(metric == "contains")})
            rows.append(usual | {"arm": "candidate", "value": float(i < count)})
    desk.rows("scores.jsonl", rows)


def policy_applied(desk: Desk, capsys: Capture, policy: str) -> dict[str, Any]:
    (desk.folder / "policy.yaml").write_text(policy)
    files = [str(desk.folder / name) for name in ("policy.yaml", "scores.jsonl")]
    return asked(desk, capsys, "decide", files[0], "--evidence", files[1])


def test_several_criteria_of_one_decide_are_one_reading_with_one_number(
    known: Desk, capsys: Capture
) -> None:
    for number in (1, 2, 3):
        rows_of_scores(known, 30 + number, 59)
        record = policy_applied(known, capsys, POLICY.format(settings=""))
        assert look(record)[0] == number
        assert record["registered"]
    # a guard that was the same each time is one claim
    own = Peek.objects.filter(beside="")
    assert sorted(own.values_list("number", "shares")) == [
        (1, ""),
        (1, own.get(number=1, shares="").claim),
        (2, ""),
        (3, ""),
    ]
    assert chain_faults() == []


def test_the_luckiest_of_several_criteria_pays_for_the_choice(known: Desk, capsys: Capture) -> None:
    rows_of_scores(known, 30, 60)
    policy_applied(known, capsys, POLICY.format(settings=""))
    alone = POLICY.format(settings="").split("criteria:")[0]
    alone += "criteria:\n  kept: {role: guard, metric: contains, test_set: triage, margin: 0.1}\n"
    chosen = look(policy_applied(known, capsys, alone))
    assert chosen[0] == 1 + 3 * 2
    assert look(policy_applied(known, capsys, alone)) == chosen
    candidate(known, 5)
    assert look(studied(known, capsys, "next"))[0] == 8


def test_a_guard_tried_anew_beside_the_same_primary_takes_the_next_number(
    known: Desk, capsys: Capture
) -> None:
    numbers = []
    for kept in (57, 58, 59):
        rows_of_scores(known, 30, kept)
        numbers.append(look(policy_applied(known, capsys, POLICY.format(settings="")))[0])
    assert numbers == [1, 2, 3]
    rows_of_scores(known, 30, 58)
    assert look(policy_applied(known, capsys, POLICY.format(settings="")))[0] == 2


def test_ids_that_the_home_does_not_know_and_a_policy_without_a_ledger_take_nothing(
    known: Desk, capsys: Capture
) -> None:
    rows_of_scores(known, 30, 60)
    off = policy_applied(known, capsys, POLICY.format(settings="ledger: 'off'"))
    assert off["headline"].startswith("Unregistered: ")
    text = (known.folder / "scores.jsonl").read_text()
    (known.folder / "scores.jsonl").write_text(text.replace('"q', '"z'))
    other = policy_applied(known, capsys, POLICY.format(settings=""))
    assert other["headline"].startswith("Unregistered: ")
    assert Peek.objects.count() == 0


def test_scores_of_a_decided_claim_are_known_by_its_test_set_and_ids(
    desk: Desk, capsys: Capture
) -> None:
    candidate(desk, 5)
    decided = studied(desk, capsys, "first")
    rows_of_scores(desk, 25, 60)
    policy = "schema: evalhub.policy/1\ncriteria:\n  triage: {role: primary, metric: exact_match}\n"
    again = policy_applied(desk, capsys, policy)
    assert look(again) == look(decided)
    assert Peek.objects.count() == 0


def test_the_record_is_verified_alone(known: Desk, capsys: Capture, tmp_path: Path) -> None:
    rows_of_scores(known, 30, 60)
    out = tmp_path / "record.json"
    for record in (
        compared(known, capsys),
        policy_applied(known, capsys, POLICY.format(settings="")),
    ):
        out.write_text(json.dumps(record))
        assert run(["decision", "verify", str(out)]) == 0, capsys.readouterr().out


WITH_A_GUARD = """
schema: evalhub.policy/1
criteria:
  triage: {role: primary, metric: exact_match}
  sums: {role: guard, metric: contains, margin: 0.1}
"""


def sums_too(desk: Desk, right: int, kept: int) -> None:
    rows = [
        {"test_set": test_set, "metric": metric, "item": f"q{i}", "arm": arm, "value": value}
        for test_set, metric, items, count in (
            ("triage", "exact_match", 60, right),
            ("sums", "contains", 300, kept),
        )
        for i in range(items)
        for arm, value in (
            ("baseline", float(test_set == "sums")),
            ("candidate", float(i < count)),
        )
    ]
    desk.rows("scores.jsonl", rows)


@pytest.mark.heavy
def test_a_guard_on_other_items_comes_with_the_primary_until_it_is_tried_anew(
    desk: Desk, capsys: Capture
) -> None:
    sums = ({"id": f"q{i}", "input": f"Sum {i}?", "reference": "right"} for i in range(300))
    desk.rows("sums.jsonl", sums)
    metric = {"name": "contains"}
    desk.study["test_sets"]["sums"] = {"file": "sums.jsonl", "role": "guard", "metric": metric}
    ran(desk)

    def judged(right: int, kept: int) -> tuple[int, int]:
        sums_too(desk, right, kept)
        record = policy_applied(desk, capsys, WITH_A_GUARD)
        return look(record)[0], look(record, "sums")[0]

    assert judged(30, 290) == (1, 1)
    assert judged(31, 291) == (2, 2)
    assert judged(32, 290) == (3, 3)  # the guard's scores were read before, beside others
    assert judged(32, 292) == (3, 4)  # beside the same primary it is another try
    assert judged(32, 292) == (3, 4)
    candidate(desk, 12)
    desk.answers("base", "sums", ["right"] * 300)
    desk.answers("tuned", "sums", ["right"] * 292 + ["wrong"] * 8)
    decided = studied(desk, capsys, "the-last")
    assert (look(decided)[0], look(decided, "sums")[0]) == (3, 4)
    assert judged(32, 293) == (3, 5)
    assert judged(33, 292) == (6, 6)
    assert chain_faults() == []
