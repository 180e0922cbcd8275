"""The process between us and a command: `python own_supervisor.py SOCKET WORD…`.

`runners.metrics.own_command` starts it, by its path, so that it imports nothing of ours and is
there in a few hundredths of a second. It starts the command, says how it ended, and when the
socket is closed kills whatever the command left behind, its children's children too.
"""

import ctypes
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER of linux/prctl.h: orphans become this process's children


def main() -> None:
    """Starts the command and waits for its end, or until who asks has read enough or is gone."""
    adopt_orphans()
    woken = wake_on_children()
    with socket.socket(fileno=int(sys.argv[1])) as caller:
        try:
            process = subprocess.Popen(sys.argv[2:], start_new_session=True)
        except OSError as error:
            caller.sendall(json.dumps({"failed": error.strerror}).encode())
            return
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, 0)
        os.dup2(nothing, 1)  # the command alone holds its pipe open
        with selectors.DefaultSelector() as selector:
            selector.register(woken, selectors.EVENT_READ)
            selector.register(caller, selectors.EVENT_READ)
            while process.poll() is None:
                if caller in [key.fileobj for key, _ in selector.select()]:
                    break
                os.read(woken, 4096)
        with suppress(OSError):  # who asks is gone
            if process.returncode is not None:
                caller.sendall(json.dumps({"ended": process.returncode}).encode())
                caller.recv(1)  # nothing is sent: it is closed
        kill_descendants(process.pid)


def adopt_orphans() -> None:
    """Orphans among this process's descendants become its children. On Linux alone: elsewhere a
    child that leaves its group can't be found."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)


def wake_on_children() -> int:
    """A file descriptor that can be read whenever a child has ended."""
    woken, wakes = os.pipe()
    os.set_blocking(wakes, False)
    signal.set_wakeup_fd(wakes, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    return woken


def kill_descendants(group: int) -> None:
    """Kills a group, and then whatever became this process's child, until none is left."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
    with suppress(ChildProcessError):
        while True:
            killed = [child for child in _children() if _kill(child)]
            if not os.waitpid(-1, 0 if killed else os.WNOHANG)[0]:
                return


def _kill(pid: int) -> bool:
    try:
        os.kill(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):  # another user's by now, such as sudo's
        return False
    return True


def _children() -> list[int]:
    try:
        return [
            int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
        ]
    except OSError:
        return []


if __name__ == "__main__":
    main()
