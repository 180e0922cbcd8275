"""The process of one own metric's code: `python -m runners.metrics.own_worker`.

`runners.metrics.own_scoring` starts it. It loads the code once, looks whether it is the code that
was asked for, and forks for each batch: the fork scores, an answer after the other. Whatever the
fork leaves behind, its children's children too, is killed when it ends.
"""

import json
import os
import select
import signal
from collections.abc import Callable
from functools import partial
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

from evalhub.plug_ins import file_sha256, reason_of, source_sha256
from runners.metrics.own import FunctionMetric
from runners.metrics.own_supervisor import adopt_orphans, kill_descendants, wake_on_children
from runners.metrics.own_table import load_entry, load_file
from runners.metrics.score import Answer, MetricScore
from runners.metrics.subprocess_scoring import be_the_process_apart, frame

MOST_REASON = 300
"""Characters of a reason. A message is to fit into a pipe at once, so that a fork that is killed
leaves no half of one."""


def main() -> None:
    """Reads batches and forks for each, until there are no more."""
    be_the_process_apart()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    adopt_orphans()
    incoming, outgoing = os.dup(0), os.dup(1)
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    os.dup2(2, 1)  # what the code prints is no message of ours
    woken = wake_on_children()
    send = partial(_send, outgoing)
    first = json.loads(_read(incoming))
    try:
        kinds = _load(first)
    except (Exception, SystemExit) as error:
        send({"failed": reason_of(error)})
        return
    send({"ready": True})
    while message := _read(incoming):
        fork = os.fork()
        if not fork:
            os.setsid()
            os.close(incoming)
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            send({"pid": os.getpid()})  # by the fork itself: before its first score, in its group
            _score_all(kinds, json.loads(message), send)
            os._exit(0)
        send({"ended": _wait(fork, woken, incoming)})


def _load(source: dict[str, Any]) -> dict[str, type[FunctionMetric]]:
    """The functions of the source, by name. Raises ValueError where it is another's by now."""
    digest: Callable[[], str]
    if "file" in source:
        path = Path(source["file"])
        digest, load = partial(file_sha256, path), partial(load_file, path)
    else:
        entry = EntryPoint(*source["entry"])
        digest = partial(source_sha256, entry)
        load = partial(_one, entry)
    kinds = load()
    if digest() != source["sha256"]:
        raise ValueError("its source files have changed")
    return kinds


def _one(entry: EntryPoint) -> dict[str, type[FunctionMetric]]:
    return {entry.name: load_entry(entry)}


def _score_all(
    kinds: dict[str, type[FunctionMetric]], message: dict[str, Any], send: Callable[[Any], None]
) -> None:
    kind, process = kinds[message["name"]], os.getpid()
    metric = kind.model_validate_json(json.dumps({"name": message["name"], **message["options"]}))
    for number, (answer, references) in enumerate(message["answers"]):
        try:
            [score] = metric.score_batch([(Answer(**answer), references)], None)
        except BaseException as error:
            score = MetricScore(None, f"the metric raised {reason_of(error)}")
        if os.getpid() != process:
            os._exit(0)  # a fork of the metric's own, which came back from it
        send({"at": number, "value": score.value, "reason": str(score.reason or "")[:MOST_REASON]})


def _wait(fork: int, woken: int, incoming: int) -> str:
    """Waits for the fork's end and kills what it leaves; how it ended, "" where it is well. Where
    who asks has gone, all is ended at once."""
    while True:
        ready = select.select([woken, incoming], [], [])[0]
        if woken in ready:
            os.read(woken, 4096)
        ended, status = os.waitpid(fork, os.WNOHANG)
        if ended:
            break
        if incoming in ready:  # nothing is sent meanwhile: it is closed
            kill_descendants(fork)
            os._exit(1)
    kill_descendants(fork)
    if os.WIFSIGNALED(status):
        return f"ended by {signal.Signals(os.WTERMSIG(status)).name} on this answer"
    return f"ended its own process on this answer, with {os.WEXITSTATUS(status)}"


def _send(outgoing: int, message: dict[str, Any]) -> None:
    os.write(outgoing, frame(message))


def _read(incoming: int) -> bytes:
    size = int.from_bytes(_exactly(incoming, 4), "big")
    return _exactly(incoming, size) if size else b""


def _exactly(incoming: int, size: int) -> bytes:
    read = bytearray()
    while len(read) < size and (part := os.read(incoming, min(size - len(read), 1 << 20))):
        read += part
    return bytes(read)


if __name__ == "__main__":
    main()
