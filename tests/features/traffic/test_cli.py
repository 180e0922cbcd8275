"""`evalhub traffic`: files are taken in, settings changed, a user's rows erased."""

import gzip
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from django.utils import timezone
from pyarrow import parquet

from evalhub.cli.app import run as cli
from evalhub.features.traffic.keeping import settings_of, user_hash
from evalhub.features.traffic.models import Request, RequestText, Signal
from tests.cast import Team
from tests.features.traffic.otlp_bodies import RECORDED

type Jsonl = Callable[..., Path]
type Run = Callable[..., Ended]
type Shown = Callable[..., Any]
pytestmark = pytest.mark.django_db


def time(minutes_ago: int = 1) -> datetime:
    return timezone.now() - timedelta(minutes=minutes_ago)


def a_row(key: str = "r1", **fields: Any) -> dict[str, Any]:
    return {"id": key, "time": time().isoformat(), "model": "support-large"} | fields


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it printed."""

    code: int
    stdout: str
    stderr: str


@pytest.fixture
def run(team: Team, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    """`evalhub traffic …` of the team's project."""

    def command(*arguments: object) -> Ended:
        capsys.readouterr()
        code = cli(["traffic", *map(str, arguments), "--project", "support-desk"])
        return Ended(code, *capsys.readouterr())

    return command


@pytest.fixture
def shown(run: Run) -> Callable[..., Any]:
    """What a command prints as JSON."""

    def command(*arguments: object) -> Any:
        ended = run(*arguments, "--json")
        assert ended.code == 0, ended
        return json.loads(ended.stdout)

    return command


def keys() -> Sequence[str]:
    return sorted(Request.objects.values_list("key", flat=True))


def test_a_file_is_taken_in_and_the_same_again_changes_nothing(
    run: Run, shown: Shown, jsonl: Jsonl
) -> None:
    file = jsonl(a_row("r1"), a_row("r2"))
    assert "Taken in: 2 requests, 0 signals; 0 were there already." in run("import", file).stdout
    assert shown("import", file)["there_already"] == 2
    assert keys() == ["r1", "r2"]
    assert set(Request.objects.values_list("source", flat=True)) == {"file"}


def test_a_packed_file_and_one_of_signals(shown: Shown, jsonl: Jsonl, tmp_path: Path) -> None:
    packed = tmp_path / "requests.ndjson.gz"
    packed.write_bytes(gzip.compress(jsonl(a_row()).read_bytes()))
    assert shown("import", packed)["requests"] == 1
    thumb = {"id": "s1", "time": time().isoformat(), "name": "thumb", "value": 1}
    signals = jsonl(thumb | {"request": "r1"}, thumb | {"id": "s2", "request": "later"})
    result = shown("import", signals, "--signals")
    assert (result["signals"], result["waiting"]) == (2, 1)
    assert Signal.objects.get(key="s1").request_key == "r1"


def test_parquet_is_taken_in_with_empty_cells_left_out(
    shown: Shown, team: Team, tmp_path: Path
) -> None:
    settings_of(team.project)
    rows = [
        {"id": "r1", "time": time(), "model": "m", "prompt_tokens": 5.0, "user": None},
        {"id": "r2", "time": time(), "model": "m", "prompt_tokens": float("nan"), "user": "ada"},
    ]
    file = tmp_path / "requests.parquet"
    parquet.write_table(pyarrow.Table.from_pylist(rows), file, row_group_size=1)
    assert shown("import", file)["requests"] == 2
    tokens = Request.objects.order_by("key").values_list("prompt_tokens", flat=True)
    assert list(tokens) == [5, None]


def test_parquet_of_a_warehouse_has_decimals_and_texts_as_bytes(
    shown: Shown, team: Team, tmp_path: Path
) -> None:
    rows = [
        {"id": key, "time": time(), "model": "m", "cost_usd": Decimal("0.0012"), "user": user}
        for key, user in (("r1", b"ada"), ("r2", b"\xff"))
    ]
    file = tmp_path / "requests.parquet"
    parquet.write_table(pyarrow.Table.from_pylist(rows), file)
    result = shown("import", file)
    assert (result["requests"], result["refused"]) == (1, {"not a JSON object": 1})
    request = Request.objects.get()
    assert request.cost_usd == 0.0012
    assert request.user_hash == user_hash("ada", settings_of(team.project))


