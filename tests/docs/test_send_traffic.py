"""The page on sending traffic is run as it stands, at a real site."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.docs.test_tutorial import steps
from tests.serving.site import BIN, up

PAGE = "how-to/send-traffic.md"
PORT = "localhost:8000"


@pytest.mark.heavy
def test_the_pages_commands_send_the_first_request_and_forget_its_user(tmp_path: Path) -> None:
    with up(tmp_path) as site:
        commands, expected = zip(*steps(PAGE), strict=True)
        script = "".join(commands).replace(PORT, f"127.0.0.1:{site.port}")
        done = subprocess.run(
            ["bash", "-e", "-c", script],
            cwd=tmp_path,
            env=site.environment | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [line for block in expected for line in block]
    assert len(lines) == 6
    assert [line for line in lines if line not in done.stdout] == [], done.stdout
