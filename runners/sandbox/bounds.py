"""What a sandboxed program may use of the machine."""

from dataclasses import dataclass

MIB = 1024 * 1024
SECONDS = 10.0
"""What a program may take where nothing else is said."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The most that a program may use.

    Attributes:
        seconds: of the clock, for all of it; each of its processes has as many of computing, too.
        memory_bytes: of memory, for all its processes together, and of address space for each.
        processes: processes and threads, bubblewrap's own too.
        files: open files of a process.
        disk_bytes: of /tmp, of /dev/shm, and of one file.
        output_bytes: of what it writes to its standard output.
    """

    seconds: float = SECONDS
    memory_bytes: int = 1024 * MIB
    processes: int = 32
    files: int = 64
    disk_bytes: int = 16 * MIB
    output_bytes: int = MIB
