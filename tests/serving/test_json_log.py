"""With EVALHUB_LOG=json a server prints JSON objects alone, one a line, whoever prints."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from evalhub.cli.app import run
from evalhub.cli.log_lines import json_lines
from tests.serving.site import BIN, ask, environment, up

CHATTY = """
import ctypes, os, sys, threading, warnings
sys.argv = ["evalhub", "worker"]
from evalhub.cli import app, serve
def chat():
    from evalhub.frames.command.setup import set_up_templates
    set_up_templates()
    print("printed to standard output")
    sys.stderr.write("begun, ")
    sys.stderr.write("and ended\\nin two lines\\n")
    os.write(2, b"native\\xff\\n")
    ctypes.CDLL(None).perror(b"from C")
    warnings.warn("a warning of two\\nlines")
    import logging
    logging.getLogger("waitress").warning("of a library")
    logging.getLogger("evalhub").info("a \\udce9 surrogate: %s", float("nan"))
    logging.getLogger("evalhub").warning("%d", "not a number")
    thread = threading.Thread(target=lambda: 1 / 0, name="working")
    thread.start(); thread.join()
    class Bad:
        def __del__(self): raise ValueError("in del")
    bad = Bad(); del bad
    if os.fork() == 0:
        print("from a fork", file=sys.stderr)
        os.system("echo from a program >&2")
        os._exit(0)
    os.wait()
    raise RuntimeError("at the end")
[command] = [each for each in app.app.registered_commands if each.name == "worker"]
command.callback = chat
app.main()
"""


def objects(text: str) -> list[dict[str, object]]:
    """Each line's object; a line that is none fails."""
    lines = [json.loads(line) for line in text.splitlines()]
    for line in lines:
        assert {"time", "level", "logger", "message"} <= set(line), line
    return lines


@pytest.mark.heavy
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_whoever_prints_prints_one_object_a_line(tmp_path: Path, encoding: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CHATTY],
        env=environment(tmp_path, {"EVALHUB_LOG": "json", "PYTHONIOENCODING": encoding}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 70, done.stderr
    [printed] = objects(done.stdout)
    assert printed["message"] == "printed to standard output"
    lines = objects(done.stderr)
    messages = [str(line["message"]) for line in lines]
    for message in (
        *("begun, and ended", "in two lines", "native\\xff", "of a library", "from a fork"),
        *("thread working ended with an error", "from a program"),
    ):
        assert message in messages
    assert any("a warning of two\nlines" in each for each in messages)
    assert any(each.startswith("from C: ") for each in messages)
    assert any("surrogate: nan" in each for each in messages)
    # what other processes print may come after it
    last = "this is our fault, not yours: RuntimeError: at the end"
    assert any(last in each for each in messages)
    traces = [str(line["traceback"]) for line in lines if "traceback" in line]
    assert sum("ZeroDivisionError" in each for each in traces) == 1
    assert sum("in del" in each for each in traces) == 1


def test_nothing_else_changes_and_a_log_line_stays_as_it_is(
    capfd: pytest.CaptureFixture[str],
) -> None:
    line = '{"time": "now", "level": "info", "logger": "mine", "message": "as it is"}'
    before = sys.stderr, threading.excepthook, sys.excepthook, sys.unraisablehook
    with json_lines():
        sys.stderr.write(f"{line}\n")
        os.write(2, f"{line}\n".encode())
        os.write(1, b"out\n")
        sys.stderr.write("without an end")
    assert (sys.stderr, threading.excepthook, sys.excepthook, sys.unraisablehook) == before
    printed = capfd.readouterr()
    lines = printed.err.splitlines()
    assert lines.count(line) == 2
    assert [each["message"] for each in objects(printed.err)].count("without an end") == 1
    assert [each["message"] for each in objects(printed.out)] == ["out"]


@pytest.mark.parametrize("home", [(), ("--home", "up")])
def test_a_wrong_option_of_a_server_is_told_so_too(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, home: tuple[str, ...]
) -> None:
    monkeypatch.setenv("EVALHUB_LOG", "json")
    assert run([*home, "up", "--nonsense"]) == 64
    assert "No such option: --nonsense" in str(objects(capfd.readouterr().err)[0]["message"])
    assert run([*home, "user", "--nonsense"]) == 64
    assert capfd.readouterr().err.startswith("evalhub user: No such option")


@pytest.mark.heavy
@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_site_that_is_asked_nonsense_and_ended(tmp_path: Path, processes: str) -> None:
    with up(tmp_path, "--processes", processes, EVALHUB_LOG="json") as site:
        assert ask(site.port, "/nothing/").status in (302, 404)
        assert ask(site.port, "/runs/", host="elsewhere.example.org").status == 400
        with socket.create_connection(("127.0.0.1", site.port), timeout=60) as connection:
            connection.sendall(b"\xff\xfe nonsense\r\n\r\n")
            assert connection.recv(100)
        os.kill(site.pid, signal.SIGTERM)
        time.sleep(1)
    assert objects(site.printed)
    assert objects(site.log.read_text())


@pytest.mark.heavy
def test_a_worker_without_its_queue_and_ended(tmp_path: Path) -> None:
    variables = {"EVALHUB_LOG": "json", "EVALHUB_REDIS_URL": "redis://127.0.0.1:1/0"}
    log = tmp_path / "log"
    with (
        log.open("wb") as written,
        subprocess.Popen(
            [BIN / "evalhub", "worker"],
            env=environment(tmp_path / "home", variables),
            stdout=written,
            stderr=written,
        ) as process,
    ):
        try:
            until = time.monotonic() + 60
            while "Connection refused" not in log.read_text() and time.monotonic() < until:
                time.sleep(0.2)
        finally:
            process.terminate()
            process.wait(timeout=60)
    messages = [str(each["message"]) for each in objects(log.read_text())]
    assert any("Connection refused" in each for each in messages)
