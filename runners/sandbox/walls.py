"""The command line by which a program is run in bubblewrap: what it sees, and as whom.

It sees the Python that runs Evalhub, read-only, without any installed package, the system's
libraries, and an empty /tmp. There is no shell, no other program, no /proc, no /etc, no home and no
network.
"""

import os
import shutil
import site
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from pathlib import Path

from runners.sandbox.bounds import Bounds

NOBODY = 65534
"""The user and group that root becomes before bubblewrap starts: no limit on the number of
processes holds for root."""
_BORROWED = "/mnt"
"""Where a Python that only root may read is shown to NOBODY, in a mount namespace of its own."""
_LIBRARIES = ("/usr/lib", "/usr/lib32", "/usr/lib64", "/lib", "/lib32", "/lib64")
_FILES = ("/etc/ld.so.cache", "/usr/share/zoneinfo")


def bubblewrap() -> str | None:
    """The path of `bwrap`; None where it isn't installed."""
    return shutil.which("bwrap")


def sandbox_command(
    program: Sequence[str], bounds: Bounds, *, seccomp: int, info: int
) -> list[str]:
    """The command that runs Python with the arguments `program` in the sandbox.

    Args:
        bounds: of which the size of /tmp is used here.
        seccomp, info: open file descriptors that the command inherits: one with the filter, and one
            to which bubblewrap writes which process is the first of the namespace.

    Raises:
        FileNotFoundError: bubblewrap isn't installed.
    """
    if (bwrap := bubblewrap()) is None:
        raise FileNotFoundError("bwrap")
    python = Path(sys.base_prefix).resolve()
    as_root = os.geteuid() == 0
    borrows = as_root and not _reachable_by_all(python)
    source = Path(_BORROWED) if borrows else python
    return [
        *(_borrowing(python) if borrows else ()),
        *(_as_nobody() if as_root else ()),
        bwrap,
        "--unshare-all",
        "--unshare-user",
        "--die-with-parent",
        "--new-session",
        "--cap-drop",
        "ALL",
        "--seccomp",
        str(seccomp),
        "--info-fd",
        str(info),
        "--clearenv",
        "--setenv",
        "HOME",
        "/tmp",
        "--hostname",
        "sandbox",
        "--dev",
        "/dev",
        *_empty("/dev/shm", bounds),
        *_empty("/tmp", bounds),
        *_system(),
        *_python(python, source),
        "--remount-ro",
        "/dev",
        "--remount-ro",
        "/",
        "--chdir",
        "/tmp",
        "--",
        str(_executable()),
        *program,
    ]


def _as_nobody() -> list[str]:
    identity = [f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    return ["setpriv", *identity, "--inh-caps=-all", "--no-new-privs"]


def _borrowing(python: Path) -> list[str]:
    show = f'mount --bind -o ro "$1" {_BORROWED} && shift && exec "$@"'
    return ["unshare", "--mount", "--propagation", "private", "sh", "-c", show, "sh", str(python)]


def _reachable_by_all(folder: Path) -> bool:
    return all(path.stat().st_mode & 0o005 == 0o005 for path in (folder, *folder.parents))


def _system() -> Iterator[str]:
    for folder in _LIBRARIES:
        path = Path(folder)
        if path.is_symlink():
            yield from ("--symlink", str(path.readlink()), folder)
        elif path.is_dir():
            yield from ("--ro-bind", folder, folder)
    for file in _FILES:
        yield from ("--ro-bind-try", file, file)


def _executable() -> Path:
    return Path(sys._base_executable).resolve()  # type: ignore[attr-defined]


def _python(python: Path, source: Path) -> Iterator[str]:
    """Binds the interpreter and its standard library, and hides the packages beside it."""
    for path in (_executable(), python / "lib", python / "lib64"):
        if path.exists() and str(path) not in _LIBRARIES:
            shown = source / path.relative_to(python) if path.is_relative_to(python) else path
            yield from ("--ro-bind", str(shown), str(path))
    in_view = (python / "lib", python / "lib64", *_LIBRARIES)
    base = {"base": str(python), "platbase": str(python)}
    folders = {sysconfig.get_path(name, vars=base) for name in ("purelib", "platlib")}
    folders |= {*site.getsitepackages([str(python)]), "/usr/lib/python3/dist-packages"}
    for folder in sorted(Path(each) for each in folders):
        if folder.is_dir() and any(folder.is_relative_to(each) for each in in_view):
            yield from ("--tmpfs", str(folder), "--remount-ro", str(folder))


def _empty(folder: str, bounds: Bounds) -> list[str]:
    return ["--size", str(bounds.disk_bytes), "--tmpfs", folder]
