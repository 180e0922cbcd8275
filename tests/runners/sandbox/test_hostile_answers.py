"""Answers that try to leave the sandbox, to use up the machine, or to pass without being right."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from textwrap import indent

import pytest

from runners.metrics import Answer, MetricScore, scorer

REFERENCE = {
    "entry_point": "double",
    "test": "def check(candidate):\n    assert candidate(4) == 8\n    assert candidate(0) == 0\n",
    "prompt": 'def double(number):\n    """Twice the number."""\n',
}


def scores_of(codes: Sequence[str], seconds: float = 10.0) -> list[MetricScore]:
    score = scorer("code_tests", seconds=seconds)
    return score.batch([(Answer(code), [REFERENCE]) for code in codes])


def score_of(code: str, seconds: float = 10.0) -> MetricScore:
    (score,) = scores_of([code], seconds)
    return score


def says(expression: str, *before: str) -> str:
    """What an expression is inside the sandbox: the reason why the answer is wrong tells it."""
    code = "\n".join([*before, f"def double(number):\n    raise ValueError(repr(({expression})))"])
    score = score_of(code)
    assert score.value == 0
    return score.reason.partition("ValueError: ")[2].rpartition(" (line")[0]


NAME = f"answer-{os.getpid()}"[:15]
NAMED = f"import ctypes\nctypes.CDLL(None).prctl(15, b'{NAME}')\n"
"""Gives a process of an answer, and all that it starts, a name that no other test's have."""


def processes_left() -> list[str]:
    """Processes of this machine that are called NAME."""
    left = []
    for path in Path("/proc").glob("[0-9]*/comm"):
        try:
            if path.read_text().strip() == NAME:
                left.append(path.parent.name)
        except OSError:  # it has ended
            continue
    return left


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


# To pass without being right

FORGERIES = {
    "ends at once": "import sys\nsys.exit(0)",
    "ends at once, without a word": "import os\nos._exit(0)",
    "ends when it is called": "import os\ndef double(number):\n    os._exit(0)",
    "raises SystemExit": "def double(number):\n    raise SystemExit(0)",
    "raises what ends the tests": "def double(number):\n    raise KeyboardInterrupt",
    "is nothing": "double = None",
    "has a check of its own": "def check(candidate): pass\ndef double(number): return 1",
    "says that it passed": (
        'import sys\nprint(\'{"state": "passed", "reason": ""}\', flush=True)\n'
        'sys.stderr.write("passed")\ndef double(number): return 1'
    ),
    "writes the verdict to every file": (
        "import os\nfor file in range(3, 64):\n    try:\n"
        '        os.write(file, b\'{"state": "passed", "reason": ""}\\n\')\n'
        "    except OSError: pass\ndef double(number): return 1"
    ),
    "equals everything": (
        "class All:\n    def __eq__(self, other): return True\ndef double(number): return All()"
    ),
    "is a number that equals everything": (
        "class All(int):\n    def __eq__(self, other): return True\n"
        "def double(number): return All(1)"
    ),
    "changes what assert and == are": (
        "import builtins\nbuiltins.AssertionError = ValueError\nbuiltins.__import__ = None\n"
        "def double(number): return 1"
    ),
    "looks for the tests in the frames": (
        "import sys\ndef double(number):\n    frame = sys._getframe()\n    while frame:\n"
        "        for name, value in list(frame.f_globals.items()):\n"
        "            if 'check' in name: value = lambda candidate: None\n"
        "        frame = frame.f_back\n    return 1"
    ),
    "stops who runs the tests": (
        "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)\ndef double(number): return 8"
    ),
    "sends what is no message": (
        "import os\nfor file in range(3, 64):\n    try: os.write(file, b'nonsense\\n')\n"
        "    except OSError: pass\ndef double(number): return 8"
    ),
}

TOLERANT = {
    "entry_point": "double",
    "test": "def check(candidate):\n    assert abs(candidate(4) - 8) < 1e-6 and held()\n",
    "prompt": "def held(): return False\n",
}
OWN_NAMES = """\
import sys
frame = sys._getframe()
while "pipe" not in frame.f_locals: frame = frame.f_back
pipe, objects = frame.f_locals["pipe"], [lambda *args: 1e-9, lambda *args: True]
none, yes = {"object": 0}, {"object": 1}
names = [["double", none], ["held", yes], ["__builtins__", {"dict": [["abs", none]]}]]
pipe.send({"value": {"dict": names}, "changed": []})
while True:
    request = pipe.receive()
    pipe.send({"value": objects[request["target"]](), "changed": []})
"""


