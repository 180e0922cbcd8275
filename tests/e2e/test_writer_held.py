"""How long each command keeps others from writing: SQLite has one writer at a time.

Each command is a process of its own, since what a process imports the first time took most of it.
Measured is the CPU time of the thread that writes between BEGIN IMMEDIATE and the end of the
transaction, as a multiple of what a fixed piece of work takes in the same thread just then: so it
is the same on a slower machine, and beside others' work.
"""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from evalhub.cli.app import command_line
from tests.e2e.test_growing_up import BIN, ROOT, environment, folder
from tests.fakes.openai_server import OpenAIServer
from tests.importers.logs import FILES
from tests.studies.judging import a_judged_desk, fair

pytestmark = pytest.mark.heavy

assert folder  # the fixture

LIMIT, BULK_LIMIT = 37, 400
"""Pieces of work: 50 ms and half a second on the machine that they were set on, where the longest
takes 23. Beside others' work it takes 28: what runs once is slowed more than a piece."""
WRITES_NOTHING = """
version; cost; compare; decide; gate; push; status; pull; serve-config; history; probe; export;
agreement; labels; preference; judge-check; leakage; fingerprint; log; doctor; backup;
strategy init; data list; data show; data judge;
decision verify; decision keygen; decision attest; policy diff; power difference; power guard;
power preference; power looks; review list; review results; review audit; review verify;
review export; test-set versions; test-set texts; examples files;
run list; run show; user list; token list; monitor list; monitor show;
monitor alarms; webhook list; mlflow status; prices list; prices check; prices of; prices gpus;
outgoing show; traffic status;
study init; data curve; experiment plan; experiment list; experiment show; experiment prediction;
monitor proposals; examples list; examples show; comment list; decision-link list
"""
"""Or, as `gate` and `push`, what another command writes here by the same verbs."""
NOT_TRIED = """
up; worker; demo; mlflow sync; restore; webhook replay; migrate; experiment sample;
experiment judged; monitor acknowledge; monitor snooze; monitor resolve; monitor assign;
monitor decline; monitor link; examples export; examples publish
"""
"""They make tables, go on until they are ended, need a server of another project, a message that
a site has sent, an alarm that it has raised, users whom it has counted or examples that people
have accepted, or make a home in which nobody else can be."""

OF = "--project sums --by olga --reason Why."
START = f"experiment start tuned@1 plan.yaml {OF} --champion-name base --challenger-name tuned"
COMMANDS = f"""
user add olga --project sums --role owner
user add rui --project sums --role reviewer
user add ada
user link olga
*study run study.yaml
decision sign 1 --by olga --reason Why.
comment add Why? --decision 1 --project sums --by olga
comment remove 1 --project sums --by olga
decision-link make 1 --project sums --by olga
decision-link withdraw 1 --project sums --by olga
webhook add http://127.0.0.1:9/hook --project sums --private
promote 1 --by olga --reason Why.
rollback tuned@1 {OF}
reopen tuned@1 {OF}
{START} --name One
experiment share 1 0.05 {OF}
experiment epoch 1 {OF}
experiment stop 1 {OF}
{START} --name Two
experiment rollback 2 {OF}
{START} --name Three
experiment promote 3 {OF}
rollback tuned@1 --project sums --by olga --reason Slow.
reopen tuned@1 --project sums --by olga --reason Again.
override tuned@1 {OF}
reopen base@1 {OF}
shadow base@1 {OF}
retire base@1 {OF}
review open sums/shall-we-ship --test-set sums --items 20 --reviewers 1
review invite 1 rui mail@example.org --by olga
review vouch 1 rui --by olga
review pause 1
review resume 1
review close 1
*review upload pairs.jsonl
token add ci --project sums --scope run --user olga
token revoke ci --project sums
webhook rotate 1 --project sums
webhook remove 1 --project sums
run cancel 1
run retry 1
study cancel sums/shall-we-ship
study retry sums/shall-we-ship
data check train.jsonl --project sums
data sign 1 --project sums --by olga --as accepted --reason Why.
policy change --project sums --study shall-we-ship --by olga --set policy.alpha=0.04
*redact sums 7 --project sums --reason Private. --yes
traffic settings --project sums --text-share 1
*traffic import requests.jsonl --project sums
traffic name support base@1 --project sums
examples create answers --project sums
*examples draw 1 --project sums --since 7d --n 3
*traffic sample --project sums --since 7d --n 8
*traffic erase --project sums --user-id u1 --yes
user deactivate ada
user reactivate ada
outgoing hold
outgoing resume
*user erase ada --yes
*import promptfoo results.json --project logs --test-set sums
*record desk/study.yaml --allow 127.0.0.1 --yes
user add uma --project desk --role owner
*study run desk/study.yaml --allow 127.0.0.1
*judge run desk/study.yaml --allow 127.0.0.1
examples create proposals --project desk
*examples propose 2 --project desk --model base@1 --inputs seeds.jsonl --allow 127.0.0.1
*examples augment 2 --project desk --model base@1 --kind vary:typos --inputs seeds.jsonl
promote DECISION --by uma --reason Why. --arm baseline
monitor add --of answers --project desk --test-set triage
*monitor look 1 --project desk
monitor settings --project desk --false-alarms 5
monitor end 1 --project desk
examples create Refunds --project desk --people 2
*examples add 3 train.jsonl --project desk
examples close 3 --project desk
test-set retire triage --project desk --version 1 --by uma --reason Why.
"""
"""In this order, on one home. Those with a * write in bulk: in slices."""


