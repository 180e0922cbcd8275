"""Traffic by REST: rows are sent as NDJSON, what was wrong is counted, a token reads nothing."""

import gzip
import json
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from evalhub.accounts.models import Action, LogEntry
from evalhub.features.traffic.keeping import change_settings
from evalhub.features.traffic.models import RefusedRows, Request, RequestText, Signal
from tests.api.conftest import Program
from tests.cast import Team, a_team

Programs = Callable[..., Program]
NDJSON = "application/x-ndjson"


def a_row(key: str = "r1", **fields: Any) -> dict[str, Any]:
    """A request of a minute ago."""
    time = (timezone.now() - timedelta(minutes=1)).isoformat()
    return {"id": key, "time": time, "model": "support-large", "prompt_tokens": 512} | fields


def a_thumb(key: str = "s1", **fields: Any) -> dict[str, Any]:
    time = timezone.now().isoformat()
    return {"id": key, "time": time, "name": "thumb", "value": 1, "request": "r1"} | fields


def ndjson(rows: Iterable[Any]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def sent(caller: Program, to: str, body: bytes, kind: str = NDJSON, **headers: str) -> Any:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return caller.client.post(caller.at(to), body, content_type=kind, headers=names)


@pytest.fixture
def sender(program: Programs) -> Program:
    """A gateway's token: it sends traffic and reads nothing."""
    return program("traffic")


def test_requests_are_sent_and_stored_once_however_often_they_come(sender: Program) -> None:
    body = ndjson([a_row("r1"), a_row("r2")])
    first = sent(sender, "/requests", body)
    assert first.status_code == 200, first.content
    assert first.json() == {
        "requests": 2,
        "signals": 0,
        "there_already": 0,
        "waiting": 0,
        "refused": {},
        "flaws": [],
    }
    again = sent(sender, "/requests", body).json()
    assert (again["requests"], again["there_already"]) == (0, 2)
    assert sorted(Request.objects.values_list("key", flat=True)) == ["r1", "r2"]


def test_a_signal_may_come_before_its_request(sender: Program) -> None:
    early = sent(sender, "/signals", ndjson([a_thumb()])).json()
    assert (early["signals"], early["waiting"]) == (1, 1)
    sent(sender, "/requests", ndjson([a_row()]))
    assert Signal.objects.get().request_key == "r1"
    late = sent(sender, "/signals", ndjson([a_thumb("s2", name="copied")])).json()
    assert (late["signals"], late["waiting"]) == (1, 0)


def test_a_body_may_be_packed(sender: Program) -> None:
    body = gzip.compress(ndjson([a_row()]))
    assert sent(sender, "/requests", body, Content_Encoding="gzip").json()["requests"] == 1


def test_wrong_lines_are_counted_by_reason_and_the_others_are_taken(
    sender: Program, team: Team
) -> None:
    long_ago, ahead = timezone.now() - timedelta(days=400), timezone.now() + timedelta(days=1)
    rows = [
        a_row("good"),
        a_row("r2", prompt_tokens=-1),
        a_row("r3", output="x" * 10_000_000),
        a_row("r4", time=long_ago.isoformat()),
        a_row("r5", time=ahead.isoformat()),
        a_row("r6", prompt_tokens=-2),
    ]
    answer = sent(sender, "/requests", ndjson(rows) + b"no JSON\n").json()
    assert answer["requests"] == 1
    assert answer["refused"] == {
        "a number is negative": 2,
        "a text is too long": 1,
        "its time is too long ago": 1,
        "its time lies ahead": 1,
        "not a JSON object": 1,
    }
    assert [flaw["line"] for flaw in answer["flaws"]] == [2, 3, 4, 5, 6, 7]
    negative = answer["flaws"][0]
    assert (negative["field"], negative["message"]) == ("prompt_tokens", "must be 0 or more")
    counts = RefusedRows.objects.filter(project=team.project).values_list("reason", "rows")
    assert dict(counts) == answer["refused"]


def test_the_first_ten_flaws_are_shown_and_all_are_counted(sender: Program) -> None:
    rows = [a_row(f"r{number}", turn=-1) for number in range(30)]
    answer = sent(sender, "/requests", ndjson(rows)).json()
    assert answer["refused"] == {"a number is negative": 30}
    assert [flaw["line"] for flaw in answer["flaws"]] == list(range(1, 11))


@pytest.mark.parametrize(
    ("body", "headers", "code", "message"),
    [
        (b"", {}, 400, "holds no rows"),
        (b"<html>", {}, 400, "isn't NDJSON"),
        (json.dumps([{"id": "r1"}]).encode(), {}, 400, "isn't NDJSON"),
        (b"no gzip", {"Content_Encoding": "gzip"}, 400, "damaged gzip data"),
        (
            gzip.compress(b"{}", mtime=0)[:-4],
            {"Content_Encoding": "gzip"},
            400,
            "damaged gzip data",
        ),
        (
            gzip.compress(b"x" * 2**26, mtime=0),
            {"Content_Encoding": "gzip"},
            413,
            "once it is unpacked",
        ),
        (
            gzip.compress(b"\n" * 2**24 + b"{}", mtime=0),
            {"Content_Encoding": "gzip"},
            413,
            "10,000 lines",
        ),
        (b" " * (16 * 2**20 + 1), {}, 413, "16,777,216 bytes"),
        (b"{}\n" * 10_001, {}, 413, "10,000 lines"),
        (b"{}", {"Content_Encoding": "br"}, 415, "identity or gzip"),
        (b"{}", {"kind": "application/json"}, 415, "application/json"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused_whole(
    sender: Program, body: bytes, headers: dict[str, str], code: int, message: str
) -> None:
    answer = sent(sender, "/requests", body, **headers)
    assert answer.status_code == code, answer.content
    assert message in answer.json()["detail"]
    assert not Request.objects.exists()
    assert not RefusedRows.objects.exists()


def test_a_token_for_traffic_reads_nothing(sender: Program) -> None:
    for path in ("", "/traffic", "/runs", "/studies", "/jobs"):
        answer = sender.get(path)
        assert answer.status_code == 403, path
        assert "needs the scope read; it has traffic" in answer.json()["detail"]


def test_another_token_sends_no_traffic(program: Programs, team: Team) -> None:
    others = program("read", "ingest", "run", "decide", "review", "admin", user=team.olga)
    for to in ("/requests", "/signals"):
        answer = sent(others, to, ndjson([a_row()]))
        assert answer.status_code == 403
        assert "needs the scope traffic" in answer.json()["detail"]


def test_another_projects_token_finds_nothing_here(sender: Program) -> None:
    a_team("Others", "others")
    sender.project = "others"
    assert sent(sender, "/requests", ndjson([a_row()])).status_code == 404
    assert not Request.objects.exists()


def test_texts_are_off_until_an_owner_says_otherwise(sender: Program, team: Team) -> None:
    messages = [{"role": "user", "content": "I am olga@example.org. Where is my invoice?"}]
    sent(sender, "/requests", ndjson([a_row("r1", messages=messages)]))
    assert not RequestText.objects.exists()
    change_settings(project=team.project, by=team.olga, text_share=1)
    sent(sender, "/requests", ndjson([a_row("r2", messages=messages, output="Dear Olga, …")]))
    text = RequestText.objects.get()
    assert text.messages[0]["content"] == "I am [mail-1]. Where is my invoice?"
    assert Request.objects.get(key="r2").masked == 1
    assert set(Request.objects.values_list("language", flat=True)) == {"en"}


def test_the_tools_that_an_answer_calls_are_kept_as_files_of_answers_have_them(
    sender: Program, team: Team
) -> None:
    change_settings(project=team.project, by=team.olga, text_share=1)
    function = {"name": "find_order", "arguments": '{"mail": "olga@example.org"}'}
    plain = {"name": "find_order", "arguments": {"mail": "olga@example.org"}}
    rows = [
        a_row("r1", tool_calls=[{"id": "c-1", "type": "function", "function": function}]),
        a_row("r2", tool_calls=[plain], output="I look."),
        a_row("r3", tool_calls=[]),
    ]
    assert sent(sender, "/requests", ndjson(rows)).json()["requests"] == 3
    masked = [{"name": "find_order", "arguments": {"mail": "[mail-1]"}}]
    assert list(RequestText.objects.order_by("key").values_list("tool_calls", "output")) == [
        (masked, None),
        (masked, "I look."),
    ]


@pytest.mark.parametrize(
    ("calls", "message"),
    [
        ("find_order", "a list is needed"),
        (["find_order"], "an object is needed"),
        ([{"arguments": {}}], "a tool is called without a name"),
        ([{"name": "x", "arguments": '{"a":' * 200 + "1" + "}" * 200}], "nested more than 100"),
        ([{"name": "find"}] * 129, "129 tools are called at once, and at most 128 are kept"),
        ([{"name": "find", "arguments": {"x": "a\x00b"}}], "holds a NUL character at position 2"),
        ([{"name": "x", "arguments": {"x": "y" * 2_000_000}}], "is too long: 1,000,000 characters"),
    ],
)
def test_calls_that_cannot_be_kept_are_refused_with_what_is_wrong(
    sender: Program, calls: Any, message: str
) -> None:
    answer = sent(sender, "/requests", ndjson([a_row("r1", tool_calls=calls), a_row("r2")])).json()
    [flaw] = answer["flaws"]
    assert answer["requests"] == 1
    assert flaw["field"].startswith("tool_calls")
    assert message in flaw["message"]


def test_a_comment_is_masked_before_it_is_stored(sender: Program, team: Team) -> None:
    change_settings(project=team.project, by=team.olga, text_share=1)
    sent(sender, "/signals", ndjson([a_thumb(text="Call +49 30 23125 000")]))
    assert Signal.objects.get().text == "Call [phone-1]"


def test_the_traffic_of_a_project_is_read(sender: Program, program: Programs) -> None:
    now = timezone.now().isoformat()
    sent(sender, "/requests", ndjson([a_row("r1", time=now), a_row("r2", time=now, turn=-1)]))
    shown = program("read").get("/traffic").json()
    assert shown == {
        "text_share": 0.0,
        "text_days": 30,
        "days": 90,
        "languages": [],
        "requests_today": 1,
        "refused_today": {"a number is negative": 1},
        "served": [{"name": "support-large", "requests": 1, "version": None}],
    }


def test_an_owner_changes_what_is_kept(program: Programs, team: Team) -> None:
    owner = program("admin", user=team.olga)
    changed = owner.edit("PATCH", "/traffic", {"text_share": 0.1, "languages": ["de", "en"]})
    assert changed.status_code == 200, changed.content
    assert changed.json()["text_share"] == 0.1
    assert changed.json()["languages"] == ["de", "en"]
    assert LogEntry.objects.filter(action=Action.TRAFFIC_CHANGED, by=team.olga).count() == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"text_share": 2}, "text_share"),
        ({"days": 20}, "text_days"),
        ({"days": "90"}, "days"),
        ({"languages": ["xx"]}, "languages"),
        ({"salt": "mine"}, "salt"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_its_field(
    program: Programs, team: Team, change: dict[str, Any], field: str
) -> None:
    answer = program("admin", user=team.olga).edit("PATCH", "/traffic", change)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == field
