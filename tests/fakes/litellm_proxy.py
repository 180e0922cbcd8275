"""The real LiteLLM proxy, set up as docs/how-to/send-traffic-otlp.md says. It runs offline."""

import os
import re
import secrets
import shlex
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.services import a_free_port

ROOT = Path(__file__).resolve().parents[2]
LITELLM = ROOT / ".venv-litellm" / "bin" / "litellm"
MISSING = f"LiteLLM's proxy isn't installed in {LITELLM.parents[1].name}: .ci/run does it"
PAGE = (ROOT / "docs" / "how-to" / "send-traffic-otlp.md").read_text()
MIRROR = "      silent_model: support-next\n"
PATIENCE_S = 90
KEY = f"sk-{secrets.token_hex(32)}"


def installed_litellm() -> Path:
    """Its command. Where it isn't installed the test is skipped, in CI it fails."""
    if not LITELLM.exists():
        if os.environ.get("TESTS_IN_CI") == "true":
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    return LITELLM


def block(language: str, holding: str) -> str:
    """The page's example that holds this."""
    blocks = re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    [example] = [each for each in blocks if holding in each]
    return str(example)


def variables(url: str, secret: str) -> Mapping[str, str]:
    """Those that the page sets, for this site."""
    lines = block("sh", "OTEL_").replace("http://localhost:8000", url).replace("evh_…", secret)
    words = [word for word in shlex.split(lines) if word != "export"]
    return dict(word.split("=", 1) for word in words)


@contextmanager
def proxy(
    command: Path, folder: Path, settings: Mapping[str, str], *, mirrors: bool = True
) -> Iterator[str]:
    """The proxy with the page's settings and logger, in `folder`: its address."""
    config = block("yaml", "model_list")
    (folder / "config.yaml").write_text(config if mirrors else config.replace(MIRROR, ""))
    (folder / "evalhub_payloads.py").write_text(block("python", "CustomLogger"))
    port = a_free_port()
    ours = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_MASTER_KEY": KEY}
    with (folder / "log.txt").open("w") as log:
        process = subprocess.Popen(
            [command, "--config", "config.yaml", "--host", "127.0.0.1", "--port", str(port)],
            cwd=folder,
            env={"PATH": os.environ["PATH"], **settings, **ours},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_until(lambda: _is_open(port) or process.poll() is not None)
            assert process.poll() is None, (folder / "log.txt").read_text()[-3000:]
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(PATIENCE_S)


def wait_until(condition: Callable[[], bool]) -> None:
    """Fails once PATIENCE_S have passed in vain."""
    until = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.2)


def _is_open(port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0
