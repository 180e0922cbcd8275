"""A policy that was eased after a look at its items holds a ship, by the real commands.

Each project starts afresh, so that one test goes through several ways: a home's tables take longer
to empty than a study takes to run.
"""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from evalhub.accounts.models import LogEntry
from evalhub.cli.app import run
from evalhub.ledger.models import Acceptance, Decision, Look
from tests.studies.desks import Desk

pytestmark = pytest.mark.django_db(transaction=True)
Printed = pytest.CaptureFixture[str]
REASON = "The margin was a typing error."


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """The tuned arm gains 13 of 60 and loses 6 of 300 sums."""
    found = Desk(tmp_path)
    found.answers("tuned", "triage", ["right"] * 13 + ["wrong"] * 47)
    found.answers("tuned", "sums", ["right, too"] * 294 + ["no"] * 6)
    found.rows(
        "sums.jsonl",
        ({"id": f"q{i}", "input": f"Sum {i}?", "reference": "right"} for i in range(300)),
    )
    found.study["test_sets"]["triage"]["min_gain"] = 0.02
    found.study["test_sets"]["sums"]["margin"] = 0.06
    found.study["policy"] = {"alpha": 0.025}
    return found


def ask(desk: Desk, changed: dict[str, Any], **study: Any) -> None:
    """Asks otherwise, by fields such as "triage.min_gain"; None leaves a test set out."""
    for name, value in changed.items():
        of, _, field = name.partition(".")
        if value is None:
            del desk.study["test_sets"][of]
        elif of == "policy":
            desk.study["policy"][field] = value
        else:
            desk.study["test_sets"][of][field] = value
    desk.study |= study


def studied(desk: Desk, *arguments: str) -> int:
    return run(["study", "run", str(desk.write()), *arguments])


def record_of(printed: Printed) -> Any:
    return json.loads(printed.readouterr().out)


WAYS: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "min_gain": (
        {"triage.min_gain": 0.2},
        {"triage.min_gain": 0.02},
        "triage must gain more than 0.02 (was 0.2)",
    ),
    "margin": (
        {"sums.margin": 0.03},
        {"sums.margin": 0.06},
        "sums may lose less than 0.06 (was 0.03)",
    ),
    "guard left out": (
        {"sums.margin": 0.03},
        {"sums": None},
        "sums isn’t required any more (was: may lose less than 0.03)",
    ),
    "tier": (
        {"sums.margin": 0.03},
        {"sums.tier": "advisory"},
        "sums: only reported (was: needed for a ship)",
    ),
    "alpha": (
        {"policy.alpha": 1e-6},
        {"policy.alpha": 0.05},
        "Significance level: 0.05 (was 1e-06)",
    ),
}
"""What was asked first and brought no ship, what is asked then and would, and its words."""


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("Shall we?", id="same study", marks=pytest.mark.heavy),
        pytest.param("Another name", id="another name"),
    ],
)
def test_a_policy_that_is_eased_after_the_look_holds_what_it_would_ship(
    desk: Desk, capsys: Printed, name: str
) -> None:
    usual = json.dumps(desk.study)
    for place, (first, then, words) in enumerate(WAYS.values()):
        desk.study = json.loads(usual)
        ask(desk, first, project=f"desk-{place}")
        assert studied(desk) in (1, 2), words
        capsys.readouterr()
        ask(desk, then, name=name)
        assert studied(desk, "--json") == 1, words
        record = record_of(capsys)
        (caveat,) = record["caveats"]
        assert (caveat["code"], caveat["holds"]) == ("policy-eased", True)
        assert caveat["sentence"] == f"policy eased after the look: {words}"
        assert record["headline"].startswith(f"Held: {caveat['sentence']}. tuned gains")
        assert f"✗ P{caveat['sentence'][1:]}" in record["reasons"]
        assert record["policy_since"]["status"] == "fail"


