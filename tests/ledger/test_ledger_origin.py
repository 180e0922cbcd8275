"""A ledger that was begun or restored just now says so, and a server's ledger is asked for."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.db import connection
from pytest_django.fixtures import Settings

from evalhub.cli.app import run
from evalhub.decision.document import DecisionRecord
from evalhub.decision.ledger_origin import BEGUN, RESTORED, LedgerElsewhereError
from evalhub.decision.verify import verify
from evalhub.ledger import ledger_origin
from evalhub.ledger.chain.follow import chain_faults
from evalhub.ledger.chain.restored import note_restore
from evalhub.ledger.decide import decide_study
from evalhub.ledger.ledger_origin import is_a_servers_home, why_not_here
from evalhub.ledger.models import Decision, Ledger, LedgerRestore
from evalhub.registry.models import Study
from evalhub.registry.models.versions import Kind
from evalhub.site.ledger_page import ledger_page
from tests.cast import Team, a_run, a_test_set, a_version
from tests.ledger.test_ledger import Desk
from tests.studies.desks import Desk as Folder
from tests.tampering import administrator

pytestmark = [pytest.mark.django_db, pytest.mark.heavy]


@pytest.fixture
def desk(team: Team) -> Desk:
    return Desk(team)


def decided(study: Study) -> DecisionRecord:
    return decide_study(study=study)[0].document


NOT_KNOWN_HERE = "it counts no look that was taken elsewhere since that backup was written."


def ledger_caveats(record: DecisionRecord) -> dict[str, str]:
    return {each.code: each.sentence for each in record.caveats if each.code in (BEGUN, RESTORED)}


def begun(record: DecisionRecord) -> tuple[str, bool] | None:
    assert record.ledger is not None
    beginning = record.ledger.begun
    return None if beginning is None else (beginning.by, beginning.in_ci)


def test_elsewhere_it_is_one_line_of_the_record_and_the_next_study_has_none(desk: Desk) -> None:
    first = decided(desk.study(desk.candidate("one")))
    assert begun(first) == ("this-command", False)
    assert first.ledger is not None
    assert first.ledger.sentences[-1].startswith("This ledger was begun by this command: ")
    assert ledger_caveats(first) == {}
    second = decided(desk.study(desk.candidate("two")))
    assert begun(second) is None


def test_all_arms_of_the_command_say_it(desk: Desk) -> None:
    other = desk.candidate("two")
    study = desk.study(desk.candidate("one"), alternatives=[other])
    records = [each.document for each in decide_study(study=study)]
    assert [begun(record) for record in records] == [("this-command", False)] * 2


def test_the_same_again_is_the_same_decision_and_another_policy_says_whose_look_it_is(
    desk: Desk,
) -> None:
    study = desk.study(desk.candidate("one"))
    (first,) = decide_study(study=study)
    assert decide_study(study=study) == [first]
    study.policy = study.policy.model_copy(update={"planned_gain": 0.07})
    study.save()
    (second,) = decide_study(study=study)
    assert begun(second.document) == ("its-command", False)
    assert decide_study(study=study) == [second]
    assert Decision.objects.count() == 2


def test_in_ci_the_headline_says_it_and_so_does_the_next_command_of_the_job(
    desk: Desk, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.IN_CI = True
    study = desk.study(desk.candidate("one"))
    first = decided(study)
    assert begun(first) == ("this-command", True)
    assert list(ledger_caveats(first)) == [BEGUN]
    assert ledger_caveats(decided(study)) == ledger_caveats(first)
    second = decided(desk.study(desk.candidate("two")))
    assert begun(second) == ("first-day-in-ci", True)
    assert list(ledger_caveats(second)) == [BEGUN]
    monkeypatch.setattr(ledger_origin, "FIRST_DAY", timedelta(0))  # a home that the cache kept
    third = decided(desk.study(desk.candidate("three")))
    assert begun(third) is None
    assert ledger_caveats(third) == {}
    assert ledger_caveats(decided(study)) == ledger_caveats(first), "written with its look"


def test_invalid_evidence_begins_no_ledger(desk: Desk, settings: Settings) -> None:
    settings.IN_CI = True
    broken = a_version(desk.team, "broken", kind=Kind.LORA, parent=desk.base)
    a_run(broken, desk.questions, scores=[None] * 200)
    a_run(broken, desk.sums, scores=[None] * 300)
    invalid = decided(desk.study(broken))
    assert (invalid.verdict, invalid.ledger, ledger_caveats(invalid)) == ("invalid", None, {})
    assert begun(decided(desk.study(desk.candidate("one")))) == ("this-command", True)


def test_a_record_without_its_caveat_is_not_verified(desk: Desk, settings: Settings) -> None:
    settings.IN_CI = True
    record = decided(desk.study(desk.candidate("one"))).as_json()
    assert verify(record).verified
    others = [each for each in record["caveats"] if each["code"] != BEGUN]
    assert "caveats" in [each.field for each in verify(record | {"caveats": others}).differences]


def test_a_record_without_its_ledger_s_origin_is_not_verified(desk: Desk) -> None:
    record = decided(desk.study(desk.candidate("one")))
    decided(desk.study(desk.candidate("two")))
    document = Decision.objects.newest_first()[0].record
    assert "caveats" not in document
    del document["ledger"]["begun"], document["ledger"]["restored"]
    differences = verify(document).differences
    assert [each.field for each in differences] == ["ledger.begun", "ledger.restored"]
    assert {each.rule for each in differences} == {"every record has this field"}
    assert record.ledger is not None


def test_a_restored_ledger_is_said_as_long_as_items_of_the_backup_are_asked(desk: Desk) -> None:
    note_restore("")  # a backup from before anybody looked
    restore = LedgerRestore.objects.get()
    assert (restore.name, restore.began_as) == (str(Ledger.objects.get()),) * 2
    record = decided(desk.study(desk.candidate("one")))
    sentence = ledger_caveats(record)[RESTORED]
    assert sentence == (
        f"this ledger was restored from a backup without a ledger, 0 entries, at "
        f"{restore.created:%Y-%m-%d %H:%M} UTC"
    )
    assert record.headline.endswith(f"Note: {sentence}.")
    assert record.ledger is not None
    line = record.ledger.sentences[-1]
    assert line == f"T{sentence[1:]}: {NOT_KNOWN_HERE}"
    assert ledger_page(desk.questions, user=desk.team.olga).restored == line
    fresh = a_test_set(desk.team, "fresh", items=200)
    a_run(desk.base, fresh, scores=[1.0] * 50 + [0.0] * 150)
    on_fresh = desk.candidate("two", on=fresh)
    guarded = desk.study(on_fresh, primary=fresh)
    assert list(ledger_caveats(decided(guarded))) == [RESTORED], "its guard's items were there"
    alone = desk.study(on_fresh, primary=fresh, guards=[], slug="alone")
    assert ledger_caveats(decided(alone)) == {}
    assert ledger_page(fresh, user=desk.team.olga).restored == ""
    assert chain_faults() == []


def test_who_changes_the_id_or_the_restore_by_hand_is_found(desk: Desk) -> None:
    note_restore("")
    decided(desk.study(desk.candidate("one")))
    with administrator() as sql:
        sql("UPDATE ledger_ledgerrestore SET newest_version = 0")
    assert chain_faults() == [
        f"Restore of a backup {LedgerRestore.objects.get().pk} isn't as it was recorded, or what "
        "came before it isn't."
    ]
    with administrator() as sql:
        sql("UPDATE ledger_ledger SET name = %s", "0" * 32)
    assert "The ledger's id isn't the one that it was given when it was restored." in chain_faults()


SERVER = {"ledger_at": "server"}


@pytest.fixture
def laptop() -> None:
    if connection.vendor == "postgresql":
        pytest.skip("a home whose database is a server is a server's, and decides")


@pytest.mark.usefixtures("laptop")
def test_a_home_refuses_what_a_server_is_to_decide(desk: Desk, settings: Settings) -> None:
    study = desk.study(desk.candidate("one"), policy=SERVER)
    with pytest.raises(LedgerElsewhereError, match=r"`evalhub gate STUDY --server URL`"):
        decide_study(study=study)
    assert not Decision.objects.exists()
    settings.SITE_URL = "https://evalhub.example.org"
    record = decided(study)
    assert begun(record) == ("this-study", False)
    assert list(ledger_caveats(record)) == [BEGUN], "a server that was set up just now says so"
    again = desk.study(desk.candidate("two"), policy=SERVER)
    assert ledger_caveats(decided(again)) == {}


def test_a_database_that_is_a_server_makes_the_home_one(desk: Desk) -> None:
    postgresql = connection.vendor == "postgresql"
    assert is_a_servers_home() == postgresql
    assert (why_not_here("server") == "") == postgresql
    assert why_not_here("home") == ""


@pytest.mark.usefixtures("laptop")
@pytest.mark.parametrize("words", [("study", "run"), ("gate",)])
def test_a_local_command_is_refused_before_anything_is_registered(
    tmp_path: Path, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Folder(tmp_path)
    folder.study["policy"] = SERVER
    assert run([*words, str(folder.write())]) == 64
    told = capsys.readouterr().err
    assert "`ledger_at: server`" in told
    assert "`evalhub gate STUDY --server URL`" in told
    assert not Study.objects.exists()


@pytest.mark.usefixtures("laptop")
def test_a_dry_run_says_that_it_would_not_decide(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Folder(tmp_path)
    folder.study["policy"] = SERVER
    assert run(["study", "run", str(folder.write()), "--dry-run"]) == 0
    assert "It wouldn't decide here: the policy says `ledger_at: server`" in capsys.readouterr().err


def test_files_stand_in_no_ledger(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    policy: dict[str, Any] = {
        "schema": "evalhub.policy/1",
        "criteria": {"triage": {"role": "primary"}},
    }
    rows = ["item,arm,test_set,value"]
    rows += [f"q{i},{arm},triage,{i % 2}" for i in range(20) for arm in ("baseline", "candidate")]
    (tmp_path / "scores.csv").write_text("\n".join(rows) + "\n")
    for ledger_at, code in (("home", 2), ("server", 64)):
        file = tmp_path / f"{ledger_at}.yaml"
        file.write_text(yaml.safe_dump(policy | {"ledger_at": ledger_at}))
        assert run(["decide", str(file), "--evidence", str(tmp_path / "scores.csv")]) == code
    assert "the policy says `ledger_at: server`" in capsys.readouterr().err
