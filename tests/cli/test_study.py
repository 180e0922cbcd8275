"""`evalhub study run` and `evalhub doctor` as processes of their own, with a home of their own."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from evalhub.cli.app import run
from tests.fakes.openai_server import OpenAIServer, http_error
from tests.services import a_free_port
from tests.studies.desks import Desk

SCHEMA = Path(__file__).resolve().parents[2] / "docs" / "verdict.schema.json"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def evalhub(*arguments: str, at: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name.startswith(("PATH", "LC_"))}
    home = {"HOME": str(at), "EVALHUB_HOME": str(at / "home"), "COLUMNS": "80"}
    return subprocess.run(
        [Path(sys.executable).with_name("evalhub"), *arguments],
        cwd=at,
        env=kept | home | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def studied(desk: Desk, *arguments: str) -> subprocess.CompletedProcess[str]:
    return evalhub("study", "run", str(desk.write()), *arguments, at=desk.folder)


def here(desk: Desk, *arguments: str) -> int:
    """The same in this process, on the tests' database, which is quicker."""
    return run(["study", "run", str(desk.write()), *arguments])


def document(printed: str) -> dict[str, Any]:
    """The one JSON document on standard output, valid by the published schema."""
    record: dict[str, Any] = json.loads(printed)
    Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8"))).validate(record)
    return record


def asking(desk: Desk, url: str) -> None:
    desk.study["arms"]["tuned"]["backend"] = {"openai": {"url": url, "model": "echo", "retries": 0}}


@pytest.mark.heavy
def test_a_study_prints_one_document_and_the_second_time_the_same(desk: Desk) -> None:
    first, second = studied(desk, "--json"), studied(desk, "--json")
    assert (first.returncode, second.returncode) == (0, 0), first.stderr
    assert document(first.stdout) == document(second.stdout)
    assert document(first.stdout)["others"] == []
    assert "4 of 4 runs" in first.stderr


