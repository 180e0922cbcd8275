"""A caveat stands in the headline wherever a record is shown, and one that holds holds a ship."""

from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from evalhub.decision.caveats import with_caveats
from evalhub.decision.document import DecisionRecord
from evalhub.decision.verify import verify
from evalhub.declare.caveats import Caveat
from evalhub.declare.declaration import validate
from evalhub.declare.verdicts import Verdict
from evalhub.frames.command.printing import print_record
from evalhub.io.canonical import digest_of
from evalhub.report.github import annotations
from evalhub.report.junit import junit
from evalhub.report.markdown import markdown
from evalhub.report.one_file import render_report
from tests.decision.recorded import HELD, OPEN, SHIPPED, SPOILT, VALID, fields

COPIES = Caveat(code="near-copies", sentence="near-copies of items looked at: 83%", holds=True)
DROPPED = Caveat(
    code="items-dropped", sentence="12 items dropped after look 1, 11 of them lost by tuned"
)


def judged(record: dict[str, Any], *caveats: Caveat) -> DecisionRecord:
    return with_caveats(validate(DecisionRecord, record), caveats)


def test_a_caveat_that_holds_makes_a_ship_a_hold_and_comes_first() -> None:
    record = judged(SHIPPED, COPIES)
    assert (record.verdict, record.verdict.exit_code) == (Verdict.HOLD, 1)
    base = SHIPPED["headline"].removeprefix("Unregistered: ")
    held = "Held: near-copies of items looked at: 83%."
    assert record.headline == f"Unregistered: {held} {base}"
    assert record.reasons[-1] == "✗ Near-copies of items looked at: 83%"


def test_a_caveat_that_holds_nothing_stands_at_the_end_of_the_headline() -> None:
    record = judged(SHIPPED, DROPPED)
    assert record.verdict is Verdict.SHIP
    assert record.headline == f"{SHIPPED['headline']} Note: {DROPPED.sentence}."
    assert record.reasons[-1] == f"? {DROPPED.sentence}"


def test_both_kinds_at_once() -> None:
    record = judged(SHIPPED, DROPPED, COPIES)
    assert record.headline.startswith(f"Unregistered: Held: {COPIES.sentence}. tuned")
    assert record.headline.endswith(f" Note: {DROPPED.sentence}.")


@pytest.mark.parametrize("record", [HELD, OPEN], ids=["hold", "need-more-data"])
def test_what_is_no_ship_stays_what_it_is_and_says_so(record: dict[str, Any]) -> None:
    noted = judged(record, COPIES)
    assert noted.verdict == record["verdict"]
    assert noted.headline == f"{record['headline']} Note: {COPIES.sentence}."


def test_invalid_evidence_has_no_caveat() -> None:
    assert judged(SPOILT, COPIES).as_json() == SPOILT


def test_a_record_without_caveats_is_written_as_before() -> None:
    assert "caveats" not in SHIPPED
    assert digest_of(judged(SHIPPED).as_json()) == digest_of(SHIPPED)


def test_a_record_with_caveats_fits_the_schema_and_verifies() -> None:
    written = judged(SHIPPED, COPIES, DROPPED).as_json()
    VALID.validate(written)
    assert written["caveats"][0] == {
        "code": "near-copies",
        "sentence": COPIES.sentence,
        "holds": True,
    }
    found = verify(written)
    assert (found.differences, found.verdict) == ([], "hold")
    assert found.headline == written["headline"]


def test_a_caveat_that_is_made_to_hold_nothing_or_taken_out_is_found() -> None:
    written = judged(SHIPPED, COPIES).as_json()
    written["caveats"][0]["holds"] = False
    assert {"verdict", "headline"} <= set(fields(written))
    del written["caveats"]
    assert {"verdict", "headline", "reasons"} <= set(fields(written))


@pytest.mark.parametrize("caveat", [COPIES, DROPPED], ids=["holds", "noted"])
def test_every_rendering_of_a_record_says_it(caveat: Caveat) -> None:
    record = judged(SHIPPED, caveat)
    terminal = StringIO()
    print_record(record, Console(file=terminal, width=400))
    said = {
        "text": terminal.getvalue(),
        "html": render_report(record, []),
        "markdown": markdown(record),
        "junit": junit(record).decode(),
        "github": annotations(record)[0].replace("%25", "%"),
    }
    assert [name for name, text in said.items() if caveat.sentence not in text] == []
    assert record.as_json()["headline"].count(caveat.sentence) == 1


def test_ci_shows_a_noted_ship_as_a_warning_and_a_held_one_as_a_failure() -> None:
    assert annotations(judged(SHIPPED, DROPPED))[0].startswith("::warning")
    assert annotations(judged(SHIPPED, COPIES))[0].startswith("::error")
    assert b"<failure" in junit(judged(SHIPPED, COPIES))
