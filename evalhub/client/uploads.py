"""Files sent to a site by their digest: what is there isn't sent, and what broke off goes on."""

from collections.abc import Callable, Mapping
from pathlib import Path

from evalhub.client.connection import Connection, RefusedError, missing

PART = 8 * 1024**2
"""Bytes of one request: what a break loses at most."""
TRIES = 5
"""Of one part, whose place the site knows otherwise."""

type Sent = Callable[[str, int, int], None]
"""Called with a file's name, the bytes of it that are there, and all of its bytes."""


def push_files(
    connection: Connection, files: Mapping[str, Path], *, sent: Sent | None = None
) -> list[str]:
    """Sends those of the files, each under its sha256:HEX, that the site doesn't have; which.

    Raises RefusedError and AwayError, as the connection, and OSError.
    """
    return [name for name, path in files.items() if _push(connection, name, path, sent or _quietly)]


def _push(connection: Connection, name: str, path: Path, sent: Sent) -> bool:
    at = f"/files/{name}"
    reply = connection.get(at, expected=missing)
    size = path.stat().st_size
    if reply.status != 404:
        sent(path.name, size, size)
        return False
    offset, tries = _offset(reply.headers), TRIES
    with path.open("rb") as file:
        while True:
            file.seek(offset)
            part = file.read(PART)
            last = offset + len(part) >= size
            headers = {"Upload-Offset": str(offset), "Upload-Complete": "?1" if last else "?0"}
            try:
                connection.ask("PATCH", at, part, headers)
            except RefusedError as error:
                # Of a request whose answer was lost, its bytes may be there.
                tries -= 1
                if error.status != 409 or not tries:
                    raise
                offset = _offset(error.headers)
                if connection.get(at, expected=missing).status != 404:
                    return True
                continue
            offset, tries = offset + len(part), TRIES
            sent(path.name, offset, size)
            if last:
                return True


def _offset(headers: Mapping[str, str]) -> int:
    text = {name.lower(): value for name, value in headers.items()}.get("upload-offset", "0")
    return int(text) if text.isdecimal() else 0


def _quietly(_: str, __: int, ___: int) -> None:
    return None
