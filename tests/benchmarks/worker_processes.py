"""Text metrics on the queue `cpu`: a worker's threads beside its processes.

python -m tests.benchmarks.worker_processes [--answers 20000] [--metrics bleu,chrf]

A real PostgreSQL and a real Redis; each round is a database of its own with a recorded run whose
answers are there and unscored, worked on by an `evalhub worker` that is up before it. The run's own
clock says how long it took, from its first shard to its end.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from time import sleep

import psutil
import psycopg

from tests.benchmarks.text_metrics import drawn
from tests.migrated import migrated

EVALHUB = Path(sys.executable).with_name("evalhub")
WORKERS = (
    ("1 thread", ["--concurrency", "1"]),
    ("2 threads", ["--concurrency", "2"]),
    ("2 processes", ["--concurrency", "1", "--processes", "2"]),
)
MADE = "SELECT 1 FROM django_migrations WHERE app = 'evalhub'"
LAUNCH = """
import django, sys; django.setup()
from pathlib import Path
from evalhub.registry.importing import import_test_set
from runners.launch import launch
from tests.cast import a_metric, a_team, a_version
folder, team = Path(sys.argv[1]), a_team()
items = import_test_set(project=team.project, slug="questions", path=folder / "items.jsonl")
metrics = [a_metric(name) for name in sys.argv[2].split(",")]
answers = folder / "answers.jsonl"
launch(version=a_version(team), test_set_version=items, metrics=metrics, answers=answers)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answers", type=int, default=20_000)
    parser.add_argument("--metrics", default="bleu,chrf")
    options = parser.parse_args()
    from tests.services import postgresql_server, redis_server

    with (
        tempfile.TemporaryDirectory(prefix="evalhub-processes-") as name,
        postgresql_server() as server,
        redis_server() as redis,
    ):
        folder = Path(name)
        written(folder, options.answers)
        say(f"{os.cpu_count()} cores, {options.answers:,} answers, {options.metrics}")
        for number, (what, arguments) in enumerate(WORKERS):
            with psycopg.connect(server.url, autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE round_{number}")
            url = migrated(server.url.replace("/postgres?", f"/round_{number}?"))
            environment = os.environ | {
                "DJANGO_SETTINGS_MODULE": "evalhub.settings",
                "EVALHUB_DATABASE_URL": url,
                "EVALHUB_REDIS_URL": f"{redis.rstrip('/')}/{number}",
                "EVALHUB_HOME": str(folder / "home"),
            }
            worker = subprocess.Popen(
                [EVALHUB, "worker", *arguments],
                env=environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            try:
                launch = [sys.executable, "-c", LAUNCH, folder, options.metrics]
                wait_for_tables(url)
                subprocess.run(launch, env=environment, check=True)
                took = seconds(url)
                used, memory, processes = what_it_took(worker.pid)
                say(
                    f"{what:12} {took:6.1f} s  {options.answers / took:7,.0f} answers a second"
                    f"  processor {used:5.1f} s  {memory:5,.0f} MiB in {processes} processes"
                )
            finally:
                worker.terminate()
                worker.wait()


def written(folder: Path, answers: int) -> None:
    """Items with references and the answers to them, as in the benchmark of the text metrics."""
    with (
        (folder / "items.jsonl").open("w") as items,
        (folder / "answers.jsonl").open("w") as said,
    ):
        for number, (given, wanted) in enumerate(drawn(answers)):
            item = {"id": f"q{number}", "input": f"Question {number}?", "reference": wanted}
            items.write(json.dumps(item) + "\n")
            said.write(json.dumps({"id": f"q{number}", "output": given}) + "\n")


def wait_for_tables(url: str) -> None:
    """The worker makes them, and says so at the end; then it is up."""
    with psycopg.connect(url, autocommit=True) as connection:
        while connection.execute("SELECT to_regclass('django_migrations')").fetchone() == (None,):
            sleep(0.2)
        while not connection.execute(MADE).fetchone():
            sleep(0.2)
    sleep(3)


def seconds(url: str) -> float:
    """That the only run took, once it is done."""
    query = "SELECT state, extract(epoch FROM finished - started) FROM registry_run"
    with psycopg.connect(url, autocommit=True) as connection:
        while True:
            state, took = connection.execute(query).fetchone() or ("", None)
            if state == "done":
                return float(took)
            assert state in ("pending", "running"), state
            sleep(0.2)


def what_it_took(pid: int) -> tuple[float, float, int]:
    """Seconds of processor time, MiB of memory that are its own alone, and processes."""
    parent = psutil.Process(pid)
    family = [parent, *parent.children(recursive=True)]
    used = sum(sum(each.cpu_times()[:2]) for each in family)
    return used, sum(each.memory_full_info().uss for each in family) / 2**20, len(family)


def say(line: str) -> None:
    print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
