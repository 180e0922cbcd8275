"""`evalhub data`: checked on files alone, kept in a project here, and at a site."""

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytest_django.live_server_helper import LiveServer

from evalhub.accounts.models import Scope
from evalhub.accounts.tokens import add_token
from evalhub.cli.app import run
from evalhub.registry.models import StoredDataReport
from tests.cast import Team, a_team, a_test_set
from tests.features.data.files import a_training_file
from tests.features.data.reports import a_kept_report

Capture = pytest.CaptureFixture[str]
OF = ("--project", "support-desk")


def test_a_file_is_checked_without_a_database(tmp_path: Path, capsys: Capture) -> None:
    path = a_training_file(tmp_path)
    assert run(["data", "check", str(path), "--task", "classification"]) == 0
    printed = capsys.readouterr().out
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert printed.startswith(f"train.jsonl: 120 rows (chat), SHA-256 {digest}\n")


def test_a_serious_finding_ends_with_1_and_names_its_rows(tmp_path: Path, capsys: Capture) -> None:
    path = a_training_file(tmp_path, empty=2)
    assert run(["data", "check", str(path)]) == 1
    printed = capsys.readouterr().out
    assert re.search(r"^SERIOUS  .*empty answer.* \(format\)$", printed, re.MULTILINE)
    assert "What to do: Add the answer, or leave the rows out." in printed


def test_the_report_is_written_as_it_is_printed(tmp_path: Path, capsys: Capture) -> None:
    path, out = a_training_file(tmp_path), tmp_path / "report.json"
    assert run(["data", "check", str(path), "--json", "--out", str(out)]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads(out.read_text(encoding="utf-8"))
    assert printed["schema"] == "evalhub.data-report/1"


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("--task", "poetry"), 64, "isn't one of classification, instruction, reasoning, style"),
        (("--sample", "3"), 64, "must be 100 or more"),
        (("--against", "traffic"), 64, "is needed with --against traffic"),
        (("--server", "http://127.0.0.1:9"), 64, "is needed with --server"),
        (
            ("--server", "http://127.0.0.1:9", "--against", "traffic", *OF),
            64,
            "traffic is read where it is kept",
        ),
        (("--labels", " , "), 64, "names no label"),
        (("--test-set", "nowhere.jsonl"), 65, "no such file"),
    ],
)
def test_what_cannot_be_checked_is_said(
    tmp_path: Path, capsys: Capture, words: tuple[str, ...], code: int, message: str
) -> None:
    assert run(["data", "check", str(a_training_file(tmp_path)), *words]) == code
    assert message in " ".join(capsys.readouterr().err.split())


def test_a_file_that_is_not_there_is_named(tmp_path: Path, capsys: Capture) -> None:
    assert run(["data", "check", str(tmp_path / "none.jsonl")]) == 65
    assert "none.jsonl: no such file" in capsys.readouterr().err


@pytest.mark.django_db
def test_with_a_project_its_test_sets_are_searched_for_and_the_report_is_kept(
    team: Team, tmp_path: Path, capsys: Capture
) -> None:
    a_test_set(team, "triage")
    a_test_set(team, "sums")
    path = a_training_file(tmp_path)
    assert run(["data", "check", str(path), *OF, "--by", "eva"]) == 0
    kept = StoredDataReport.objects.get()
    assert (kept.by, kept.document.test_sets) == (team.eva, ("sums v1", "triage v1"))
    assert f"Kept as data report {kept.pk} of support-desk" in capsys.readouterr().err
    assert run(["data", "check", str(path), *OF, "--no-keep", "--seed", "9"]) == 0
    assert StoredDataReport.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("by", "message"), [("nobody", "there is no user 'nobody'"), ("rui", "neither owner nor")]
)
def test_who_may_not_keep_it_is_told_before_anything_is_read(
    team: Team, tmp_path: Path, capsys: Capture, by: str, message: str
) -> None:
    path = a_training_file(tmp_path)
    assert run(["data", "check", str(path), *OF, "--by", by]) == 64
    printed = capsys.readouterr()
    assert (printed.out, message in printed.err) == ("", True)


