"""Exporters at a site as it runs: its server lets their large batches through."""

import json
import sqlite3
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path

import pytest

from evalhub.serving.server import MIB, ServerLimits
from tests.features.traffic.otlp_bodies import a_span, a_trace_body, now_ns
from tests.serving.site import Site, up

pytestmark = pytest.mark.heavy

CALLS = 500


def a_large_body() -> bytes:
    """As many calls as an exporter sends at once, with long texts."""
    began = now_ns() - 60 * 10**9
    times = {"startTimeUnixNano": str(began), "endTimeUnixNano": str(began + 10**9)}
    text = json.dumps([{"role": "user", "parts": [{"type": "text", "content": "Why? " * 2000}]}])
    texts = {"gen_ai.input.messages": text}
    return a_trace_body(*[a_span(texts, spanId=f"{n + 1:016x}", **times) for n in range(CALLS)])


def post(site: Site, body: bytes, token: str) -> tuple[int, bytes]:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    request = urllib.request.Request(f"{site.url}/v1/traces", body, headers)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def test_a_batch_larger_than_any_other_body_is_taken(tmp_path: Path) -> None:
    body = a_large_body()
    assert len(body) > ServerLimits().body + MIB
    with up(tmp_path) as site:
        site.command("user", "add", "olga", "--project", "support", "--role", "owner")
        made = site.command(
            *("token", "add", "production", "--project", "support"), "--scope", "traffic", "--json"
        )
        assert post(site, body, json.loads(made)["token"]) == (200, b"{}")
        code, answer = post(site, body, "evh_wrong")
        assert (code, json.loads(answer)["message"]) == (
            401,
            "This token is unknown, expired or revoked.",
        )
    with closing(sqlite3.connect(tmp_path / "home" / "evalhub.sqlite3")) as database:
        assert database.execute("SELECT count(*) FROM traffic_request").fetchone() == (CALLS,)
