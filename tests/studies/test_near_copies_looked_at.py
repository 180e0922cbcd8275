"""Near-copies of items that were looked at hold a ship until an owner says that they are new."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evalhub.accounts.models import Action, LogEntry
from evalhub.cli.app import run
from evalhub.decision.verify import verify
from evalhub.declare.verdicts import Verdict
from evalhub.ledger.models import Acceptance, NearCopies
from tests.studies.desks import Desk
from tests.studies.test_walk_arounds import TRIAGE, Capture, a_build, answered, renamed, tried

pytestmark = pytest.mark.django_db(transaction=True)
HELD = "Held: near-copies of items looked at: "


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """60 questions that must gain; there is no guard. Thirty are gained, so that it ships."""
    desk = Desk(tmp_path)
    desk.study["test_sets"] = {"triage": dict(TRIAGE)}
    asked(desk, "triage", lambda i: TEXTS[i])
    return desk


THINGS = ["parcel", "invoice", "refund", "voucher", "catalogue", "receipt"]
PLACES = ["Bremen", "Ghent", "Lyon", "Porto", "Turin", "Vienna", "Zagreb", "Oslo"]
PLACES += ["Nantes", "Tartu"]
ASKED = "When will the {} for our shop in {} get there, and who brings it?"
TEXTS = [ASKED.format(thing, place) for thing in THINGS for place in PLACES]


def asked(desk: Desk, name: str, text: Callable[[int], str]) -> None:
    rows = [{"id": f"q{i}", "input": text(i), "reference": "right"} for i in range(60)]
    renamed(desk, name, rows)


def answer(desk: Desk, name: str, right: int) -> None:
    answered(desk, right)
    for arm in ("base", "tuned"):
        text = (desk.folder / f"{arm}.triage.jsonl").read_text()
        (desk.folder / f"{arm}.{name}.jsonl").write_text(text)


def again(desk: Desk, capsys: Capture, name: str, text: Callable[[int], str]) -> dict[str, Any]:
    """What is said of another candidate on these items, after one on the first ones."""
    first = tried(desk, capsys, "first")
    assert (first["verdict"], first.get("caveats")) == ("ship", None)
    answered(desk, 31)
    a_build(desk, "31")
    asked(desk, name, text)
    return tried(desk, capsys, name)


@pytest.mark.heavy
@pytest.mark.parametrize("prefix", ["Please: ", "Kindly, ", "Task 'b' - "])
def test_a_few_words_in_front_hold_a_ship(desk: Desk, capsys: Capture, prefix: str) -> None:
    record = again(desk, capsys, "fresh", lambda i: prefix + TEXTS[i])
    assert record["verdict"] == "hold"
    assert record["headline"].startswith(f"{HELD}100% of fresh. tuned")
    assert record["copies"]["test_sets"] == [
        {"test_set": "fresh", "items": 60, "looked_at": 60, "repeated": 0}
    ]
    assert record["ledger"]["test_sets"][0]["number"] == 1, "to the ledger they are new"
    assert verify(record).differences == []
    assert run(["study", "run", str(desk.file)]) == Verdict.HOLD.exit_code
    assert "near-copies of items looked at: 100%" in capsys.readouterr().out


def partly(item: int, copies: int) -> str:
    return f"Please: {TEXTS[item]}" if item < copies else f"Other {item}!"


def test_from_half_of_the_items_on(desk: Desk, capsys: Capture) -> None:
    record = again(
        desk, capsys, "half", lambda i: f"Please: {TEXTS[i]}" if i < 30 else f"Other {i}!"
    )
    assert record["headline"].startswith(f"{HELD}50% of half.")


def test_below_half_there_is_a_line(desk: Desk, capsys: Capture) -> None:
    record = again(
        desk, capsys, "less", lambda i: f"Please: {TEXTS[i]}" if i < 29 else f"Other {i}!"
    )
    assert (record["verdict"], record.get("caveats")) == ("ship", None)
    [sentence] = record["copies"]["sentences"]
    assert sentence.startswith("29 of the 60 items of less are near-copies of items that were")


@pytest.mark.heavy
def test_an_owner_says_that_they_are_new(desk: Desk, capsys: Capture) -> None:
    record = again(desk, capsys, "fresh", lambda i: f"Please: {TEXTS[i]}")
    [caveat] = record["caveats"]
    assert (caveat["code"], caveat["holds"]) == ("near-copies", True)
    file = str(desk.file)
    assert run(["study", "run", file, "--accept-new-items", " "]) == 64, "it says why"
    capsys.readouterr()
    reason = "they are last month's, asked by other customers"
    assert run(["study", "run", file, "--json", "--accept-new-items", reason]) == 0
    now = json.loads(capsys.readouterr().out)
    assert now["verdict"] == "ship"
    [caveat] = now["caveats"]
    assert (caveat["holds"], caveat["accepted"]) == (False, reason)
    assert now["headline"].endswith(
        "Note: near-copies of items looked at: 100% of fresh (accepted as new)."
    )
    assert Acceptance.objects.get().reason == reason
    entry = LogEntry.objects.get(action=Action.ACCEPTED)
    assert entry.detail == {"caveats": ["near-copies"]}, "a reason can be erased, the log cannot"
    answer(desk, "fresh", 32)
    a_build(desk, "32")
    third = tried(desk, capsys, "third")
    assert third["verdict"] == "ship", "the next candidate on them isn't held again"


def test_near_copies_of_what_was_read_freely(desk: Desk, capsys: Capture) -> None:
    desk.study["test_sets"] = {"dev": TRIAGE | {"file": "triage.jsonl", "role": "development"}}
    for arm in ("base", "tuned"):
        text = (desk.folder / f"{arm}.triage.jsonl").read_text()
        (desk.folder / f"{arm}.dev.jsonl").write_text(text)
    run(["study", "run", str(desk.write())])
    capsys.readouterr()
    asked(desk, "fresh", lambda i: f"Please: {TEXTS[i]}")
    record = tried(desk, capsys, "judged")
    assert record["headline"].startswith(f"{HELD}100% of fresh.")


def test_what_comes_later_is_no_earlier(desk: Desk, capsys: Capture) -> None:
    """Items that were there first stay what they were."""
    again(desk, capsys, "fresh", lambda i: f"Please: {TEXTS[i]}")
    answered(desk, 32)
    a_build(desk, "32")
    desk.study["test_sets"] = {"triage": dict(TRIAGE)}
    record = tried(desk, capsys, "old")
    assert (record["verdict"], record.get("caveats")) == ("ship", None)
    assert record["ledger"]["test_sets"][0]["number"] == 2


def test_one_liked_item_repeated_in_disguise(desk: Desk, capsys: Capture) -> None:
    disguises = ["{}", "Please: {}", "Kindly, {}", "Hello! {}", "{}\u200b", "\u3164{}"]
    liked = TEXTS[0]
    asked(desk, "liked", lambda i: disguises[i % 6].format(liked) if i < 40 else TEXTS[i])
    record = tried(desk, capsys, "liked")
    [row] = record["copies"]["test_sets"]
    assert row == {"test_set": "liked", "items": 60, "looked_at": 0, "repeated": 39}
    assert record["headline"].endswith(
        "Note: 39 of 60 items of liked are near-copies of another of them."
    )
    assert verify(record).differences == []


def test_it_is_looked_for_once(desk: Desk, capsys: Capture) -> None:
    again(desk, capsys, "fresh", lambda i: f"Please: {TEXTS[i]}")
    rows = list(NearCopies.objects.values_list("pk", flat=True))
    assert len(rows) == 3
    answer(desk, "fresh", 33)
    assert tried(desk, capsys, "once-more")["headline"].startswith(HELD)
    assert list(NearCopies.objects.values_list("pk", flat=True)) == rows
