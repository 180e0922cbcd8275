"""Run a program in the sandbox, and end it where it passes a bound."""

import json
import os
import re
import select
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from time import monotonic
from typing import Any, BinaryIO

from runners.sandbox.bounds import MIB, Bounds
from runners.sandbox.system_calls import machine, seccomp_filter
from runners.sandbox.walls import sandbox_command

LOOKED_AFTER_S = 0.05
"""Between two looks at the memory of all processes."""
GONE_WITHIN_S = 30.0
"""Waited for, once killed: the kernel frees their memory first."""
KILLED_WITHIN_S = 1.0
"""Waited for, once its output has ended: bubblewrap then ends by itself, or is dead already."""
_PROGRAMS = Path(__file__).parent / "programs"
_ERRORS_READ = 4096
_IMPORT = "from runners.sandbox.programs import values\n"
_WITHIN = """\
values = __import__("types").ModuleType("values")
exec({shared!r}, values.__dict__)
"""
# Limits are set by the first lines that run, inside the sandbox's own user namespace: so that the
# number of processes is counted there alone, and nothing in it may raise them again.
_LIMITS = """\
import resource as _r
for _name, _most in {limits!r}.items():
    _r.setrlimit(getattr(_r, _name), (_most, _most))
"""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a sandboxed program ended.

    Attributes:
        output: what it wrote to standard output, at most as much as its bounds allow.
        stopped: why it was ended, such as "took more than 10 s"; "" where it ended by itself.
        errors: the beginning of its standard error, bubblewrap's too.
        killed: whether bubblewrap itself got a signal, which no program in it can send.
    """

    output: bytes
    stopped: str
    errors: str
    killed: bool = False


def run_program(program: str, task: dict[str, Any], bounds: Bounds = Bounds()) -> Ended:  # noqa: B008 (frozen)
    """Run one of `runners.sandbox.programs` in the sandbox, with the task as JSON on its input.

    When it returns, no process of the sandbox is left.

    Raises:
        FileNotFoundError: bubblewrap isn't installed.
        KeyError: a processor for which there is no list of system calls.
    """
    source = _LIMITS.format(limits=_limits(bounds)) + program_source(program)
    with (
        tempfile.TemporaryFile() as task_file,
        tempfile.TemporaryFile() as filter_file,
        tempfile.TemporaryFile() as errors_file,
    ):
        task_file.write(json.dumps(task).encode())
        task_file.seek(0)
        filter_file.write(seccomp_filter(machine()))
        filter_file.seek(0)
        told, tells = os.pipe()
        fds = {"seccomp": filter_file.fileno(), "info": tells}
        with os.fdopen(told, "rb") as info:
            try:
                process = subprocess.Popen(
                    sandbox_command(["-I", "-S", "-B", "-c", source], bounds, **fds),
                    stdin=task_file,
                    stdout=subprocess.PIPE,
                    stderr=errors_file,
                    pass_fds=tuple(fds.values()),
                    env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
                    cwd="/",
                    start_new_session=True,
                )
            finally:
                os.close(tells)
            first = None
            try:
                first = _first_process(info, bounds.seconds)
                output, stopped = _watch(process, bounds)
                if not stopped:
                    with suppress(subprocess.TimeoutExpired):
                        process.wait(KILLED_WITHIN_S)
                killed = (process.returncode or 0) < 0
            finally:
                _end(process, first)
        errors_file.seek(0)
        errors = errors_file.read(_ERRORS_READ).decode(errors="replace").strip()
    return Ended(output, stopped, errors, killed)


@cache
def program_source(program: str) -> str:
    """The text of a file of `runners.sandbox.programs`, with what it imports of there within it."""
    text, shared = (
        (_PROGRAMS / f"{name}.py").read_text(encoding="utf-8") for name in (program, "values")
    )
    return text.replace(_IMPORT, _WITHIN.format(shared=shared))


def _limits(bounds: Bounds) -> dict[str, int]:
    return {
        "RLIMIT_NPROC": bounds.processes,
        "RLIMIT_NOFILE": bounds.files,
        "RLIMIT_FSIZE": bounds.disk_bytes,
        "RLIMIT_CPU": int(bounds.seconds) + 1,
        "RLIMIT_AS": bounds.memory_bytes,
        "RLIMIT_CORE": 0,
        "RLIMIT_MEMLOCK": 0,
        "RLIMIT_MSGQUEUE": 0,
    }


def _watch(process: "subprocess.Popen[bytes]", bounds: Bounds) -> tuple[bytes, str]:
    """The output until the program ends, or until a bound is passed, and which."""
    assert process.stdout is not None
    stream, output = process.stdout.fileno(), bytearray()
    end = monotonic() + bounds.seconds
    look = monotonic() + LOOKED_AFTER_S
    while (now := monotonic()) < end:
        if now >= look:
            if _memory(process.pid) > bounds.memory_bytes:
                return bytes(output), f"took more than {bounds.memory_bytes // MIB} MB of memory"
            look = monotonic() + LOOKED_AFTER_S
        if _readable(stream, min(end, look) - monotonic()):
            chunk = os.read(stream, 64 * 1024)
            if not chunk:
                return bytes(output), ""
            output += chunk
            if len(output) > bounds.output_bytes:
                return bytes(output[: bounds.output_bytes]), "wrote too much output"
    return bytes(output), f"took more than {bounds.seconds:g} s"


def _memory(root: int) -> int:
    """Bytes of memory of a process and all that descend from it; shared ones count for each."""
    page = os.sysconf("SC_PAGE_SIZE")
    return sum(page * _resident_pages(pid) for pid in _family(root))


def _resident_pages(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):  # it has ended
        return 0


def _family(pid: int) -> Iterator[int]:
    yield pid
    for child in _children(pid):
        yield from _family(child)


def _children(pid: int) -> list[int]:
    """What any thread of a process started."""
    children: list[int] = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):  # it has ended
            children += map(int, path.read_text().split())
    return children


def _first_process(info: BinaryIO, seconds: float) -> int | None:
    """A descriptor of the first process of the namespace, of which bubblewrap writes as soon as it
    is there; None where bubblewrap ends before."""
    if not _readable(info.fileno(), seconds):
        return None
    number = re.search(rb'"child-pid": (\d+)', os.read(info.fileno(), _ERRORS_READ))
    with suppress(ProcessLookupError):
        return None if number is None else os.pidfd_open(int(number[1]))
    return None


def _end(process: "subprocess.Popen[bytes]", first: int | None) -> None:
    """Kill the first process of the namespace, which ends after all others there, and bubblewrap,
    and wait until they are gone."""
    if first is not None:
        with suppress(ProcessLookupError):  # it has ended
            signal.pidfd_send_signal(first, signal.SIGKILL)
        _readable(first, GONE_WITHIN_S)
        os.close(first)
    process.kill()
    process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _readable(descriptor: int, seconds: float) -> bool:
    """Whether there is something to read in time: of a process, that it has ended."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN | select.POLLHUP)
    return bool(poll.poll(1000 * max(0.001, seconds)))
