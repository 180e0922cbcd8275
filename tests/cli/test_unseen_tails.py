"""Losses that few graded items can miss, by the real commands: said, and paid for where asked."""

import json
from pathlib import Path
from typing import Any

import pytest

from evalhub.cli.app import run
from evalhub.decision.verify import verify
from tests.cli.scorefiles import POLICY, TRIAGE, decide, fill, policy, record, rows, rows_of
from tests.studies.desks import Desk

Printed = pytest.CaptureFixture[str]
QUALITY = {"role": "guard", "metric": "quality", "margin": 0.036, "bounds": [0, 1]}
BASE = [0.7 + 0.005 * i for i in range(40)]
MISSED = (
    "quality: 40 items can miss up to 8.8% that lose much; at 0.41 each they would cost the margin "
    "of 0.036 (a policy with tails: bounded pays for that)"
)


def guarded(**changed: Any) -> None:
    """A policy with that guard."""
    triage = POLICY["criteria"]["triage"]
    policy(criteria={"triage": triage, "quality": QUALITY | changed})


def graded() -> None:
    """Forty items of a guard: the candidate's scores differ by .02 at the most."""
    tuned = [round(value + 0.005 * (i % 9 - 4), 3) for i, value in enumerate(BASE)]
    quality = rows_of("quality", BASE, tuned)
    rows(TRIAGE + [row | {"metric": "quality"} for row in quality])


def test_decide_says_what_forty_items_can_miss_and_a_policy_pays_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Printed
) -> None:
    fill(tmp_path, monkeypatch)
    graded()
    guarded()
    said = record(capsys)
    assert said["verdict"] == "ship"
    assert said["reasons"][-1] == f"? {MISSED}"
    guarded(tails="bounded")
    paid = record(capsys)
    before, guard = said["criteria"][1], paid["criteria"][1]
    assert (paid["verdict"], guard["status"], guard["tails"]) == (
        "need-more-data",
        "open",
        "bounded",
    )
    assert guard["method"] == f"{before['method']}, its lower end no nearer than Gaffke's"
    assert guard["lower"] < -0.036 < before["lower"]
    assert guard["upper"] == before["upper"]
    assert guard["needed_n"] > 40
    assert not [reason for reason in paid["reasons"] if "can miss" in reason]


def test_decide_refuses_bounded_tails_without_an_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Printed
) -> None:
    fill(tmp_path, monkeypatch)
    graded()
    guarded(bounds=None, tails="bounded")
    assert decide() == 65
    assert (
        "field 'criteria.quality.bounds': tails: bounded needs the least" in capsys.readouterr().err
    )


def words(right: int) -> str:
    """An answer that has so many of twenty words."""
    return " ".join(f"w{i}" for i in range(right))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Forty texts as guard, of which the tuned arm has a word more or less."""
    found = Desk(tmp_path)
    found.test_set("texts", 40, reference=words(20))
    found.answers("base", "texts", [words(14 + i % 3) for i in range(40)])
    found.answers("tuned", "texts", [words(14 + (i + 1) % 3) for i in range(40)])
    guard = {"file": "texts.jsonl", "role": "guard", "margin": 0.05}
    del found.study["test_sets"]["sums"]
    found.study["test_sets"]["texts"] = guard | {"metric": {"name": "token_f1"}}
    return found


def test_compare_names_a_policy_since_it_has_no_such_option(desk: Desk, capsys: Printed) -> None:
    files = [str(desk.folder / name) for name in ("base.texts.jsonl", "tuned.texts.jsonl")]
    asked = ["--metric", "token_f1", "--role", "guard", "--margin", "0.05", "--json"]
    run(["compare", *files, "--test-set", str(desk.folder / "texts.jsonl"), *asked])
    (sentence,) = [
        each for each in json.loads(capsys.readouterr().out)["reasons"] if "miss" in each
    ]
    assert sentence.endswith(
        ": 40 items can miss up to 8.8% that lose much; at 0.57 each they would cost the margin of "
        "0.05 (a policy with tails: bounded pays for that)"
    )
    assert run(["compare", "--help"]) == 0
    assert "tails" not in capsys.readouterr().out


@pytest.mark.heavy
@pytest.mark.django_db(transaction=True)
def test_a_study_pays_for_it_and_to_leave_that_out_after_a_look_is_easier(
    desk: Desk, capsys: Printed
) -> None:
    guard = desk.study["test_sets"]["texts"]

    def studied(tails: str | None, name: str) -> tuple[int, Any]:
        paying = {} if tails is None else {"tails": tails}
        desk.study["test_sets"]["texts"] = guard | paying
        desk.study["name"] = name
        code = run(["study", "run", str(desk.write()), "--json"])
        document = json.loads(capsys.readouterr().out)
        assert verify(document).differences == []
        return code, document

    code, paid = studied("bounded", "Shall we?")
    criterion = paid["criteria"][1]
    assert (code, criterion["status"], criterion["tails"]) == (2, "open", "bounded")
    assert criterion["needed_n"] > 40
    code, eased = studied(None, "Shall we, if nobody pays?")
    assert (code, eased["criteria"][1]["status"]) == (1, "pass")
    (caveat,) = eased["caveats"]
    assert (caveat["code"], caveat["holds"]) == ("policy-eased", True)
    assert caveat["sentence"] == (
        "policy eased after the look: texts: no unseen losses assumed (was: rare heavy losses "
        "assumed)"
    )
    desk.study["project"] = "another"
    assert studied(None, "Nobody pays")[0] == 0
    code, stricter = studied("bounded", "Now somebody does")
    assert (code, "caveats" in stricter) == (2, False)
    (change,) = stricter["policy_since"]["changes"]
    assert (change["field"], change["effect"]) == ("criteria.texts.tails", "stricter")
