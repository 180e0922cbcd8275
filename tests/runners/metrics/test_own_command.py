"""A team's own command: a line in and a line out, checked, timed, killed with its children."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from runners.metrics import Answer, MetricError, metric_declaration, scorer
from tests.runners.metrics.own import a_home_with, written
from tests.runners.metrics.test_own import is_alive

TABLE = """
[tone]
run = ["{python}", "tone.py", "--strict"]
title = "Tone"
version = "{version}"
bounds = [0, 1]
seconds = {seconds}
lines = 3
"""
HEAD = "import json, os, sys, time, subprocess\nlines = [json.loads(l) for l in sys.stdin]\n"
HONEST = HEAD + (
    "for line in reversed(lines):\n"
    "    value = 1 if line['output'] in line['references'] else 0.5\n"
    "    print(json.dumps({'id': line['id'], 'value': value, 'reason': line['question']}))\n"
)


def document(folder: Path, program: str, version: str = "1", seconds: float = 20) -> Path:
    written(folder / "tone.py", program)
    table = TABLE.format(python=sys.executable, version=version, seconds=seconds)
    return written(folder / "commands.toml", table)


def scores_of(folder: Path, program: str, seconds: float = 20) -> list[tuple[float | None, str]]:
    with a_home_with(document(folder, program, seconds=seconds)):
        answers = [(Answer(text, asked="Well?"), ["b"]) for text in "abc"]
        return [(score.value, score.reason) for score in scorer("tone").batch(answers)]


def test_a_line_for_each_answer_is_its_score(tmp_path: Path) -> None:
    assert scores_of(tmp_path, HONEST) == [(0.5, "Well?"), (1.0, "Well?"), (0.5, "Well?")]
    with a_home_with(document(tmp_path, HONEST)):
        scores = scorer("tone").batch([(Answer(text), ["b"]) for text in "abbb"])
    assert [score.value for score in scores] == [0.5, 1, 1, 1]  # two starts, of three lines each


@pytest.mark.parametrize(
    ("body", "values", "reason"),
    [
        ("print(json.dumps({'id': '0', 'value': 1}))", [1, None, None], "wrote no line for this"),
        ("print('Loading …')", [None] * 3, "wrote a line that is no answer's: 'Loading"),
        ('print(\'{"id": "7", "value": 1}\')', [None] * 3, "a line that is no answer's"),
        (
            "for i in '0012': print(json.dumps({'id': i, 'value': 1}))",
            [None, 1, 1],
            "wrote two lines for this answer",
        ),
        ('for i in \'012\': print(\'{"id": "%s", "value": NaN}\' % i)', [None] * 3, "gave nan"),
        ("for i in '012': print(json.dumps({'id': i, 'value': 7}))", [None] * 3, "outside its ran"),
        ("for i in '012': print(json.dumps({'id': i, 'value': 'x'}))", [None] * 3, "a number is"),
        ("print(json.dumps({'id': '1' * 5000, 'value': 1}))", [None] * 3, "is no answer's"),
        ("for i in '012': print(json.dumps({'id': i}))", [None] * 3, "gave no value"),
        (
            "for i in '012': print(json.dumps({'id': i, 'reason': 'Cut \\ud83d, \\0'}))",
            [None] * 3,
            "Cut \N{REPLACEMENT CHARACTER}, \N{REPLACEMENT CHARACTER}",
        ),
        ("sys.exit('No \\0')", [None] * 3, "ended with 1: No \N{REPLACEMENT CHARACTER}"),
        ("sys.exit('No model')", [None] * 3, "the command ended with 1: No model"),
    ],
)
def test_what_is_no_score_leaves_its_answer_unscored(
    tmp_path: Path, body: str, values: list[float | None], reason: str
) -> None:
    scores = scores_of(tmp_path, HEAD + body)
    assert [value for value, _ in scores] == values
    assert reason in next(why for value, why in scores if value is None)


def test_one_that_never_reads_a_long_batch_scores_and_ends(tmp_path: Path) -> None:
    program = 'for i in \'012\': print(\'{"id": "%s", "value": 1}\' % i, flush=True)\n'
    with a_home_with(document(tmp_path, program)):  # 1 MB an answer: no pipe holds so much
        scores = scorer("tone").batch([(Answer(letter * 2**20), ["b"]) for letter in "abc"])
        assert [score.value for score in scores] == [1, 1, 1]


def test_one_that_can_t_be_started_scores_nothing(tmp_path: Path) -> None:
    written(tmp_path / "tone", "no program")
    table = "[tone]\nrun = ['./tone']\ntitle = 'Tone'"
    with (
        a_home_with(written(tmp_path / "commands.toml", table)),
        pytest.raises(MetricError, match=r"'\./tone' can't be started: Permission denied"),
    ):
        scorer("tone")(Answer("a"))


LEAVES = """
import os, subprocess, time