@pytest.mark.django_db
def test_reports_are_listed_shown_and_signed(
    team: Team, shown: Callable[..., Any], capsys: Capture
) -> None:
    assert run(["data", "list", *OF]) == 0
    assert "No training file was checked yet" in capsys.readouterr().out
    report = a_kept_report(team, ("serious",))
    (row,) = shown("data", "list", *OF)
    assert (row["id"], row["serious"], row["signed"]) == (report.pk, 1, None)
    sign = ["data", "sign", str(report.pk), *OF, "--as", "accepted", "--reason", "A test key."]
    assert run([*sign, "--by", "eva"]) == 64
    assert "Only an owner of support-desk" in capsys.readouterr().err
    assert run([*sign, "--by", "olga"]) == 0
    assert "signed as accepted" in capsys.readouterr().out
    whole = shown("data", "show", report.digest[:10], *OF)
    assert whole["signed"]["reason"] == "A test key."
    assert whole["report"] == report.report
    assert run(["data", "show", report.sha256, *OF]) == 0
    printed = capsys.readouterr().out
    assert "SERIOUS  2 rows hold a key (serious) (privacy)" in printed
    assert "line 7 (beside line 3): the key is sk-…" in printed
    assert "Near-copies: 3.1% [2.1 to 4.4]" in printed


@pytest.mark.django_db
@pytest.mark.parametrize("which", ["7", "0", "abcdef0123", "deadbeef"])
def test_a_report_that_is_not_there_is_said(team: Team, capsys: Capture, which: str) -> None:
    assert run(["data", "show", which, *OF]) == 64
    assert "`evalhub data list` lists them" in " ".join(capsys.readouterr().err.split())


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("at_site", [False, True])
def test_an_item_of_a_test_set_in_the_file_is_serious_here_and_at_a_site(
    live_server: LiveServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Capture,
    at_site: bool,
) -> None:
    team = a_team()
    leaked = "What is the price of article 7 today?"
    a_test_set(team, "prices", items=[{"key": "p7", "input": leaked, "references": ["7"]}])
    scopes = [Scope.READ, Scope.INGEST]
    token = add_token(project=team.project, user=team.eva, name="CI", scopes=scopes, by=None)
    monkeypatch.setenv("EVALHUB_TOKEN", token.secret)
    site = ["--server", live_server.url] if at_site else []
    path = str(a_training_file(tmp_path))
    assert run(["data", "check", path, *OF, *site, "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    (finding,) = (each for each in report["findings"] if each["topic"] == "leakage")
    assert (finding["weight"], finding["lines"]) == ("serious", [8])


@pytest.mark.django_db(transaction=True)
def test_at_a_site_the_file_stays_here_and_the_report_alone_is_sent(
    live_server: LiveServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    team = a_team()
    a_test_set(team, "triage", items=3)
    scopes = [Scope.READ, Scope.INGEST, Scope.DECIDE]
    token = add_token(project=team.project, user=team.eva, name="CI", scopes=scopes, by=None)
    monkeypatch.setenv("EVALHUB_TOKEN", token.secret)
    site = [*OF, "--server", live_server.url]
    path = a_training_file(tmp_path)
    assert run(["data", "check", str(path), *site, "--json"]) == 0
    sent = json.loads(capsys.readouterr().out)
    row = StoredDataReport.objects.get()
    assert (row.report, row.by) == (sent, team.eva)
    assert row.document.test_sets == ("triage v1",)
    assert run(["data", "check", str(path), *site]) == 0
    assert StoredDataReport.objects.count() == 1
    reason = ["--as", "rejected", "--reason", "Too few rows."]
    assert run(["data", "sign", row.sha256[:9], *site, *reason]) == 0
    capsys.readouterr()
    assert run(["data", "show", str(row.pk), *site, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["signed"]["verdict"] == "rejected"
    assert run(["data", "list", *site]) == 0
    assert f"; rejected by account {team.eva.pk}" in capsys.readouterr().out
    assert run(["data", "show", "77", *site]) == 64
