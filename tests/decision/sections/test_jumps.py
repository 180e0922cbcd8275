"""A gain beyond belief is told, and holds a ship back only where the policy says so."""

from typing import Any

import numpy as np
import pytest
from scipy.stats import binom

from evalhub.decision.measuring import measure
from evalhub.decision.requirements import Requirement
from evalhub.decision.sections.jumps import implausible_rows
from evalhub.decision.verify import verify
from evalhub.declare.decision import People
from evalhub.declare.declaration import validate
from tests.decision.made_up import a_criterion, a_guard
from tests.decision.recorded import a_record, fields

GAIN = a_criterion(0.02, 0.06, p_value=0.001)
JUMP = a_guard(0.10, 0.14, p_value=0.001)
"""A guard that may lose 0.02 and gains at least five times as much."""


def test_a_guard_that_gains_more_than_it_may_lose_is_told_and_ships_all_the_same() -> None:
    record = a_record([GAIN, JUMP])
    assert (record["verdict"], record["jumps"]["status"]) == ("ship", "fail")
    (row,) = record["jumps"]["beyond"]
    assert (row["name"], row["limit"], row["lower"]) == (JUMP.name, JUMP.margin, 0.10)
    (said,) = record["jumps"]["sentences"]
    assert said.startswith(f"{JUMP.name} gains 0.1 or more, beyond the {JUMP.margin:g} that is")
    assert verify(record).differences == []


def test_it_holds_where_the_policy_says_so() -> None:
    record = a_record([GAIN, JUMP], jumps="hold")
    assert record["verdict"] == "hold"
    assert record["headline"].startswith(f"Unregistered: Not believed: {JUMP.name} gains 0.1 or")
    assert record["reasons"][0].startswith(f"✗ {JUMP.name} gains 0.1 or more, beyond the ")
    assert verify(record).differences == []


def test_a_guard_on_how_answers_look_raises_none_but_beyond_what_the_policy_says() -> None:
    form = JUMP.model_copy(update={"form": True, "higher_is_better": False})
    assert implausible_rows([form], {}) == ()
    assert [row.name for row in implausible_rows([form], {form.name: 0.05})] == [form.name]


@pytest.mark.parametrize(
    ("jumps", "gains", "alarm"),
    [
        ("off", {}, False),
        ("report", {"sums": 0.2}, False),
        ("report", {"triage": 0.01}, True),
        ("report", {"triage": 0.05}, False),
    ],
)
def test_the_limit_is_the_policy_s_where_it_says_one(
    jumps: Any, gains: dict[str, float], alarm: bool
) -> None:
    primary = GAIN.model_copy(update={"name": "triage"})
    guard = JUMP.model_copy(update={"name": "sums"})
    asked = [primary] if "triage" in gains else [primary, guard]
    record = a_record(asked, jumps=jumps, largest_gain=gains)
    assert (record["jumps"] is not None) == alarm
    assert verify(record).differences == []


def test_an_alarm_that_was_taken_out_or_put_in_is_found() -> None:
    record = a_record([GAIN, JUMP])
    assert "jumps.beyond" in fields(record | {"jumps": None})
    quiet = a_record([GAIN, a_guard(-0.01, 0.01)])
    assert "jumps.beyond" in fields(quiet | {"jumps": record["jumps"]})
    held = a_record([GAIN, JUMP], jumps="hold")
    softened = held | {"jumps": held["jumps"] | {"rule": "report"}}
    assert "jumps.rule" in fields(softened)


def test_a_record_from_before_there_were_alarms_verifies() -> None:
    record = a_record([GAIN, JUMP])
    for name in ("jumps", "policy_since"):
        del record[name]
    for name in ("jumps", "largest_gain"):
        del record["policy"][name]
    assert verify(record).differences == []


def test_whatever_the_people_s_part_lacks_is_a_difference() -> None:
    people = {"state": "partial", "planned": 6, "judgments": 6, "identical": 0}
    record = a_record([GAIN]) | {"people": validate(People, people).as_json()}
    assert verify(record).differences == []
    for name in ("seal", "cautions"):
        del record["people"][name]
    assert fields(record) == ["people.seal", "people.cautions"]


def test_invalid_evidence_raises_no_alarm() -> None:
    record = a_record([GAIN, JUMP], invalid=["tuned answered 3 of 1,000 items"], jumps="hold")
    assert (record["verdict"], record["jumps"]) == ("invalid", None)
    assert verify(record).differences == []


@pytest.mark.heavy
@pytest.mark.parametrize(("gain", "at_most"), [(0.05, 0.025), (0.0, 0.001)])
def test_how_often_the_alarm_is_false(gain: float, at_most: float) -> None:
    """A guard of 300 yes/no items that truly gains its whole margin, or nothing: the alarm comes
    in at most alpha of studies. More than the 99.9% quantile of such a count would refute it."""
    rng = np.random.default_rng(11)
    asked = Requirement("sums", "guard", "sums", "score", margin=0.05)
    studies, n = 400, 300
    alarms = 0
    for _ in range(studies):
        base = (rng.random(n) < 0.6).astype(float)
        won = (base == 0) & (rng.random(n) < (0.04 + gain) / 0.4)
        lost = (base == 1) & (rng.random(n) < 0.04 / 0.6)
        tuned = np.where(won, 1.0, np.where(lost, 0.0, base))
        found = measure(
            asked,
            base,
            tuned,
            clusters=None,
            weights=None,
            alpha=0.025,
            harm_alpha=0.025,
            planned_gain=0.05,
        )
        alarms += bool(implausible_rows([found], {}))
    assert alarms <= binom.ppf(0.999, studies, at_most)