apart = subprocess.Popen(["setsid", "sleep", "60"], start_new_session=True)
near = subprocess.Popen(["sleep", "600"])
read, write = os.pipe()
if not os.fork():
    os.setsid()
    if pid := os.fork():
        os.write(write, str(pid).encode())
        os._exit(0)
    time.sleep(600)
os.wait()
pids = [os.getpid(), apart.pid, near.pid, int(os.read(read, 20))]
open({pids!r}, "w").write(" ".join(map(str, pids)))
print('{{"id": "0", "value": 1}}', flush=True)
"""
"""Leaves a child, one in a session of its own and a daemon whose parent is gone."""


@pytest.mark.parametrize(
    ("ends", "reason"),
    [
        ("time.sleep(600)", "the command took more than 4 s for its batch, and was ended"),
        ("", "the command wrote no line for this answer"),
        ("raise SystemExit(3)", "the command ended with 3"),
    ],
)
def test_whatever_it_started_is_gone_when_its_batch_ends(
    tmp_path: Path, ends: str, reason: str
) -> None:
    pids = tmp_path / "pids"
    seconds = 4 if "sleep" in ends else 60
    scores = scores_of(tmp_path, LEAVES.format(pids=str(pids)) + ends, seconds=seconds)
    assert [value for value, _ in scores] == [1, None, None]
    assert scores[1][1] == reason
    started = [int(pid) for pid in pids.read_text().split()]
    assert len(started) == 4
    assert not any(map(is_alive, started))


def test_it_and_what_it_started_are_gone_when_the_worker_is_killed(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    file = document(tmp_path, LEAVES.format(pids=str(pids)) + "time.sleep(600)", seconds=600)
    worker = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "from runners.metrics import Answer, scorer; scorer('tone')(Answer('a'), ['a'])",
        ],
        env=os.environ | {"EVALHUB_OWN_METRICS": str(file)},
    )
    try:
        started = _until(lambda: pids.read_text().split() if pids.exists() else [])
    finally:
        worker.kill()
        worker.wait()
    assert len(started) == 4
    assert _until(lambda: not any(is_alive(int(pid)) for pid in started))


def _until[T](look: Callable[[], T]) -> T:
    """What is looked for, once it is there; the last look after 20 s."""
    end = time.monotonic() + 20
    while not (result := look()) and time.monotonic() < end:
        time.sleep(0.02)
    return result


def test_its_words_its_version_and_its_file_are_its_identity(tmp_path: Path) -> None:
    digests = set()
    for program, version in ((HONEST, "1"), (HONEST, "2"), (HONEST + "#", "1")):
        with a_home_with(document(tmp_path, program, version)):
            digests.add(metric_declaration("tone").options["code_sha256"])
    assert len(digests) == 3
    with a_home_with(document(tmp_path, HONEST)):
        assert metric_declaration("tone").options["code_sha256"] in digests
        written(tmp_path / "tone.py", HONEST + "##")
        with pytest.raises(MetricError, match="has changed since this process started"):
            scorer("tone")(Answer("a"), ["a"])


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("[tone]\ntitle = 'T'", "tone: field 'run': missing"),
        ("[tone]\nrun = ['./no']\ntitle = 'T'", r"there is no file './no' in"),
        ("[tone]\nrun = ['no-such-program']\ntitle = 'T'", "no program 'no-such-program' on the"),
        ("[tone]\nrun = ['cat']\ntitle = 'T'\nbounds = [1, 0]", "'bounds': are the least value"),
        ("[Tone]\nrun = ['cat']\ntitle = 'T'", "'Tone' is no metric's name"),
        ("tone", "commands.toml: Expected"),
    ],
)
def test_a_document_that_can_t_be_is_one_sentence(tmp_path: Path, table: str, message: str) -> None:
    with (
        a_home_with(written(tmp_path / "commands.toml", table)),
        pytest.raises(MetricError, match=message),
    ):
        metric_declaration("tone")
