"""The process apart: `python -m runners.metrics.subprocess_worker`.

`runners.metrics.subprocess_scoring` starts it. It imports the metrics once and forks; the fork
reads questions and answers them. Where a limit ends the fork, the one that waited says so and
forks again, which takes milliseconds.
"""

import json
import os
import resource
import signal
import sys
from functools import lru_cache
from typing import Any

from runners.metrics import Answer, Scorer, scorer
from runners.metrics.json_schema import validator
from runners.metrics.pattern import compile_pattern, last_group
from runners.metrics.score import LONGEST_REASON
from runners.metrics.subprocess_scoring import MEMORY_MB, SECONDS, be_the_process_apart, frame

_GRACE_S = 0.5  # what stops by itself after SECONDS is left the time for it
_SLOW = f"took more than {SECONDS:g} s"
_MEMORY = f"took more than {MEMORY_MB:,} MB of memory"


def main() -> None:
    """Forks until there are no more questions."""
    be_the_process_apart()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who asks; then the pipe ends
    incoming, outgoing = sys.stdin.fileno(), sys.stdout.fileno()
    while True:
        fork = os.fork()
        if not fork:
            _answer_all(incoming, outgoing)
            os._exit(0)
        status = os.waitpid(fork, 0)[1]
        if os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0:
            return
        slow = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGPROF
        reason = _SLOW if slow else "needed so much that its process ended"
        os.write(outgoing, frame({"died": reason}))


def _answer_all(incoming: int, outgoing: int) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MB * 1024**2, hard))
    while message := _read(incoming):
        # The timer's signal ends the process, also within a library that never looks for one.
        signal.setitimer(signal.ITIMER_PROF, SECONDS + _GRACE_S)
        try:
            reply = _answer_message(json.loads(message))
        except MemoryError:
            reply = {"died": _MEMORY}
        signal.setitimer(signal.ITIMER_PROF, 0)
        os.write(outgoing, frame(reply))


def _read(incoming: int) -> bytes:
    """The next question; empty at the end. Nothing is read ahead: a fork's end loses none."""
    size = int.from_bytes(_exactly(incoming, 4), "big")
    return _exactly(incoming, size) if size else b""


def _exactly(incoming: int, size: int) -> bytes:
    read = bytearray()
    while len(read) < size and (part := os.read(incoming, min(size - len(read), 1 << 20))):
        read += part
    return bytes(read)


def _answer_message(message: dict[str, Any]) -> dict[str, Any]:
    if "read" in message:
        return _read_declared(message["read"], message["given"])
    if "extract" in message:
        try:
            return {"part": last_group(compile_pattern(message["extract"]), message["text"])}
        except TimeoutError:
            return {"died": _SLOW}
    if "name" in message:
        _scorers()[message["metric"]] = scorer(message["name"], **message["options"])
    score = _scorers().get(message["metric"])
    if score is None:
        return {"unknown": True}
    result = score(Answer(**message["answer"]), message["references"])
    return {"value": result.value, "reason": result.reason[:LONGEST_REASON], "parts": result.parts}


def _read_declared(kind: str, value: Any) -> dict[str, Any]:
    try:
        groups = compile_pattern(value).groups if kind == "pattern" else 0
        if kind == "schema":
            validator(value)
    except ValueError as error:
        return {"wrong": str(error)[:1000], "groups": 0}
    return {"wrong": "", "groups": groups}


@lru_cache(maxsize=1)
def _scorers() -> dict[str, Scorer]:
    return {}


if __name__ == "__main__":
    main()
