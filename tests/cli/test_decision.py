"""`evalhub decision verify` as a user runs it, on what the other commands printed."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from evalhub import __version__
from evalhub.cli.app import run
from evalhub.decision.content import content_digest
from evalhub.decision.document import DecisionRecord
from evalhub.declare.declaration import validate
from evalhub.io.canonical import digest_of
from evalhub.registry.models import Item, Output, Score
from tests.studies.desks import Desk

Capture = pytest.CaptureFixture[str]
VERIFY = ["decision", "verify", "verdict.json"]


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> dict[str, Any]:
    """What `compare --json` said of a gain of 30 in 300, kept as verdict.json."""
    monkeypatch.chdir(tmp_path)
    desk = Desk(tmp_path)
    desk.test_set("items", 300)
    desk.answers("base", "items", ["wrong"] * 300)
    desk.answers("tuned", "items", ["right"] * 30 + ["wrong"] * 270)
    arms = ["base.items.jsonl", "tuned.items.jsonl"]
    run(["compare", *arms, "--test-set", "items.jsonl", "--metric", "exact_match", "--json"])
    printed = capsys.readouterr().out
    Path("verdict.json").write_text(printed)
    read: dict[str, Any] = json.loads(printed)
    return read


def alter(record: dict[str, Any], **criterion: Any) -> None:
    record["criteria"][0] |= criterion
    Path("verdict.json").write_text(json.dumps(record))


def content_of(record: dict[str, Any]) -> str:
    return content_digest(validate(DecisionRecord, record))


def test_what_it_says_may_be_asked_for(record: dict[str, Any], capsys: Capture) -> None:
    assert run([*VERIFY, "--content", content_of(record)]) == 0
    assert run([*VERIFY, "--content", "0" * 64]) == 65
    assert "content is" in capsys.readouterr().err
    assert run([*VERIFY, "--content", "abc"]) == 64


def test_a_record_as_it_was_printed_is_verified(record: dict[str, Any], capsys: Capture) -> None:
    assert run([*VERIFY, "--digest", digest_of(record)]) == 0
    printed = capsys.readouterr()
    assert printed.out.splitlines() == [
        "verified: ship",
        "  Unregistered: tuned.items gains 0.10 on items.",
        f"  SHA-256 {digest_of(record)}",
        f"  SHA-256 of its content {content_of(record)}",
    ]
    assert printed.err == ""


def test_json_is_one_document(record: dict[str, Any], capsys: Capture) -> None:
    assert run([*VERIFY, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "schema": "evalhub.verification/1",
        "verified": True,
        "candidate": "tuned.items",
        "verdict": "ship",
        "digest": digest_of(record),
        "content": content_of(record),
        "code": {"version": __version__, "same": True},
        "differences": [],
        "others": [],
        "rows": None,
        "signature": None,
    }


def test_an_altered_record_ends_with_65_and_every_field_that_differs(
    record: dict[str, Any], capsys: Capture
) -> None:
    alter(record, lower=-0.01)
    assert run(VERIFY) == 65
    printed = capsys.readouterr()
    assert printed.out == ""
    first, *lines = printed.err.splitlines()
    assert first == "evalhub: verdict.json: not verified, the numbers give need-more-data"
    assert (
        '  verdict is "ship" and should be "need-more-data": '
        "that is what follows from the record's numbers" in lines
    )
    named = [line.split(" is ")[0].strip() for line in lines]
    assert named == [
        "verdict",
        "headline",
        "reasons[0]",
        "criteria[0].status",
        "criteria[0].needed_n",
        "criteria[0].needed_why",
        "criteria[0].sentence",
        "needed_n",
    ]


def test_numbers_that_can_not_be_together_are_named(
    record: dict[str, Any], capsys: Capture
) -> None:
    alter(record, wins=31)
    assert run(VERIFY) == 65
    assert (
        "criteria[0].n is 300 and should be 301: it is wins + losses + ties"
        in capsys.readouterr().err
    )


def test_json_says_too_what_is_not_verified(record: dict[str, Any], capsys: Capture) -> None:
    alter(record, status="fail")
    assert run([*VERIFY, "--json"]) == 65
    found = json.loads(capsys.readouterr().out)
    assert (found["verified"], found["verdict"]) == (False, "ship")
    (difference,) = found["differences"]
    assert difference == {
        "field": "criteria[0].status",
        "recorded": "fail",
        "expected": "pass",
        "rule": "that is what follows from the record's numbers",
    }


def test_another_digest_ends_with_65(record: dict[str, Any], capsys: Capture) -> None:
    assert run([*VERIFY, "--digest", "a" * 64]) == 65
    assert f'digest is "{digest_of(record)}" and should be "{"a" * 64}"' in capsys.readouterr().err


def test_what_is_no_digest_is_wrong_usage(record: dict[str, Any], capsys: Capture) -> None:
    assert run([*VERIFY, "--digest", "abc"]) == 64
    assert "'abc' isn't a SHA-256: 64 hexadecimal digits" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "line 1: malformed JSON"),
        (b'{\n "schema": oops}', "line 2: malformed JSON at column 12"),
        (
            b'{"schema": "evalhub.decision/9"}',
            "isn't one of evalhub.decision/2",
        ),
        (b'{"verdict": "ship"}', "field 'schema': missing"),
        (b'{"schema": "a", "schema": "b"}', "field 'schema': named twice"),
        (b'{"schema": "evalhub.decision/2", "alpha": NaN}', "field 'alpha'"),
        (b"[]", "an object with fields is needed"),
        (b"\xff\xfe{\x00}\x00", "not UTF-8"),
        (b"[" * 200_000, "nested too deeply"),
    ],
)
def test_what_is_no_record_is_bad_data(
    record: dict[str, Any], capsys: Capture, content: bytes, says: str
) -> None:
    Path("verdict.json").write_bytes(content)
    assert run([*VERIFY, "--json"]) == 65
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("evalhub: verdict.json")
    assert says in printed.err


def test_a_file_that_can_not_be_read_is_bad_data(record: dict[str, Any], capsys: Capture) -> None:
    assert run(["decision", "verify", "gone.json"]) == 65
    assert capsys.readouterr().err == "evalhub: gone.json: no such file\n"
    assert run(["decision", "verify", "."]) == 65
    assert "can't be read" in capsys.readouterr().err


@pytest.mark.django_db(transaction=True)
def test_a_study_is_verified_with_its_other_arms(tmp_path: Path, capsys: Capture) -> None:
    desk = Desk(tmp_path)
    desk.study["arms"]["worse"] = {
        "kind": "prompted",
        "backend": {"recorded": "worse.{test_set}.jsonl"},
    }
    desk.study["candidate"] = "tuned"
    desk.answers("worse", "triage", ["wrong, too"] * 60)
    desk.answers("worse", "sums", ["nothing"] * 300)
    run(["study", "run", str(desk.write()), "--json"])
    printed = tmp_path / "verdict.json"
    printed.write_text(capsys.readouterr().out)
    record = json.loads(printed.read_text())
    assert run(["decision", "verify", str(printed)]) == 0
    assert capsys.readouterr().out.splitlines()[::4] == ["verified: ship", "verified: hold"]
    record["others"][0]["verdict"] = "ship"
    printed.write_text(json.dumps(record))
    assert run(["decision", "verify", str(printed)]) == 65
    assert 'others[0].verdict is "ship" and should be "hold"' in capsys.readouterr().err


@pytest.mark.heavy
def test_verifying_loads_neither_django_nor_celery(record: dict[str, Any]) -> None:
    code = (
        "import sys; from evalhub.cli.app import run\n"
        f"code = run({VERIFY!r})\n"
        "heavy = {'django', 'celery', 'aiohttp', 'pyarrow', 'yaml'} & set(sys.modules)\n"
        "sys.exit(code or (f'loaded {heavy}' if heavy else 0))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture
def study(tmp_path: Path, capsys: Capture) -> dict[str, Any]:
    """What `study run --json` said, kept as verdict.json beside the home of its rows."""
    run(["study", "run", str(Desk(tmp_path).write()), "--json"])
    printed = tmp_path / "verdict.json"
    printed.write_text(capsys.readouterr().out)
    read: dict[str, Any] = json.loads(printed.read_text())
    return read


def held_against_home(tmp_path: Path, capsys: Capture) -> tuple[int, list[dict[str, Any]]]:
    home = str(settings.HOME)
    code = run(["decision", "verify", str(tmp_path / "verdict.json"), "--home", home, "--json"])
    rows: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["rows"]
    return code, rows


@pytest.mark.django_db(transaction=True)
def test_a_home_says_of_every_row_that_it_still_matches(
    study: dict[str, Any], tmp_path: Path, capsys: Capture
) -> None:
    code, rows = held_against_home(tmp_path, capsys)
    assert code == 0
    assert {row["state"] for row in rows} == {"matches"}
    kinds = ["items", "metric", "answers of base", "scores of base"]
    kinds += ["answers of tuned", "scores of tuned"]
    sets = len(study["evidence"])
    looks = ["ledger", *["look"] * sets, "ledger's rows"]
    assert [row["what"] for row in rows] == ["code", *kinds * sets, *looks]
    file, home = str(tmp_path / "verdict.json"), str(settings.HOME)
    assert run(["decision", "verify", file, "--home", home]) == 0
    said = capsys.readouterr().out
    assert "  ✓ tuned: code: matches\n" in said
    assert "  ✓ tuned: scores of base on triage: matches\n" in said


@pytest.mark.django_db(transaction=True)
def test_scores_made_elsewhere_are_held_against_their_home_too(
    tmp_path: Path, capsys: Capture
) -> None:
    desk = Desk(tmp_path)
    desk.study["test_sets"] = {
        "triage": {
            "file": "triage.jsonl",
            "role": "primary",
            "metric": {"name": "recorded", "score": "f1", "bounds": [0, 1]},
        }
    }
    for arm, score in (("base", 0.25), ("tuned", 0.75)):
        rows = (
            {"id": f"q{i}", "output": arm, "scores": {"f1": score + i % 2 / 10}} for i in range(60)
        )
        desk.rows(f"{arm}.triage.jsonl", rows)
    assert run(["study", "run", str(desk.write()), "--json"]) == 0
    (tmp_path / "verdict.json").write_text(capsys.readouterr().out)
    code, found = held_against_home(tmp_path, capsys)
    assert (code, {row["state"] for row in found}) == (0, {"matches"})
    Score.objects.filter(value=0.75).update(value=0.76)
    code, found = held_against_home(tmp_path, capsys)
    assert [row["what"] for row in found if row["state"] != "matches"] == ["scores of tuned"]
    assert code != 0


@pytest.mark.django_db(transaction=True)
def test_what_an_older_version_decided_is_verified_and_says_so(
    study: dict[str, Any], tmp_path: Path, capsys: Capture
) -> None:
    study["code"] = {"version": "0.0.9", "digest": "0" * 64}
    file = tmp_path / "verdict.json"
    file.write_text(json.dumps(study))
    code, rows = held_against_home(tmp_path, capsys)
    assert code == 0
    assert [each["what"] for each in rows if each["state"] == "other code"] == ["code"]
    verify = ["decision", "verify", str(file)]
    assert run([*verify, "--home", str(settings.HOME)]) == 0
    said = capsys.readouterr().out
    older = "Evalhub 0.0.9 decided it, by other sources than these: "
    assert f"  {older}by both the same follows from its numbers\n" in said
    assert "  – tuned: code: other code\n" in said
    study["headline"] = "Otherwise"
    file.write_text(json.dumps(study))
    assert run(verify) == 65
    assert f"  {older}if its SHA-256 is the one that you kept, the rule has" in (
        capsys.readouterr().err
    )
    assert run([*verify, "--digest", "0" * 64]) == 65
    assert f"  {older}nor is it the record with this SHA-256" in capsys.readouterr().err
    assert run([*verify, "--json"]) == 65
    digest = json.loads(capsys.readouterr().out)["digest"]
    assert run([*verify, "--digest", digest]) == 65
    assert f"  {older}the record is the one with this SHA-256" in capsys.readouterr().err


@pytest.mark.django_db(transaction=True)
def test_whatever_was_changed_in_a_home_differs_whatever_its_digests_say(
    study: dict[str, Any], tmp_path: Path, capsys: Capture
) -> None:
    row = next(each for each in study["evidence"] if each["test_set"] == "triage")
    run_of = {"output__run": row["candidate_run"]}
    Score.objects.filter(**run_of, value=1).update(value=0)
    Output.objects.filter(run=row["baseline_run"]).update(text="otherwise")
    Item.objects.filter(version__runs=row["baseline_run"]).update(context="as well")
    code, rows = held_against_home(tmp_path, capsys)
    assert code == 65
    differing = {(each["test_set"], each["what"]) for each in rows if each["state"] != "matches"}
    assert differing == {
        ("triage", "items"),
        ("triage", "answers of base"),
        ("triage", "scores of tuned"),
    }
    assert {each["state"] for each in rows} == {"matches", "differs"}


@pytest.mark.django_db(transaction=True)
def test_what_a_home_does_not_hold_is_not_there_and_no_difference(
    study: dict[str, Any], tmp_path: Path, capsys: Capture
) -> None:
    for row in study["evidence"]:
        row |= {"baseline_run": 7_000_000, "candidate_run": 7_000_001}
    (tmp_path / "verdict.json").write_text(json.dumps(study))
    code, rows = held_against_home(tmp_path, capsys)
    assert code == 0
    kept = ("code", "ledger", "look", "ledger's rows")
    assert {each["state"] for each in rows if each["what"] not in kept} == {"not there"}


@pytest.mark.django_db(transaction=True)
def test_a_look_that_the_ledger_does_not_hold_differs(
    study: dict[str, Any], tmp_path: Path, capsys: Capture
) -> None:
    """Whether its number, its answers or its ledger was written by hand."""
    study["ledger"]["home"] = "f" * 32
    study["ledger"]["test_sets"][0]["number"] = 7
    study["evidence"][1]["candidate_answers"] = "0" * 64
    (tmp_path / "verdict.json").write_text(json.dumps(study))
    code, rows = held_against_home(tmp_path, capsys)
    assert code == 65
    found = {(row["what"], row["test_set"]): row["found"] for row in rows}
    assert found["ledger", ""] != "f" * 32
    assert found["look", study["evidence"][0]["test_set"]] == "look 1"
    assert found["look", study["evidence"][1]["test_set"]] == "no look"


@pytest.mark.django_db(transaction=True)
def test_nothing_unregistered_passes_for_a_registered_ship(
    study: dict[str, Any], tmp_path: Path, capsys: Capture
) -> None:
    """A comparison of files with the ledger of a study's record put into it by hand."""
    desk = Desk(tmp_path)
    desk.answers("other", "triage", ["right"] * 60)
    files = [str(tmp_path / f"{arm}.triage.jsonl") for arm in ("base", "other")]
    asked = ["--test-set", str(tmp_path / "triage.jsonl"), "--metric", "exact_match", "--json"]
    run(["compare", *files, *asked])
    record = json.loads(capsys.readouterr().out)
    assert (record["registered"], record["headline"][:13]) == (False, "Unregistered:")
    test_set = record["evidence"][0]["test_set"]
    row = study["ledger"]["test_sets"][0] | {"test_set": test_set}
    record |= {
        "registered": True,
        "headline": record["headline"].removeprefix("Unregistered: "),
        "ledger": study["ledger"] | {"test_sets": [row]},
    }
    (tmp_path / "verdict.json").write_text(json.dumps(record))
    code, rows = held_against_home(tmp_path, capsys)
    assert code == 65
    assert ("look", "no look") in {(each["what"], each["found"]) for each in rows}


def test_a_home_that_is_not_there_is_wrong_usage(record: dict[str, Any], capsys: Capture) -> None:
    assert run([*VERIFY, "--home", "nowhere"]) == 64
    assert "there is no home nowhere" in capsys.readouterr().err
    assert not Path("nowhere").exists()