def names_of_commands() -> set[str]:
    """All of them, as they are typed."""
    app = command_line()
    groups = [("", app.registered_commands)]
    for group in app.registered_groups:
        if group.typer_instance is not None:
            groups.append((f"{group.name} ", group.typer_instance.registered_commands))
    return {
        prefix + (command.name or command.callback.__name__)
        for prefix, commands in groups
        for command in commands
        if command.callback is not None
    }


@dataclass
class Home:
    """A folder with studies and a home, in which commands are run and watched."""

    folder: Path
    held: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def run(self, command: str) -> str:
        """What it prints. Its transactions are kept under its words."""
        log = self.folder / "writer.jsonl"
        log.write_text("")
        watched = {
            "DJANGO_SETTINGS_MODULE": "tests.watched_settings",
            "PYTHONPATH": str(ROOT),
            "WRITER_LOG": str(log),
        }
        done = subprocess.run(
            [BIN / "evalhub", *command.split()],
            cwd=self.folder,
            env=environment(self.folder, watched),
            capture_output=True,
            text=True,
            check=False,
        )
        # 2 and 3 are verdicts, 64 says that there is nothing of the kind
        assert done.returncode in (0, 1, 2, 3, 64), f"{command}: {done.stdout}{done.stderr}"
        self.held[command] = [json.loads(line) for line in log.read_text().splitlines()]
        return done.stdout + done.stderr


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    """Answers questions by their echo, and judges fairly."""
    with OpenAIServer() as server:
        server.misbehave = lambda prompt, attempt: (
            fair(prompt, attempt) if "first_answer" in prompt else None
        )
        yield server


@pytest.fixture
def home(folder: Path, server: OpenAIServer) -> Home:
    with (folder / "study.yaml").open("a") as study:
        study.write("slug: shall-we-ship\n")
    (folder / "desk").mkdir()
    answers = server.misbehave
    desk = a_judged_desk(folder / "desk", server)
    server.misbehave = answers
    desk.study["arms"]["base"]["backend"] = {
        "openai": {"url": server.url, "model": "echo", "retries": 0}
    }
    desk.write()
    pairs = [{"id": f"k{i}", "prompt": f"P{i}", "left": "L", "right": "R"} for i in range(8)]
    (folder / "pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in pairs))
    write_requests(folder / "requests.jsonl")
    rows = ({"prompt": f"Say {i}", "completion": f"It is {i}"} for i in range(200))
    (folder / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    seeds = ({"input": f"How is {i}?", "reference": "Fine."} for i in range(20))
    (folder / "seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in seeds))
    primary = {"metric": "errors", "planned_gain": 0.01}
    plan = {"primary": primary, "planned_users": 1000}
    (folder / "plan.yaml").write_text(json.dumps(plan))
    shutil.copy(FILES / "promptfoo" / "results.json", folder)
    return Home(folder)


def write_requests(path: Path) -> None:
    """A thousand requests of an hour ago, of a hundred users."""
    time = datetime.now(UTC) - timedelta(hours=1)
    rows = [
        {
            "id": f"r{i}",
            "time": time.isoformat(),
            "model": "support",
            "user": f"u{i % 100}",
            "messages": [{"role": "user", "content": f"Where is my order {i}?"}],
            "output": "On its way.",
        }
        for i in range(1000)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.mark.alone
def test_no_command_keeps_others_from_writing_for_long(home: Home) -> None:
    commands = [line for line in COMMANDS.splitlines() if line]
    bulk = {line.removeprefix("*") for line in commands if line.startswith("*")}
    decision = ""
    for command in commands:
        words = command.removeprefix("*").replace("DECISION", decision)
        said = home.run(words)
        if numbers := re.findall(r"decision (\d+) on", said):
            decision = numbers[0]
    too_long = [
        f"{command}: {row['pieces']:.0f}, {len(row['imported'])} imports: {row['imported'][:4]}"
        for command, rows in home.held.items()
        for row in rows
        if row["pieces"] > (BULK_LIMIT if command in bulk else LIMIT)
    ]
    assert too_long == [], "\n".join(too_long)
    wrote = {command for command, rows in home.held.items() if rows}
    all_ = {line.removeprefix("*").replace("DECISION", decision) for line in commands}
    assert all_ - wrote == set()


def test_each_command_is_tried_or_is_known_to_write_nothing() -> None:
    known = [each.strip() for each in re.split(r"[;\n]", f"{WRITES_NOTHING};{NOT_TRIED}")]
    tried = [line.removeprefix("*") for line in COMMANDS.splitlines()]
    unknown = {
        name
        for name in names_of_commands() - set(known)
        if not any(line == name or line.startswith(f"{name} ") for line in tried)
    }
    assert unknown == set()


def test_ten_first_commands_at_once_all_end_well(tmp_path: Path) -> None:
    started = [
        subprocess.Popen(
            [BIN / "evalhub", "user", "add", f"user{number}"],
            env=environment(tmp_path, {}),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for number in range(10)
    ]
    outputs = [process.communicate(timeout=300)[0] for process in started]
    assert [process.returncode for process in started] == [0] * 10, outputs
