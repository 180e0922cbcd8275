"""Whatever becomes of the process of a team's own function, nothing but its own is killed.

Each case runs in a session of its own: a defect here would kill the tests.
"""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from runners.metrics import Answer, scorer
from tests.runners.metrics.own import a_home_with, written
from tests.runners.metrics.test_own import is_alive

FINE = """
from runners.metrics.own import Answer, metric

@metric(title="Fine")
def fine(answer: Answer):
    return 1
"""
# It writes the first two messages of its process, with another's number for the fork's.
FORGES = """
import json, os, time
from runners.metrics.own import Answer, metric
from runners.metrics.subprocess_scoring import frame

said = b"".join(map(frame, ({{"ready": True}}, {{"pid": {bystander}}})))
for descriptor in range(3, 32):
    try:
        os.write(descriptor, said)
    except OSError:
        pass

@metric(title="Forges", seconds=1)
def forges(answer: Answer):
    time.sleep(600)
"""

# Its process goes on late after each fork, as on a busy machine, and the fork has scored by then.
LATE = """
import os, time
from runners.metrics.own import Answer, metric

os.register_at_fork(after_in_parent=lambda: time.sleep(0.5))

@metric(title="Late")
def late(answer: Answer):
    return 1
"""

# It ends its whole process, once somebody else waits for it.
FALLS = """
import os, signal, time
from pathlib import Path
from runners.metrics.own import Answer, metric

@metric(title="Falls")
def falls(answer: Answer):
    if answer.text == "fine":
        return 1
    while not Path(answer.text).exists():
        time.sleep(0.01)
    os.kill(os.getppid(), signal.SIGKILL)
    os._exit(1)
"""


def in_its_own_session(code: str, file: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"EVALHUB_OWN_METRICS": str(file)},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        timeout=100,
    )


def test_one_that_dies_as_it_is_asked_takes_nobody_along(tmp_path: Path) -> None:
    """As where memory runs out: it is gone before it has said which fork scores."""
    code = """
from runners.metrics import Answer, own_scoring, scorer
started = own_scoring._process_of
def dying(source):
    process = started(source)
    process.process.kill()
    return process
own_scoring._process_of = dying
print(scorer("fine")(Answer("a"), []).reason)
own_scoring._process_of = started
print(scorer("fine")(Answer("a"), []).value)
"""
    ran = in_its_own_session(code, written(tmp_path / "fine.py", FINE))
    reason = "the metric ended, or wrote into its process's own messages"
    assert (ran.returncode, ran.stdout.splitlines()) == (0, [reason, "1.0"])


def test_a_forged_number_kills_no_other_process(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "600"], start_new_session=True) as bystander:
        try:
            code = """
from runners.metrics import Answer, own_scoring, scorer
own_scoring.START_S = 3.0
print(scorer("forges")(Answer("a"), []).reason)
"""
            text = FORGES.format(bystander=bystander.pid)
            ran = in_its_own_session(code, written(tmp_path / "forges.py", text))
            assert ran.returncode == 0
            assert ran.stdout.strip() == "the metric took more than 1 s on this answer"
            assert is_alive(bystander.pid)
        finally:
            bystander.kill()


def test_a_fork_that_scores_before_its_process_goes_on_is_read(tmp_path: Path) -> None:
    with a_home_with(written(tmp_path / "late.py", LATE)):
        assert scorer("late")(Answer("a"), []).value == 1


def test_a_process_with_many_open_files_scores(tmp_path: Path) -> None:
    """Above 1,023 a descriptor is none that `select.select` takes."""
    code = """
import os, resource
from runners.metrics import Answer, scorer
resource.setrlimit(resource.RLIMIT_NOFILE, (2048, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
held = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
print(scorer("fine")(Answer("a"), []).value)
print(scorer("silent")(Answer("a"), []).reason)
print(scorer("exact_match", extract="(a)")(Answer("a"), ["a"]).value)
"""
    written(tmp_path / "silent.py", "")
    fine = written(tmp_path / "fine.py", FINE)
    silent = '[silent]\nrun = ["python3", "silent.py"]\ntitle = "Silent"\n'
    files = f"{fine}{os.pathsep}{written(tmp_path / 'silent.toml', silent)}"
    ran = in_its_own_session(code, Path(files))
    reason = "the command wrote no line for this answer"
    assert (ran.returncode, ran.stdout.splitlines()) == (0, ["1.0", reason, "1.0"])


def test_a_thread_that_waits_for_a_process_that_ends_gets_another(tmp_path: Path) -> None:
    go_on = tmp_path / "go on"
    with (
        a_home_with(written(tmp_path / "falls.py", FALLS)),
        ThreadPoolExecutor(2) as pool,
    ):
        assert scorer("falls")(Answer("fine"), []).value == 1
        falls = pool.submit(scorer("falls"), Answer(str(go_on)), [])
        time.sleep(0.5)  # the order of the two decides only what is looked at, not what holds
        waits = pool.submit(scorer("falls"), Answer("fine"), [])
        time.sleep(0.5)
        go_on.touch()
        assert falls.result().value is None
        assert waits.result().value == 1
