"""`evalhub study run` on a model server that can't be used: 69, nothing decided, and going on."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evalhub.cli.app import run
from evalhub.ledger.models import Decision, Look
from evalhub.registry.models import Output
from tests.fakes.openai_server import HANG, OpenAIServer, http_error
from tests.studies.desks import Desk, EchoDesk

pytestmark = pytest.mark.django_db(transaction=True)

Settings = dict[str, Any]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return EchoDesk(tmp_path)


def studied(desk: Desk, server: OpenAIServer, **settings: Any) -> int:
    backend = {"url": server.url, "model": "echo", "retries": 0} | settings
    desk.study["arms"]["tuned"]["backend"] = {"openai": backend}
    return run(["study", "run", str(desk.write()), "--json", "--allow", "127.0.0.1"])


def failing(status: int, message: str) -> Callable[[str, int], Any]:
    return lambda prompt, attempt: http_error(status, message)


def wants_a_key(server: OpenAIServer) -> Settings:
    server.key = "the right one"
    return {}


def refuses_the_key(server: OpenAIServer) -> Settings:
    server.key = "the right one"
    return {"key_env": "WRONG_KEY"}


def forbids(server: OpenAIServer) -> Settings:
    server.misbehave = failing(403, "not this model")
    return {"key_env": "WRONG_KEY"}


def has_no_such_model(server: OpenAIServer) -> Settings:
    server.misbehave = failing(404, "no model echo")
    return {}


def is_out_of_order(server: OpenAIServer) -> Settings:
    server.misbehave = failing(503, "loading")
    return {}


def hangs(server: OpenAIServer) -> Settings:
    server.misbehave = lambda prompt, attempt: HANG
    return {"timeout_s": 0.1, "concurrency": 64}


def knows_no_variable(server: OpenAIServer) -> Settings:
    return {"key_env": "NO_SUCH_KEY"}


def has_used_up_its_quota(server: OpenAIServer) -> Settings:
    server.misbehave = failing(429, "quota used up")
    return {}


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (wants_a_key, "/chat/completions refuses: HTTP 401: Incorrect API key provided: None; "
                      "name the variable that holds its key in the arm's key_env"),
        (refuses_the_key, "HTTP 401: Incorrect API key provided: Bearer …; put a key into "
                          "WRONG_KEY that may ask 'echo'"),
        (forbids, "HTTP 403: not this model; put a key into WRONG_KEY that may ask 'echo'"),
        (has_no_such_model, "HTTP 404: no model echo; is 'echo' served there, and are"),
        (is_out_of_order, "answers nothing (is it well, and is the arm's timeout_s long enough?): "
                          "60 of 60 items failed, the first 'q0': HTTP 503: loading"),
        (hangs, "60 of 60 items failed, the first 'q0': no answer within 0.1 s"),
        (knows_no_variable, "the environment variable NO_SUCH_KEY isn't set where the worker runs; "
                            "export NO_SUCH_KEY there"),
        (has_used_up_its_quota, "takes no more for now: HTTP 429: quota used up; lower the arm's"),
    ],
)  # fmt: skip
def test_a_server_that_cannot_be_used_decides_nothing_and_charges_nothing(
    desk: Desk,
    broken: Callable[[OpenAIServer], Settings],
    said: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WRONG_KEY", "the wrong one")
    with OpenAIServer() as server:
        assert studied(desk, server, **broken(server)) == 69
        printed = capsys.readouterr()
        assert printed.out == ""
        assert said in printed.err
        assert broken is knows_no_variable or server.url in printed.err
        assert "run again to" in printed.err
        assert "the wrong one" not in printed.err
        assert (Decision.objects.count(), Look.objects.count()) == (0, 0)


def test_an_item_that_alone_is_too_much_is_that_item_s_error_and_is_asked_again(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    with OpenAIServer() as server:
        server.misbehave = lambda prompt, attempt: (
            http_error(429, "too much") if prompt == "Say 7?" else None
        )
        assert studied(desk, server) == 3
        assert "1 of 60 items failed, the first 'q7': HTTP 429: too much" in capsys.readouterr().out
        assert Output.objects.exclude(error="").get().item.key == "q7"
        server.misbehave = lambda prompt, attempt: None
        assert studied(desk, server) != 3
        assert not Output.objects.exclude(error="").exists()
        assert server.asked["Say 7?"] == 2


def test_once_it_is_put_right_the_study_goes_on_and_is_charged_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEY", "the wrong one")
    with OpenAIServer(key="the right one") as server:
        assert studied(desk, server, key_env="KEY") == 69
        monkeypatch.setenv("KEY", "the right one")
        assert studied(desk, server, key_env="KEY") == 0
    assert (Decision.objects.count(), Look.objects.count()) == (1, 1)


def test_a_key_that_is_withdrawn_halfway_keeps_what_was_answered(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    with OpenAIServer() as server:
        server.misbehave = lambda prompt, attempt: (
            http_error(403, "withdrawn") if len(server.requests) > 20 else None
        )
        assert studied(desk, server, concurrency=1) == 69
        assert Decision.objects.count() == 0
        server.misbehave = lambda prompt, attempt: None
        assert studied(desk, server, concurrency=1) == 0
        assert len(server.requests) == 62  # a short one showed that others are refused too
    assert Output.objects.filter(run__version__model__slug="tuned").count() == 60


def test_the_address_is_named_as_it_is_configured(
    desk: Desk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with OpenAIServer(key="the right one") as server:
        monkeypatch.setenv("SUPPORT_MODELS", server.url)
        assert studied(desk, server, url="${SUPPORT_MODELS}") == 69
        said = capsys.readouterr().err
    assert "${SUPPORT_MODELS}/chat/completions refuses: HTTP 401" in said
    assert server.url not in said
