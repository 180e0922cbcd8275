"""The site on IPv4, IPv6 and both."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from evalhub.cli.app import run
from evalhub.cli.site import local_url

ROOT = Path(__file__).resolve().parents[2]
ALONE = ["unshare", "--map-root-user", "--net", "sh", "-c"]
"""A network of its own, in which `::` and 0.0.0.0 are this machine and nobody else reaches them."""


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://localhost:8000"),
        ("0.0.0.0", "http://localhost:8000"),
        ("::", "http://localhost:8000"),
        ("::1", "http://[::1]:8000"),
        ("2001:db8::7", "http://[2001:db8::7]:8000"),
        ("fe80::1%eth0", "http://[fe80::1%25eth0]:8000"),
        ("192.0.2.7", "http://192.0.2.7:8000"),
        ("evalhub.example.org", "http://evalhub.example.org:8000"),
    ],
)
def test_the_printed_address_can_be_opened(host: str, url: str) -> None:
    assert local_url(host, 8000) == url


@pytest.mark.django_db
@pytest.mark.parametrize("host", ["2001:db8::7", "[2001:db8::7]"])
def test_an_address_that_is_not_this_machine_s_is_named_as_a_browser_would(
    host: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["up", "--host", host, "--port", "8765"]) == 64
    assert "can't listen on [2001:db8::7]:8765: " in capsys.readouterr().err


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("host", "processes", "answers"),
    [
        ("::", "2", {"127.0.0.1": [200, True], "::1": [200, False]}),
        ("0.0.0.0", "1", {"127.0.0.1": [200, True], "::1": "ConnectionRefusedError"}),
        ("[::1]", "1", {"127.0.0.1": "ConnectionRefusedError", "::1": [200, False]}),
    ],
)
def test_each_host_serves_its_families(
    host: str, processes: str, answers: dict[str, object]
) -> None:
    if subprocess.run([*ALONE, "true"], check=False, capture_output=True).returncode:
        pytest.skip("this user may not make a network of its own (unshare --map-root-user --net)")
    asks = f"{sys.executable} -m tests.serving.both_families '{host}' {processes}"
    done = subprocess.run(
        [*ALONE, f"ip link set lo up && {asks}"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    shown = "[::1]" if host == "[::1]" else "localhost"
    printed = f"Evalhub is at http://{shown}:PORT  (Ctrl+C stops it)"
    assert json.loads(done.stdout) == {"printed": printed} | answers
