"""The tutorial on a hosted model's answers, run as it stands, against a server on this machine."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.test_tutorial import steps
from tests.fakes.openai_server import OpenAIServer

HOSTED = "https://api.openai.com/v1"
KEY = "        key_env: OPENAI_API_KEY\n"


@pytest.mark.heavy
def test_the_old_model_s_answers_are_kept_and_compared(tmp_path: Path) -> None:
    items = [{"id": f"t{i}", "input": f"Ticket {i}", "reference": "billing"} for i in range(60)]
    answers = [{"id": f"t{i}", "output": "billing"} for i in range(60)]
    for name, rows in (("tickets", items), ("new.tickets", answers)):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    ours = ("EVALHUB_", "DJANGO_")
    env = {key: value for key, value in os.environ.items() if not key.startswith(ours)}
    blocks = steps("how-to/keep-your-answers.md")
    assert len(blocks) == 4
    asked, compared = [], 0
    with OpenAIServer() as server:
        for commands, expected in blocks:
            assert "cat >" not in commands or (HOSTED in commands and KEY in commands)
            here = commands.replace(HOSTED, server.url).replace(KEY, "")
            done = subprocess.run(
                ["bash", "-c", here],
                cwd=tmp_path,
                env={**env, "PATH": path, "COLUMNS": "200"},
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
            printed = done.stdout + done.stderr
            assert done.returncode == 0, printed
            for line in expected:
                assert line.strip() in done.stdout, printed
                compared += 1
            asked.append(len(server.requests))
    assert asked == [0, 0, 60, 60]
    assert compared == 2
    assert "new gains 1.00 on tickets" in printed
    assert (tmp_path / "kept" / "old.tickets.jsonl").is_file()
    assert json.loads((tmp_path / "kept" / "old.json").read_text())["answers"][0]["answers"] == 60
