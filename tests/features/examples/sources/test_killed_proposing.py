"""A process that dies while a model proposes answers: the next one asks the rest, and only that."""

import json
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.database.test_tables import call, environment
from tests.fakes.openai_server import OpenAIServer
from tests.features.traffic.test_backup_of_traffic import succeeds

pytestmark = pytest.mark.heavy

INPUTS = 60
AT_ONCE = 4
WORLD = """
import sys
from tests.migrated import set_up_migrated
set_up_migrated()
from reviews.examples.queues import create_queue
from tests.cast import a_team, a_version
team = a_team()
create_queue(project=team.project, by=None, name="killed")
backend = {"type": "openai", "url": sys.argv[1], "model": "echo", "concurrency": int(sys.argv[2])}
a_version(team, "writer", backend=backend)
"""
PROPOSES = """
import sys
from datetime import timedelta
from pathlib import Path
from tests.migrated import set_up_migrated
set_up_migrated()
from evalhub.declare.keys import Reach
from evalhub.features.examples.models import ExampleCall
from evalhub.features.examples.sources.proposing import ProposalInputs, propose
from evalhub.registry.models import ModelVersion
from reviews.models import ExampleQueue
ExampleCall.objects.update(lease_until=None)  # the dead one's leases, so that nobody waits
propose(
    queue=ExampleQueue.objects.get(), version=ModelVersion.objects.get(), by=None,
    inputs=ProposalInputs(file=Path(sys.argv[1])), reach=Reach(operator=True),
)
"""


def test_whatever_was_answered_before_a_death_is_neither_lost_nor_asked_again(
    tmp_path: Path,
) -> None:
    """Killed three times. Twice is asked at most what was under way at a death."""
    prompts = tmp_path / "prompts.jsonl"
    prompts.write_text("".join(json.dumps({"input": f"No. {i}?"}) + "\n" for i in range(INPUTS)))
    variables = {
        "PYTHONPATH": str(Path(__file__).resolve().parents[4]),
        "DJANGO_SETTINGS_MODULE": "evalhub.settings",
    }
    with OpenAIServer(latency_s=0.5) as server:
        program = [sys.executable, "-c", WORLD, server.url, str(AT_ONCE)]
        succeeds(call(*program, at=tmp_path, **variables))
        stored = list[dict[str, str]]()
        for _ in range(3):
            stored.append(_killed_later(tmp_path, prompts, server, variables))
        asked_before = Counter(server.asked)
        done = call(sys.executable, "-c", PROPOSES, str(prompts), at=tmp_path, **variables)
        succeeds(done)
    answers = _answers(tmp_path)
    assert answers == {f"No. {i}?": f"You said: No. {i}?" for i in range(INPUTS)}
    assert 0 < len(stored[0]) < len(stored[1]) < len(stored[2]) < INPUTS
    assert all(server.asked[prompt] == asked_before[prompt] for prompt in stored[2])
    twice = [prompt for prompt, count in server.asked.items() if count > 1]
    # what was under way, and what had come in the half second since the last write
    assert len(twice) <= 3 * 4 * AT_ONCE
    assert _count(tmp_path, "reviews_example") == INPUTS
    assert _count(tmp_path, "examples_examplecall") == INPUTS


def _killed_later(
    home: Path, prompts: Path, server: OpenAIServer, variables: dict[str, str]
) -> dict[str, str]:
    """Kills a process that proposes once it has stored something new. Returns what is stored."""
    before = len(_answers(home))
    process = subprocess.Popen(
        [sys.executable, "-c", PROPOSES, str(prompts)],
        env=environment(home, **variables),
        cwd=home,
    )
    end = time.monotonic() + 60
    while len(_answers(home)) <= before + 5:
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    return _answers(home)


def _answers(home: Path) -> dict[str, str]:
    rows = _query(home, "SELECT input, answer FROM examples_examplecall WHERE answer IS NOT NULL")
    return {json.loads(input_): answer for input_, answer in rows}


def _count(home: Path, table: str) -> int:
    assert re.fullmatch(r"\w+", table)
    return int(_query(home, f"SELECT count(*) FROM {table}")[0][0])


def _query(home: Path, sql: str) -> list[tuple[str, str]]:
    with sqlite3.connect(home / "home" / "evalhub.sqlite3") as connection:
        return connection.execute(sql).fetchall()