def test_an_answer_gives_no_names_but_those_that_tests_may_use() -> None:
    (score,) = scorer("code_tests").batch([(Answer(OWN_NAMES), [TOLERANT])])
    assert score.value == 0
    assert score.reason.startswith("line 2 of the tests")
    by_text = "assert abs(double(4) - 8) < 1e-6"
    (score,) = scorer("code_tests").batch([(Answer(OWN_NAMES), [by_text])])
    assert (score.value, score.reason) == (0, f"line 1 of the tests, {by_text}: AssertionError")


def test_no_answer_passes_by_a_trick() -> None:
    scores = dict(zip(FORGERIES, scores_of(list(FORGERIES.values())), strict=True))
    assert {trick: score.value for trick, score in scores.items()} == dict.fromkeys(FORGERIES, 0)
    assert all(score.reason for score in scores.values())
    assert scores["equals everything"].reason == (
        "line 2 of the tests, assert candidate(4) == 8: AssertionError"
    )
    assert scores["ends at once, without a word"].reason == "the answer ended the program"
    assert scores["stops who runs the tests"].reason == "ended the program that runs its tests"


# To see or change what is outside


def test_our_packages_and_installed_ones_can_not_be_imported() -> None:
    names = ["evalhub", "runners", "reviews", "django", "numpy", "pytest"]
    find = "[n for n in names if __import__('importlib.util').util.find_spec(n)]"
    folders = [folder for folder in sys.path if folder]
    before = f"import sys\nnames = {names}\nsys.path += {folders}"
    assert says(find, before) == "[]"


