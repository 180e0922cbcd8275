"""`evalhub study run` on a server whose responses with 200 are no answers, or name a fault."""

import json
from pathlib import Path
from typing import Any

import pytest

from evalhub.cli.app import run
from evalhub.ledger.models import Decision, Look
from evalhub.registry.models import Output
from tests.fakes.openai_server import OpenAIServer, body
from tests.studies.desks import Desk, EchoDesk

pytestmark = pytest.mark.django_db(transaction=True)

Printed = pytest.CaptureFixture[str]

KEY = "sk-not-a-real-key-0123456789"
LOGIN = f"<!doctype html><html><title>Sign in</title><p>The session of {KEY} has ended.</html>"
OUT_OF_ORDER = json.dumps({"error": {"message": f"worker lost; key {KEY}", "code": 13}})
HALF = '{"choices": [{"index": 0, "message": {"role": "assistant", "content": "You sa'


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setenv("SERVER_KEY", KEY)
    return EchoDesk(tmp_path)


def studied(desk: Desk, server: OpenAIServer, **settings: Any) -> int:
    backend = {"url": server.url, "model": "echo", "retries": 1, "key_env": "SERVER_KEY"} | settings
    desk.study["arms"]["tuned"]["backend"] = {"openai": backend}
    return run(["study", "run", str(desk.write()), "--json", "--allow", "127.0.0.1"])


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (LOGIN, "the response is an HTML page and no JSON: '<!doctype html><html><title>Sign in"),
        (OUT_OF_ORDER, "the response is an error: worker lost; key …"),
        (HALF, 'the response is malformed JSON: \'{"choices": [{"index": 0'),
    ],
    ids=["login", "error", "half"],
)
def test_what_is_no_answer_is_69_with_the_server_s_words_and_never_invalid_evidence(
    desk: Desk, capsys: Printed, content: str, words: str
) -> None:
    with OpenAIServer(key=KEY) as server:
        server.misbehave = lambda prompt, attempt: body(content) if prompt == "Say 7?" else None
        assert studied(desk, server) == 69
        printed = capsys.readouterr()
        assert server.asked["Say 7?"] == 2
        assert (
            f"{server.url} gave no answer to 1 of 60 items, the first 'q7': {words}" in printed.err
        )
        assert "put that right at the server and run again: what was answered stays" in printed.err
        assert "nvalid" not in printed.out + printed.err
        assert KEY not in printed.out + printed.err
        assert KEY not in Output.objects.get(fault="server").error
        assert (Decision.objects.count(), Look.objects.count()) == (0, 0)
        server.misbehave = lambda prompt, attempt: None
        asked = len(server.requests)
        assert studied(desk, server) == 0
        assert len(server.requests) - asked == 1
        assert json.loads(capsys.readouterr().out)["verdict"] == "ship"


def test_a_score_for_failures_is_none_for_what_the_server_failed_on(
    desk: Desk, capsys: Printed
) -> None:
    desk.study["policy"] = {"failures": "worst"}
    with OpenAIServer(key=KEY) as server:
        server.misbehave = lambda prompt, attempt: body(LOGIN) if prompt == "Say 7?" else None
        assert studied(desk, server) == 69
        server.misbehave = lambda prompt, attempt: None
        assert studied(desk, server) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["failures"], found["evidence"][0]["failed_candidate"]) == (None, 0)


def test_a_login_page_for_every_question_ends_the_command_soon(desk: Desk, capsys: Printed) -> None:
    with OpenAIServer(key=KEY) as server:
        server.misbehave = lambda prompt, attempt: body(LOGIN)
        assert studied(desk, server, concurrency=2) == 69
        assert len(server.requests) < 20
    said = capsys.readouterr().err
    assert "/v1/chat/completions gives no answers: the response is an HTML page" in said
    assert "put that right at the server or the proxy in front of it" in said
    assert "run again to go on" in said
    assert KEY not in said


@pytest.mark.heavy
@pytest.mark.parametrize(
    "message",
    [
        "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens",
        "The response was filtered due to the prompt triggering our content management policy",
    ],
    ids=["context", "filter"],
)
@pytest.mark.parametrize("status", [200, 400])
def test_what_the_server_calls_the_item_s_own_fault_goes_by_the_policy(
    desk: Desk, capsys: Printed, status: int, message: str
) -> None:
    with OpenAIServer(key=KEY) as server:
        server.misbehave = lambda prompt, attempt: (
            body(json.dumps({"error": {"message": message}}), status=status)
            if prompt == "Say 7?"
            else None
        )
        assert studied(desk, server) == 3
        (reason,) = json.loads(capsys.readouterr().out)["reasons"]
        assert reason.startswith("tuned on triage: 1 of 60 items failed, the first 'q7': ")
        assert message[:60] in reason
        assert "asking again can't help" in reason
        assert "say `failures: worst` in the policy" in reason
        assert "run again" not in reason
        assert Look.objects.count() == 0
        desk.study["policy"] = {"failures": "worst"}
        asked = len(server.requests)
        assert studied(desk, server) == 0
        assert len(server.requests) == asked
    found = json.loads(capsys.readouterr().out)
    assert found["failures"]["test_sets"][0]["candidate"] == 1