def test_parquet_that_cannot_be_read_to_its_end_is_refused(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "requests.parquet"
    for times in (
        pyarrow.array([2**62], pyarrow.timestamp("ms", "UTC")),
        pyarrow.array([0], pyarrow.timestamp("ms", "Nowhere/City")),
    ):
        parquet.write_table(pyarrow.table({"id": ["r1"], "time": times, "model": ["m"]}), file)
        ended = run("import", file)
        assert (ended.code, "malformed Parquet" in ended.stderr) == (65, True), ended
    parquet.write_table(pyarrow.table({"id": [f"request {n}" for n in range(99)]}), file)
    content = file.read_bytes()
    file.write_bytes(content[:60] + bytes(100) + content[160:])
    ended = run("import", file)
    assert (ended.code, "malformed Parquet" in ended.stderr) == (65, True), ended


def test_litellms_payloads_are_known_by_their_first_line(shown: Shown, jsonl: Jsonl) -> None:
    recorded = (RECORDED / "payloads.jsonl").read_text().splitlines()
    start = time().timestamp()
    times = {"startTime": start, "endTime": start + 1}
    file = jsonl(*(json.loads(line) | times for line in recorded))
    assert shown("import", file)["requests"] == 4
    assert set(Request.objects.values_list("source", flat=True)) == {"litellm"}
    assert Request.objects.exclude(mirror_of="").get().mirror_of == "r-1"


def test_a_wrong_row_is_named_by_its_line_and_the_others_are_taken(run: Run, jsonl: Jsonl) -> None:
    result = run("import", jsonl(a_row("r1"), a_row("r2", turn=-1), a_row("r3")))
    assert result.code == 0
    assert "Not taken: 1 row: a number is negative" in result.stdout
    assert "line 2: field 'turn': must be 0 or more" in result.stderr
    assert keys() == ["r1", "r3"]


def test_a_file_of_which_nothing_is_taken_ends_with_an_error(run: Run, jsonl: Jsonl) -> None:
    assert run("import", jsonl(a_row(turn=-1))).code == 65


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("missing.ndjson", None, "no such file"),
        ("empty.ndjson", b"\n", "holds no rows"),
        ("page.ndjson", b"<html>\n</html>\n", "isn't NDJSON"),
        ("requests.ndjson.gz", b"no gzip", "damaged gzip data"),
        ("requests.parquet", b"no Parquet", "malformed Parquet"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(
    run: Run, tmp_path: Path, name: str, content: bytes | None, message: str
) -> None:
    file = tmp_path / name
    if content is not None:
        file.write_bytes(content)
    ended = run("import", file)
    assert (ended.code, message in ended.stderr) == (65, True), ended
    assert not keys()


def test_a_long_file_is_read_in_batches(shown: Shown, tmp_path: Path) -> None:
    file = tmp_path / "requests.ndjson"
    with file.open("w") as lines:
        lines.writelines(json.dumps(a_row(f"r{number}")) + "\n" for number in range(10_001))
        lines.write(json.dumps(a_row("late", turn=-1)) + "\n")
    result = shown("import", file)
    assert result["requests"] == 10_001
    assert [flaw["line"] for flaw in result["flaws"]] == [10_002]


def test_settings_are_changed_and_printed(run: Run, shown: Shown, team: Team) -> None:
    changed = run("settings", "--text-share", 0.1, "--languages", "de, en")
    assert "Texts of 10% of the requests are kept for 30 days, requests for 90 days." in (
        changed.stdout
    )
    assert settings_of(team.project).languages == ["de", "en"]
    run("settings", "--languages", "any")
    assert shown("settings")["languages"] == []
    refused = run("settings", "--days", 0)
    assert (refused.code, "above 0" in refused.stderr) == (65, True), refused


def test_the_status_says_what_came_and_under_which_names(
    run: Run, shown: Shown, jsonl: Jsonl
) -> None:
    run("import", jsonl(a_row("r1"), a_row("r2", turn=-1)))
    assert "Not taken: 1 row: a number is negative" in run("status").stdout
    assert "support-large: 1 request; nobody has said which version" in run("status").stdout
    assert shown("status")["served"] == [{"name": "support-large", "requests": 1, "version": None}]


def test_a_user_is_erased_by_the_id_that_was_sent_or_its_hash(
    run: Run, shown: Shown, jsonl: Jsonl
) -> None:
    run("settings", "--text-share", 1)
    rows = [a_row(f"r{i}", user=user, output="Hello") for i, user in enumerate(["ada", "bob"])]
    run("import", jsonl(*rows))
    planned = run("erase", "--user-id", "ada", "--dry-run")
    erased_rows = (
        "1 request, 1 text, 0 signals, 0 items, 0 judged answers, 0 examples, 0 example calls, "
        "0 user days."
    )
    assert f"Would erase {erased_rows}" in planned.stdout
    assert len(keys()) == 2
    erased = run("erase", "--user-id", "ada", "--yes")
    assert f"Erased {erased_rows}" in erased.stdout
    assert keys() == ["r1"]
    assert shown("erase", "--user", Request.objects.get().user_hash, "--yes")["texts"] == 1
    assert not RequestText.objects.exists()


def test_erasing_needs_one_user(run: Run) -> None:
    for options in ([], ["--user", "0" * 32, "--user-id", "ada"]):
        assert "one of --user and --user-id" in run("erase", *options, "--yes").stderr