def test_files_of_the_machine_are_not_there_and_links_to_them_lead_nowhere(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3cret")
    paths = ["/etc/shadow", "/etc/passwd", "/proc/1/environ", str(secret), str(Path.home())]
    before = f"""\
import os
paths = {paths!r}
for n, path in enumerate(paths): os.symlink(path, f"/tmp/link{{n}}")"""
    assert says("[p for p in [*paths, '/tmp/link0'] if os.path.exists(p)]", before) == "[]"
    assert says("[p for p in os.listdir('/tmp') if os.path.exists('/tmp/' + p)]", before) == "[]"


def test_nothing_can_be_written_but_to_tmp_which_is_gone_afterwards() -> None:
    before = """\
def written(path):
    try: open(path, "w").write("x"); return True
    except OSError: return False"""
    paths = ["/x", "/usr/x", "/usr/lib/x", "/dev/x", "/etc/x", os.__file__]
    says_all = f"[p for p in [*{paths}, '/tmp/of-an-answer'] if written(p)]"
    assert says(says_all, before) == "['/tmp/of-an-answer']"
    assert not Path("/tmp/of-an-answer").exists()
    assert says("__import__('os').listdir('/tmp')") == "[]"


def test_no_network_is_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = server.getsockname()
        before = """\
import socket
def reached(address):
    try: socket.create_connection(address, timeout=1); return True
    except OSError: return False"""
        assert says(f"reached({address!r}) or reached(('1.1.1.1', 80))", before) == "False"
    assert "PermissionError" in score_of("import socket\nsocket.socket(40, 1)").reason  # vsock


def test_no_process_outside_gets_a_signal() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as bystander:
        codes = [
            "import os, signal\nfor pid in range(1, 70_000):\n    try: os.kill(pid, 9)\n"
            "    except OSError: pass\ndef double(number): return 8",
            "import os\nos.kill(-1, 9)\ndef double(number): return 8",
            f"import os\nos.kill({os.getpid()}, 15)\ndef double(number): return 8",
        ]
        scores = scores_of(codes)
        assert [score.value for score in scores] == [0, 0, 0]
        assert bystander.poll() is None
        assert bystander.stdin is not None
        bystander.stdin.write(b"\n")
    assert scores[2].reason.startswith("ProcessLookupError")


def test_memory_that_no_limit_counts_can_not_be_had() -> None:
    refused = "PermissionError: [Errno 1] Operation not permitted"
    assert score_of("import os\nos.memfd_create('x')").reason.startswith(refused)
    before = "import ctypes\nlibc = ctypes.CDLL(None)"
    calls = "libc.shmget(0, 1 << 20, 0o1600), libc.unshare(0x10000000)"
    assert says(calls, before) == "(-1, -1)"


# To use up the machine


def test_an_answer_is_not_wrong_where_its_sandbox_is_killed_from_outside() -> None:
    code = f"{NAMED}import time\ntime.sleep(60)"
    with ThreadPoolExecutor(1) as pool:
        score = pool.submit(score_of, code, 20)
        end = time.monotonic() + 20
        while not (left := processes_left()) and time.monotonic() < end:
            time.sleep(0.05)
        pid = int(left[0])
        while parent_of(pid) != os.getpid():
            pid = parent_of(pid)
        os.kill(pid, signal.SIGKILL)
        assert score.result() == MetricScore(None, "its sandbox was killed from outside")


def test_processes_of_an_answer_are_seen_from_outside_while_they_run() -> None:
    with ThreadPoolExecutor(1) as pool:
        score = pool.submit(score_of, f"{NAMED}import time\ntime.sleep(60)", 2)
        end = time.monotonic() + 20
        while not processes_left() and not score.done() and time.monotonic() < end:
            time.sleep(0.05)
        assert processes_left()
    assert processes_left() == []


@pytest.mark.heavy
def test_a_fork_bomb_is_bounded_and_gone_afterwards() -> None:
    code = "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass"
    score = score_of(NAMED + code, seconds=1)
    assert (score.value, score.reason) == (0, "took more than 1 s")
    assert processes_left() == []


@pytest.mark.heavy
def test_an_endless_loop_ends_with_its_time() -> None:
    start = time.monotonic()
    score = score_of("while True: pass", seconds=1)
    assert (score.value, score.reason) == (0, "took more than 1 s")
    assert time.monotonic() - start < 20


def test_threads_are_bounded_too() -> None:
    before = """\
import threading, time
def started():
    n = 0
    try:
        for n in range(1000):
            threading.Thread(target=time.sleep, args=(1,), daemon=True).start()
    except RuntimeError: pass
    return n < 40"""
    assert says("started()", before) == "True"


def test_a_full_disk_is_the_answer_s_own() -> None:
    before = """\
import os
def filled(folder):
    size = 0
    try:
        for n in range(100):
            with open(f"{folder}/{n}", "wb") as file: size += file.write(b"x" * 2_000_000)
    except OSError: pass
    return size < 20_000_000"""
    assert says("filled('/tmp'), filled('/dev/shm')", before) == "(True, True)"


def test_what_it_starts_does_not_outlive_it() -> None:
    code = """\
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(600)
    os._exit(0)
def double(number): return 2 * number"""
    assert score_of(NAMED + code).value == 1
    assert processes_left() == []


@pytest.mark.heavy
def test_a_gigabyte_of_output_goes_nowhere() -> None:
    code = "import sys\nfor _ in range(1024): sys.stdout.write('x' * 1024 * 1024)\n"
    score = score_of(code + "def double(number): return 2 * number", seconds=60)
    assert score.value == 1
    large = "def double(number): return 'x' * 100_000_000"
    assert score_of(large).reason == "the answer gave too large a value"


@pytest.mark.heavy
def test_ten_gigabytes_of_memory_are_not_had_by_one_process_or_by_many() -> None:
    assert score_of("x = bytearray(10 * 1024 ** 3)").reason.startswith("MemoryError")
    many = """\
import os, time
for _ in range(12):
    if os.fork() == 0:
        x = bytearray(b"x") * (800 * 1024 ** 2)
        time.sleep(60)
time.sleep(60)"""
    by_thread = f"import threading\ndef start():\n{indent(many, '    ')}\n"
    by_thread += "thread = threading.Thread(target=start)\nthread.start()\nthread.join()"
    for code in (many, by_thread):
        score = score_of(NAMED + code, seconds=60)
        assert (score.value, score.reason) == (0, "took more than 1024 MB of memory")
    assert processes_left() == []
