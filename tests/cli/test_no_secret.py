"""No key is told or kept by commands, whatever a server says, with EVALHUB_DEBUG too."""

import base64
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.fakes.openai_server import OpenAIServer, http_error
from tests.studies.desks import EchoDesk

pytestmark = pytest.mark.heavy

EVALHUB = str(Path(sys.executable).with_name("evalhub"))
KEY = "sk-support+0123456789/abcdef"
SPELT = [KEY, quote(KEY, safe=""), base64.b64encode(KEY.encode()).decode()]


def evalhub(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    ours = ("EVALHUB_", "DJANGO_")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(ours)}
    home = {"EVALHUB_HOME": str(folder / "home"), "EVALHUB_DEBUG": "1", "COLUMNS": "300"}
    return subprocess.run(
        [EVALHUB, *arguments],
        cwd=folder,
        env=kept | home | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def kept(home: Path) -> bytes:
    """All that the home holds, its database too."""
    return b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())


def a_study(folder: Path, backend: dict[str, Any]) -> str:
    desk = EchoDesk(folder)
    backend = {"model": "echo", "retries": 0, "key_env": "SUPPORT_KEY"} | backend
    desk.study["arms"]["tuned"]["backend"] = {"openai": backend}
    return str(desk.write())


@pytest.mark.parametrize("status", [400, 401, 500])
def test_what_a_server_says_of_the_key_is_neither_told_nor_kept(
    status: int, tmp_path: Path
) -> None:
    with OpenAIServer() as server:
        server.misbehave = lambda prompt, attempt: http_error(
            status, f"you sent {SPELT[len(server.requests) % 3]}, didn't you?"
        )
        study = a_study(tmp_path, {"url": server.url})
        done = evalhub(
            tmp_path, "study", "run", study, "--json", "--allow", "127.0.0.1", SUPPORT_KEY=KEY
        )
        assert done.returncode in (3, 69), done.stderr
    everything = (done.stdout + done.stderr).encode() + kept(tmp_path / "home")
    assert "you sent …, didn't you?".encode() in everything
    for spelt in SPELT:
        assert spelt.encode() not in everything


def test_a_command_that_asks_models_needs_no_session_key(tmp_path: Path) -> None:
    """A worker signs nothing: here there is no key, nor can one be read or made."""
    (tmp_path / "home" / "secret_key").mkdir(parents=True)
    with OpenAIServer(key=KEY) as server:
        study = a_study(tmp_path, {"url": server.url})
        done = evalhub(tmp_path, "study", "run", study, "--allow", "127.0.0.1", SUPPORT_KEY=KEY)
    assert done.returncode == 0, done.stderr
    assert list((tmp_path / "home" / "secret_key").iterdir()) == []


def test_the_doctor_names_servers_and_none_of_their_passwords(tmp_path: Path) -> None:
    made = '{"support": {"url": "https://models.example.org/v1", "key_env": "SUPPORT_KEY"}}'
    done = evalhub(
        tmp_path,
        "doctor",
        EVALHUB_DATABASE_URL="postgresql://eva:hunter2@127.0.0.1:9/evalhub?connect_timeout=2",
        EVALHUB_REDIS_URL="redis://:hunter3@127.0.0.1:9/0",
        EVALHUB_MAIL_URL="smtps://eva:hunter4@mail.example.org",
        EVALHUB_SECRET_KEY="hunter5" * 9,
        EVALHUB_ENDPOINTS=made,
        SUPPORT_KEY=KEY,
    )
    assert done.returncode == 69
    assert "endpoints: support at models.example.org" in done.stdout
    assert "127.0.0.1" in done.stdout
    assert "hunter" not in done.stdout + done.stderr
    assert KEY not in done.stdout + done.stderr
    wrong = evalhub(
        tmp_path, "doctor", EVALHUB_ENDPOINTS='{"a": {"url": "https://u:hunter6@x.example/v1"}}'
    )
    assert wrong.returncode == 69
    assert "endpoints: EVALHUB_ENDPOINTS, field 'a.url'" in wrong.stdout
    assert "hunter6" not in wrong.stdout + wrong.stderr
