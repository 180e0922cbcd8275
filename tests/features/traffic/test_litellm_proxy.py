"""The real LiteLLM proxy, set up as the how-to page says, sends to a site that runs. Offline."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytest_django.live_server_helper import LiveServer

from evalhub.features.traffic.files.litellm import read_litellm
from evalhub.features.traffic.models import RefusedRows, Request, RequestText
from evalhub.features.traffic.rows import RequestRow
from tests.api.conftest import Program
from tests.fakes.litellm_proxy import KEY, installed_litellm, proxy, variables, wait_until
from tests.fakes.openai_server import OpenAIServer, http_error

pytestmark = [pytest.mark.heavy, pytest.mark.alone]

Programs = Callable[..., Program]


@pytest.fixture
def litellm() -> Path:
    return installed_litellm()


def ask(url: str, text: str, **fields: Any) -> int:
    """The status of an answer to this."""
    body = {"model": "support", "messages": [{"role": "user", "content": text}], "user": "user-7"}
    headers = {"Authorization": f"Bearer {KEY}", "X-Secret": "header-secret"}
    request = urllib.request.Request(
        f"{url}/v1/chat/completions",
        json.dumps(body | fields).encode(),
        headers | {"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


@pytest.mark.parametrize("slower", ["support-v7", "support-v8"])
def test_its_calls_arrive_with_their_mirrors_and_their_errors(
    live_server: LiveServer, program: Programs, litellm: Path, tmp_path: Path, slower: str
) -> None:
    """Whichever answers first: where it is the mirror, its attributes stand on two spans."""
    settings = dict(variables(live_server.url, program("traffic").secret))
    with OpenAIServer(model_latencies={slower: 1.0}) as models:
        models.misbehave = lambda prompt, attempt: http_error(400) if "Fail" in prompt else None
        settings |= {"MODELS_URL": models.url, "MODELS_KEY": "none"}
        settings |= {"OTEL_BSP_SCHEDULE_DELAY": "200"}
        with proxy(litellm, tmp_path, settings) as url:
            named = {"evalhub_request": "r-1", "session_id": "c-1"}
            assert ask(url, "Where is my order?", metadata=named) == 200
            assert ask(url, "Fail, please.", model="support-next") == 400
            wait_until(lambda: Request.objects.count() == 3)
    original = Request.objects.get(model_name="openai/support-v7")
    mirrored = Request.objects.get(mirror_of=original.trace_id)
    failed = Request.objects.exclude(error_type="").get()
    assert (original.route, original.finish_reason, original.mirror_of) == ("support", "stop", "")
    assert original.conversation == ""
    assert (original.prompt_tokens, original.completion_tokens) == (4, 3)
    assert (mirrored.model_name, mirrored.trace_id) == ("openai/support-v8", original.trace_id)
    of_slower, of_faster = (original, mirrored) if slower == "support-v7" else (mirrored, original)
    assert (of_slower.latency_ms or 0) > 1000 > (of_faster.latency_ms or 1000)
    assert (failed.model_name, failed.error_type) == ("openai/support-v8", "BadRequestError")
    [others] = RefusedRows.objects.all()
    assert others.reason == "a span that is no model call"
    assert others.rows >= 12
    kept = str([*Request.objects.values(), *RequestText.objects.values()])
    for secret in ("127.0.0.1", "header-secret", "urllib", KEY, "user-7"):
        assert secret not in kept
    logged_as_the_page_says(tmp_path / "payloads.jsonl")


def logged_as_the_page_says(payloads: Path) -> None:
    rows = [read_litellm(json.loads(line)) for line in payloads.read_text().splitlines()]
    by_model = {(row.model, row.mirror_of): row for row in rows if isinstance(row, RequestRow)}
    assert by_model["openai/support-v7", ""].id == "r-1"
    assert by_model["openai/support-v7", ""].conversation == "c-1"
    mirrored = by_model["openai/support-v8", "r-1"]
    assert mirrored.output == "You said: Where is my order?"
    assert by_model["openai/support-v8", ""].error_type == "BadRequestError"
    assert len(rows) == len(by_model) == 3
