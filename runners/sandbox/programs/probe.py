"""Try what a sandboxed program must not be able to do, and say what was possible all the same."""

import json
import os
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any


def leaks(task: dict[str, Any]) -> list[str]:
    """What was possible, in words.

    Args:
        task: `processes` that may be started, a `secret` file of who asks, a `port` of this machine
            at which it listens.
    """
    return [
        words
        for words, possible in (
            ("a file of this machine could be read", Path(task["secret"]).exists()),
            ("a file could be written outside /tmp", _writes("/probe") or _writes("/usr/probe")),
            ("this machine's network could be reached", _connects(task["port"])),
            ("it runs as root", os.getuid() == 0),
            ("more processes could be started than are allowed", _forks(task["processes"])),
        )
        if possible
    ]


def _writes(path: str) -> bool:
    try:
        Path(path).write_text("", encoding="utf-8")
    except OSError:
        return False
    return True


def _connects(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def _forks(most: int) -> bool:
    """Whether more than `most` processes can be started; they are ended at once."""
    children: list[int] = []
    try:
        while len(children) <= most:
            child = os.fork()
            if not child:
                signal.pause()
            children.append(child)
    except OSError:
        return False
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)
    return True


if __name__ == "__main__":
    json.dump(leaks(json.load(sys.stdin)), sys.stdout)
