"""`evalhub prices`: what a model or a GPU costs, since when, and where that is known from."""

import datetime
import json
from pathlib import Path

import pytest
from django.conf import settings

from evalhub.cli.app import run
from tests.prices.test_gpus import OURS
from tests.prices.test_table import a_model, write


def test_the_command_says_where_a_price_comes_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(settings, "HOME", tmp_path)
    assert run(["prices", "of", "gpt-4.1-mini", "--day", "2026-11-26"]) == 0
    assert "since 2025-04-14 by evalhub's table (https://" in capsys.readouterr().out
    assert run(["prices", "of", "gpt-9"]) == 1
    assert "nothing is guessed" in capsys.readouterr().out
    assert run(["prices", "check"]) == 0
    assert "There is no" in capsys.readouterr().out
    write(tmp_path, models=[a_model({"since": "2026-01-01", "prompt": 1, "completion": 2})])
    assert run(["prices", "check", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["models"] == 1
    assert run(["prices", "list", "--json"]) == 0
    first = json.loads(capsys.readouterr().out)["prices"][0]
    assert (first["provider"], first["table"], first["completion"]) == ("ours", "home", 2)
    write(tmp_path, models=[a_model({"since": "2026-01-01", "prompt": 1})])
    assert run(["prices", "check"]) == 65
    assert "line" in capsys.readouterr().err


def test_it_is_said_when_and_where_a_price_was_seen_and_when_that_is_long_ago(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(settings, "HOME", tmp_path)
    today = datetime.datetime.now(datetime.UTC).date()
    past = {"since": "2020-01-01", "prompt": 1, "completion": 2}
    recent = {"since": "2021-01-01", "prompt": 1, "completion": 1, "seen": today.isoformat()}
    lists = {"seen_in": "a list"}
    models = [a_model(past, names=("old",)), a_model(past, recent | lists, names=("new",))]
    write(tmp_path, currency="EUR", models=models)
    assert run(["prices", "list"]) == 0
    told = capsys.readouterr()
    assert "https://example.org/prices (home), seen 2020-01-01 in its source" in told.out
    assert f"(home), seen {today} in a list" in told.out
    assert "Not seen for more than 90 days: old (2020-01-01). Look" in told.err
    assert run(["prices", "list", "--days", "36500"]) == 0
    assert capsys.readouterr().err == ""
    assert run(["prices", "list", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["prices"]
    assert [row["old"] for row in rows] == [True, False, False], "what another follows is past"
    assert run(["prices", "list", "--days", "0"]) == 64


def test_the_command_lists_gpus_with_their_days_and_sources(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(settings, "HOME", tmp_path)
    assert run(["prices", "gpus"]) == 0
    told = capsys.readouterr().out
    assert "p4d.24xlarge (8 × A100-40GB) of AWS, us-east-1, since 2024-04-01: 32.77 USD" in told
    assert run(["prices", "gpus", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["prices"]
    assert all(each["source"].startswith("https://") and each["seen"] for each in rows)
    (tmp_path / "gpus.yaml").write_text(OURS.replace("EUR", "GOLD"))
    assert run(["prices", "gpus"]) == 65
