"""`evalhub up` in a process of its own, and plain requests to it."""

import http.client
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

BIN = Path(sys.executable).parent
PATIENCE_S = 60


@dataclass(frozen=True)
class Reply:
    """An answer of the site."""

    status: int
    headers: http.client.HTTPMessage
    text: str


@dataclass(frozen=True)
class Site:
    """A site that runs: where it listens, what it printed as it started, and where its log goes."""

    port: int
    printed: str
    log: Path
    home: Path
    environment: dict[str, str]
    pid: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def command(self, *arguments: str) -> str:
        """What `evalhub …` prints in the site's environment."""
        done = subprocess.run(
            [BIN / "evalhub", *arguments],
            cwd=self.home.parent,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def environment(home: Path, variables: Mapping[str, str]) -> dict[str, str]:
    """The shell's variables without Evalhub's and the tests' own, and these."""
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("EVALHUB_", "DJANGO_"))}
    return (
        plain
        | {"EVALHUB_HOME": str(home), "PYTHONUNBUFFERED": "1", "EVALHUB_DRAIN_S": "0"}
        | variables
    )


@contextmanager
def up(folder: Path, *arguments: str, again: bool = False, **variables: str) -> Iterator[Site]:
    """`evalhub up` on a free port, until the block ends.

    `again` where somebody is in the folder's home already, so that it prints no first link.
    """
    home, log = folder / "home", folder / "log"
    given = environment(home, variables)
    with (
        log.open("w") as errors,
        subprocess.Popen(
            [BIN / "evalhub", "up", "--port", "0", *arguments],
            cwd=folder,
            env=given,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        assert process.stdout
        try:
            lines = [process.stdout.readline()]
            found = re.search(r"http://(?:[\w.]+|\[[\w:]+\]):(\d+)", lines[0])
            assert found, lines[0] + log.read_text()
            lines += [process.stdout.readline() for _ in range(1 if again else 3)]
            yield Site(int(found[1]), "".join(lines), log, home, given, process.pid)
        finally:
            process.terminate()
            process.wait(timeout=PATIENCE_S)


def ask(
    port: int,
    path: str,
    *,
    method: str = "GET",
    host: str = "localhost",
    body: str | None = None,
    address: str = "127.0.0.1",
    **headers: str,
) -> Reply:
    """One request on a connection of its own; `X_Request_ID` stands for X-Request-ID."""
    connection = http.client.HTTPConnection(address, port, timeout=PATIENCE_S)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        connection.request(method, path, body, {"Host": host} | named)
        reply = connection.getresponse()
        return Reply(reply.status, reply.headers, reply.read().decode())
    finally:
        connection.close()
