"""The system calls that a sandboxed program may not make, as a seccomp filter in BPF.

bubblewrap's namespaces hide what is outside. The filter closes what they leave: memory that no
limit of a process counts (memfd, System V), the memory of another process of the sandbox, sockets
that a network namespace doesn't hold (vsock), new namespaces, and rarely used doors of the kernel.
"""

import errno
import platform
import struct
from collections.abc import Iterator
from socket import AF_INET, AF_INET6, AF_UNIX

ARCHITECTURES = ("x86_64", "aarch64")
_AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_SOCKET = {"x86_64": 41, "aarch64": 198}
_CLONE = {"x86_64": 56, "aarch64": 220}
_CLONE3 = 435
"""Its flags are in memory, which a filter can't read: the C library then takes `clone`."""
_NEW_NAMESPACES = 0x7E020000
"""The flags of `clone` that make a namespace (linux/include/uapi/linux/sched.h)."""
_X32 = 0x40000000
"""The bit of x86-64's other calling convention, whose calls have numbers of their own."""

# linux/arch/x86/entry/syscalls/syscall_64.tbl, linux/include/uapi/asm-generic/unistd.h
_DENIED = {
    "add_key": (248, 217),
    "bpf": (321, 280),
    "fsmount": (432, 432),
    "fsopen": (430, 430),
    "io_uring_register": (427, 427),
    "io_uring_setup": (425, 425),
    "kcmp": (312, 272),
    "keyctl": (250, 219),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "mount": (165, 40),
    "move_mount": (429, 429),
    "mq_open": (240, 180),
    "msgget": (68, 186),
    "open_tree": (428, 428),
    "perf_event_open": (298, 241),
    "pidfd_getfd": (438, 438),
    "pivot_root": (155, 41),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "ptrace": (101, 117),
    "request_key": (249, 218),
    "semget": (64, 190),
    "setns": (308, 268),
    "shmget": (29, 194),
    "umount2": (166, 39),
    "unshare": (272, 97),
    "userfaultfd": (323, 282),
}

# linux/include/uapi/linux/bpf_common.h and seccomp.h
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER_AT, _ARCHITECTURE_AT, _FIRST_ARGUMENT_AT = 0, 4, 16
_ALLOW, _KILL, _FAIL = 0x7FFF0000, 0x80000000, 0x00050000
_DENY, _UNKNOWN = _FAIL | errno.EPERM, _FAIL | errno.ENOSYS


def machine() -> str:
    """The name of this machine's processor, as ARCHITECTURES has it where it is known."""
    return {"amd64": "x86_64", "arm64": "aarch64"}.get(
        platform.machine().lower(), platform.machine()
    )


def seccomp_filter(architecture: str) -> bytes:
    """The filter as an array of `struct sock_filter`, for bubblewrap's `--seccomp`.

    A denied call fails with EPERM, and `clone3` with ENOSYS. Raises KeyError for an architecture
    that isn't in ARCHITECTURES.
    """
    return b"".join(struct.pack("=HBBI", *step) for step in _steps(architecture))


def _steps(architecture: str) -> Iterator[tuple[int, int, int, int]]:
    """(operation, steps to skip where it holds, where it doesn't, operand)."""
    yield _LOAD, 0, 0, _ARCHITECTURE_AT
    yield _EQUAL, 1, 0, _AUDIT[architecture]
    yield _RETURN, 0, 0, _KILL
    yield _LOAD, 0, 0, _NUMBER_AT
    yield _AT_LEAST, 0, 1, _X32
    yield _RETURN, 0, 0, _DENY
    column = ARCHITECTURES.index(architecture)
    for numbers in _DENIED.values():
        yield _EQUAL, 0, 1, numbers[column]
        yield _RETURN, 0, 0, _DENY
    yield _EQUAL, 0, 1, _CLONE3
    yield _RETURN, 0, 0, _UNKNOWN
    yield _EQUAL, 0, 4, _CLONE[architecture]
    yield _LOAD, 0, 0, _FIRST_ARGUMENT_AT
    yield _ANY_BIT, 0, 1, _NEW_NAMESPACES
    yield _RETURN, 0, 0, _DENY
    yield _RETURN, 0, 0, _ALLOW
    yield _EQUAL, 0, 5, _SOCKET[architecture]
    yield _LOAD, 0, 0, _FIRST_ARGUMENT_AT
    yield _EQUAL, 3, 0, int(AF_UNIX)
    yield _EQUAL, 2, 0, int(AF_INET)
    yield _EQUAL, 1, 0, int(AF_INET6)
    yield _RETURN, 0, 0, _DENY
    yield _RETURN, 0, 0, _ALLOW