@pytest.mark.heavy
def test_what_is_no_easing_after_a_look_holds_nothing(desk: Desk, capsys: Printed) -> None:
    ask(desk, {"triage.min_gain": 0.2, "sums.margin": 0.05})
    usual = json.dumps(desk.study)
    assert studied(desk, "--dry-run") == 0
    ask(desk, {"triage.min_gain": 0.02, "sums.margin": 0.06})  # before anybody looked
    assert studied(desk) == 0
    ask(desk, {"triage.min_gain": 0.03, "policy.alpha": 0.02}, name="Stricter")
    assert studied(desk) == 0
    desk.study = json.loads(usual)
    assert studied(desk) == 2, "stricter still, and another question of the first study"
    ask(desk, {"triage.min_gain": 0.02, "sums.margin": 0.06}, project="others")
    capsys.readouterr()
    assert studied(desk, "--json") == 0, "what another project asks isn't known here"
    assert record_of(capsys)["policy_since"] is None
    ask(desk, {"triage.min_gain": 0.0, "triage.file": "fresh.jsonl"}, project="desk", name="Fresh")
    tickets = (
        {"id": f"q{i}", "input": f"Ticket {1000 + i}?", "reference": "right"} for i in range(60)
    )
    desk.rows("fresh.jsonl", tickets)
    assert studied(desk, "--json") == 0, "a fresh test set"
    assert "caveats" not in record_of(capsys)


@pytest.mark.heavy
def test_a_detour_by_another_metric_or_by_what_was_held_eases_nothing(
    desk: Desk, capsys: Printed
) -> None:
    ask(desk, {"triage.min_gain": 0.2})
    assert studied(desk) == 2
    ask(desk, {"triage.min_gain": 0.02}, name="Held")
    assert studied(desk) == 1
    ask(desk, {}, name="Held again")
    assert studied(desk) == 1, "a policy that was held is none to go by"
    ask(desk, {"triage.metric": {"name": "contains"}}, name="By another metric")
    studied(desk)
    ask(desk, {"triage.metric": {"name": "exact_match"}}, name="Back")
    capsys.readouterr()
    assert studied(desk, "--json") == 1
    assert "triage must gain more than 0.02 (was 0.2)" in record_of(capsys)["headline"]


@pytest.mark.heavy
def test_it_ships_once_it_is_accepted_and_says_so(desk: Desk, capsys: Printed) -> None:
    ask(desk, {"triage.min_gain": 0.2})
    assert studied(desk) == 2
    ask(desk, {"triage.min_gain": 0.02})
    assert studied(desk) == 1
    assert "--accept-policy-change REASON accepts its policy here" in capsys.readouterr().err
    assert studied(desk, "--accept-policy-change", " ") == 64
    assert "says why" in capsys.readouterr().err
    assert studied(desk, "--accept-policy-change", REASON, "--json") == 0
    record = record_of(capsys)
    (caveat,) = record["caveats"]
    assert (caveat["holds"], caveat["accepted"]) == (False, REASON)
    assert record["headline"].endswith(
        " Note: policy eased after the look: triage must gain more than 0.02 (was 0.2) (accepted)."
    )
    entry = LogEntry.objects.get(action="accepted")
    assert (entry.by, entry.detail["caveats"]) == (None, ["policy-eased"])
    decisions, looks = Decision.objects.count(), Look.objects.count()
    assert studied(desk, "--json") == 0
    assert record_of(capsys)["headline"] == record["headline"]
    assert (Decision.objects.count(), Look.objects.count()) == (decisions, looks)
    assert studied(desk, "--accept-policy-change", REASON) == 0
    assert Acceptance.objects.count() == 1, "there was nothing more to accept"
    ask(desk, {"triage.min_gain": 0.03}, name="Between the two")
    assert studied(desk) == 0
    ask(desk, {"triage.min_gain": 0.0}, name="Easier still")
    assert studied(desk) == 1


@pytest.mark.heavy
def test_an_alpha_above_a_twentieth_waits_for_an_owner(
    desk: Desk, tmp_path: Path, capsys: Printed
) -> None:
    junit, markdown = tmp_path / "j.xml", tmp_path / "m.md"
    ask(desk, {"policy.alpha": 0.25})
    command = ["gate", str(desk.write()), "--junit", str(junit), "--markdown", str(markdown)]
    assert run(command) == 1
    words = "alpha is 0.25, above 0.05, which an owner has to accept"
    assert f"Hold Held: {words}." in " ".join(capsys.readouterr().out.split())
    assert f"## ❌ Hold: Held: {words}." in markdown.read_text()
    (failure,) = ElementTree.parse(junit).getroot().iter("failure")
    assert f"Held: {words}." in failure.attrib["message"]
    assert run([*command, "--accept-policy-change", REASON]) == 0
    assert "Note: alpha is 0.25, above 0.05 (accepted)." in markdown.read_text()
    assert run([*command, "--server", "https://site.test", "--accept-policy-change", REASON]) == 64
    assert "at a site an owner accepts it" in capsys.readouterr().err
