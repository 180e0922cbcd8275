"""`evalhub worker --processes`: several whole workers that start, stop and die as one does."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress

import psutil
import pytest

from tests.fakes.openai_server import OpenAIServer
from tests.runners.workers import Ask, Processes, launched, state, wait_until
from tests.serving.site import BIN

pytestmark = [pytest.mark.services, pytest.mark.heavy, pytest.mark.paired]

CLAIMED = "SELECT count(*) FROM registry_shard WHERE state = 'claimed'"
CONNECTIONS = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer(latency_s=0.05) as server:
        yield server


def workers(python: Processes) -> subprocess.Popen[str]:
    return python.command(
        BIN / "evalhub", "worker", "--processes", "2", "--concurrency", "1", "--queues", "api"
    )


def both(parent: subprocess.Popen[str]) -> list[psutil.Process]:
    """Its two processes, once they are there."""
    family = psutil.Process(parent.pid)
    wait_until(lambda: len(family.children()) == 2, within_s=30)
    return family.children()


def at_work(
    python: Processes, ask: Ask, server: OpenAIServer
) -> tuple[subprocess.Popen[str], list[psutil.Process]]:
    """Workers and their processes, each with a shard of a slow model's run."""
    server.latency_s = 0.5
    parent = workers(python)
    family = both(parent)
    launched(python, server, items=600, concurrency=4)
    wait_until(lambda: ask(CLAIMED) > 1, within_s=60)
    return parent, family


def ended(parent: subprocess.Popen[str], family: list[psutil.Process]) -> str:
    """What they have written, once they have ended; where they don't, what each thread is at."""
    try:
        return parent.communicate(timeout=15)[0]
    except subprocess.TimeoutExpired:
        for process in family:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGUSR1)  # Celery writes every thread's stack
        with suppress(subprocess.TimeoutExpired):
            parent.communicate(timeout=5)
        parent.kill()
        pytest.fail(f"they don't end\n{parent.communicate()[0]}")


def test_one_that_is_killed_is_started_again_and_nothing_is_lost_or_doubled(
    python: Processes, ask: Ask, server: OpenAIServer
) -> None:
    parent = workers(python)
    first, second = both(parent)
    launched(python, server, items=900, concurrency=4)
    wait_until(lambda: ask(CLAIMED) > 0 and ask("SELECT count(*) FROM registry_output") > 50, 60)
    first.kill()
    wait_until(lambda: second in both(parent) and first not in both(parent), within_s=30)
    ask("UPDATE registry_shard SET lease_until = now() WHERE state = 'claimed'")
    wait_until(lambda: state(ask) not in ("pending", "running"), within_s=60)
    assert (state(ask), ask("SELECT error FROM registry_run")) == ("done", "")
    assert ask("SELECT count(*) FROM registry_output WHERE text <> ''") == 900
    assert ask("SELECT count(DISTINCT item_id) FROM registry_output") == 900
    assert ask("SELECT sum(done) FROM registry_shard") == 900
    # a thread's of each, those of the first one's five timers, and of what has just ended
    wait_until(lambda: ask(CONNECTIONS) <= 2 * 1 + 5 + 2, within_s=30)


@pytest.mark.parametrize(("by", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_told_to_go_they_give_back_what_they_are_at(
    python: Processes, ask: Ask, server: OpenAIServer, by: signal.Signals, code: int
) -> None:
    parent, family = at_work(python, ask, server)
    # Ctrl+C in a terminal reaches all of them
    for process in [*family, parent] if by == signal.SIGINT else [parent]:
        process.send_signal(by)
    output = ended(parent, family)
    assert parent.returncode == code, output
    assert "Traceback" not in output
    assert not any(each.is_running() for each in family)
    assert (ask(CLAIMED), state(ask)) == (0, "running")


def test_told_again_and_again_they_end_as_well(
    python: Processes, ask: Ask, server: OpenAIServer
) -> None:
    parent, family = at_work(python, ask, server)
    for process in [*family, parent] * 100:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGTERM)
    assert parent.wait(timeout=15) == 0
    assert (ask(CLAIMED), state(ask)) == (0, "running")


def test_they_end_with_a_parent_that_is_killed(
    python: Processes, ask: Ask, server: OpenAIServer
) -> None:
    parent = workers(python)
    family = both(parent)
    parent.kill()
    psutil.wait_procs(family, timeout=15)
    assert not any(each.is_running() for each in family)