@pytest.mark.heavy
@pytest.mark.django_db(transaction=True)
def test_the_candidate_in_question_gives_the_exit_code(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.study["arms"]["worse"] = {
        "kind": "lora",
        "backend": {"recorded": "worse.{test_set}.jsonl"},
    }
    desk.answers("worse", "triage", ["wrong, too"] * 60)
    desk.answers("worse", "sums", ["nothing"] * 300)
    assert here(desk, "--json") == 0
    (other,) = document(capsys.readouterr().out)["others"]
    assert (other["arms"]["candidate"]["name"], other["verdict"]) == ("worse", "hold")
    desk.study["candidate"] = "worse"
    assert here(desk) == 1


@pytest.mark.heavy
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("columns", [80, 130])
def test_the_table_holds_in_its_columns(
    desk: Desk,
    columns: int,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    assert here(desk) == 0
    printed = capsys.readouterr().out
    assert printed.strip().startswith("Ship tuned gains 0.50 on triage")
    assert max(len(line.rstrip()) for line in printed.splitlines()) <= columns
    row = next(
        line for line in printed.splitlines() if line.split()[1:4] == ["sums", "1.000", "1.000"]
    )
    assert "…" not in row
    assert ("0/0/300" in row) == (columns == 130)
    assert printed.count("0/0/300") == 1


@pytest.mark.heavy
@pytest.mark.django_db(transaction=True)
def test_what_the_verdict_rests_on_stands_in_the_text_as_in_the_document(
    desk: Desk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ledger's sentences, the noise floor's, and which arm was chosen as the baseline."""
    monkeypatch.setenv("COLUMNS", "500")
    desk.study["baseline"] = "best-untuned"
    desk.study["arms"] |= {
        "prompted": {"kind": "prompted", "backend": {"recorded": "prompted.{test_set}.jsonl"}}
    }
    desk.study["arms"]["prompted"]["repeat"] = {"recorded": "again.{test_set}.jsonl"}
    desk.study["arms"]["base"]["repeat"] = {"recorded": "again.{test_set}.jsonl"}
    for arm in ("prompted", "again"):
        desk.answers(arm, "triage", ["right"] * 15 + [f"{arm}"] * 45)
        desk.answers(arm, "sums", ["right"] * 300)
    here(desk, "--json")
    record = document(capsys.readouterr().out)
    here(desk)
    printed = capsys.readouterr().out
    assert record["arms"]["baseline"]["name"] == "prompted"
    for name in ("ledger", "noise_floor", "baseline_choice"):
        assert record[name]["sentences"]
        for said in record[name]["sentences"]:
            assert said in printed
    assert "prompted is the best arm that isn’t fine-tuned: base 0" in printed
    assert "Interval: lower end at 0.0152, one-sided: look 1; upper end at 0.025: harm." in printed


def test_a_flaw_in_the_file_is_65_and_makes_no_home(desk: Desk) -> None:
    desk.study["test_sets"]["triage"]["role"] = "main"
    done = studied(desk, "--json")
    assert (done.returncode, done.stdout) == (65, "")
    assert "study.yaml, line " in done.stderr
    assert "field 'test_sets.triage.role': \"main\" isn't one of" in done.stderr
    assert not (desk.folder / "home").exists()


@pytest.mark.django_db(transaction=True)
def test_a_broken_answer_is_65_and_the_next_run_is_as_if_it_had_not_been(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    good = (desk.folder / "tuned.sums.jsonl").read_text()
    (desk.folder / "tuned.sums.jsonl").write_text(good + '{"id": "q1", "output": "again"}\n')
    assert here(desk, "--json") == 65
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "tuned.sums.jsonl, line 301, field 'id': 'q1' was answered on line 2" in printed.err
    (desk.folder / "tuned.sums.jsonl").write_text(good)
    assert here(desk) == 0


@pytest.mark.heavy
def test_an_endpoint_that_is_not_there_is_69_and_named(desk: Desk) -> None:
    url = f"http://127.0.0.1:{a_free_port()}/v1"
    asking(desk, url)
    done = studied(desk, "--json")
    assert (done.returncode, done.stdout) == (69, "")
    assert f"nothing answers at {url}" in done.stderr
    assert "run again to go on" in done.stderr


@pytest.mark.heavy
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("status", "code", "said"),
    [
        (409, 69, r"items, the first 'q\d*9': HTTP 409: on fire; put that right at the server"),
        (500, 69, r"items, the first 'q\d*9': HTTP 500: on fire; put that right at the server"),
        (400, 3, r"(\d+) of \d+ items failed, the first 'q\d*9': HTTP 400: on fire; asking again"),
    ],
)
def test_a_half_failed_run_is_nobody_s_verdict_and_running_again_retries_what_failed(
    desk: Desk, capsys: pytest.CaptureFixture[str], status: int, code: int, said: str
) -> None:
    with OpenAIServer() as server:
        asking(desk, server.url)
        desk.study["test_sets"]["triage"] |= {"role": "guard", "metric": {"name": "json_valid"}}
        desk.study["test_sets"]["sums"] |= {"metric": {"name": "length"}, "margin": 100}
        server.misbehave = lambda prompt, attempt: (
            http_error(status, "on fire") if attempt == 0 and prompt.endswith("9?") else None
        )
        assert here(desk, "--json") == code
        printed = capsys.readouterr()
        if code == 69:
            assert re.search(said, printed.err)
        else:  # both test sets hold the same questions, and whichever asks first is refused
            reasons = [re.search(said, reason) for reason in document(printed.out)["reasons"]]
            assert sum(int(reason[1]) for reason in reasons if reason) == 30
            assert all(reasons)
        assert ("invalid" in printed.out) == (code == 3)
        asked = len(server.requests)
        assert here(desk) in (0, 2)
        assert len(server.requests) - asked == 30


def test_a_study_that_is_not_there_is_65(tmp_path: Path) -> None:
    done = evalhub("study", "run", "gone.yaml", at=tmp_path)
    assert (done.returncode, done.stdout) == (65, "")
    assert done.stderr == "evalhub: gone.yaml: can't be read: No such file or directory\n"


@pytest.mark.heavy
def test_a_home_that_can_not_be_is_wrong_usage(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = evalhub("--home", str(tmp_path / "file" / "home"), "doctor", at=tmp_path)
    assert done.returncode == 64
    assert "EVALHUB_HOME" in done.stderr


def test_the_doctor_finds_a_fresh_home_well(tmp_path: Path) -> None:
    done = evalhub("doctor", at=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "✓ database: SQLite, not made yet" in done.stdout
    assert "✓ ledger: no look was taken yet" in done.stdout


@pytest.mark.heavy
def test_the_doctor_names_a_database_and_a_queue_that_do_not_answer(tmp_path: Path) -> None:
    port = a_free_port()
    done = evalhub(
        "doctor",
        at=tmp_path,
        EVALHUB_DATABASE_URL=f"postgresql://me:secret-word@127.0.0.1:{port}/evalhub",
        EVALHUB_REDIS_URL=f"redis://127.0.0.1:{port}/0",
    )
    assert done.returncode == 69
    assert "✗ database" in done.stdout
    assert "EVALHUB_DATABASE_URL" in done.stdout
    assert "✗ queue" in done.stdout
    assert "EVALHUB_REDIS_URL" in done.stdout
    assert "secret-word" not in done.stdout + done.stderr


def test_a_database_url_that_is_none_is_wrong_usage(tmp_path: Path) -> None:
    done = evalhub("doctor", at=tmp_path, EVALHUB_DATABASE_URL="nonsense")
    assert done.returncode == 64
    assert "EVALHUB_DATABASE_URL" in done.stderr


def test_a_worker_without_a_queue_is_wrong_usage(tmp_path: Path) -> None:
    done = evalhub("worker", at=tmp_path)
    assert done.returncode == 64
    assert "EVALHUB_REDIS_URL" in done.stderr
