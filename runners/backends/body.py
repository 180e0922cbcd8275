"""A response's body, read to a bound that holds once it is unpacked."""

import zlib
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from aiohttp import ClientResponse

ACCEPTED = "identity"
"""What is asked for: answers are short, and what isn't packed can't burst."""
GZIP_OR_ZLIB = 47
"""zlib's word for "either, with the largest window"."""


class UnreadableBody(Exception):
    """A body in an encoding that isn't unpacked here, or that can't be, and why."""


class _Unpacker(Protocol):
    def unpack(self, packed: bytes, most: int) -> bytes:
        """Unpack the next bytes: `most` unpacked bytes at most."""

    def end(self) -> None:
        """Raises UnreadableBody where more should have come."""


async def read_body(response: "ClientResponse", most: int) -> tuple[bytes, bool]:
    """The first `most` bytes of an unpacked body, and whether it is longer.

    No more than that is ever unpacked, whatever a few packed bytes would become. The response's
    session must leave the body as it comes (`auto_decompress=False`). Raises UnreadableBody.
    """
    unpacker = _unpacker(",".join(response.headers.getall("Content-Encoding", [])))
    body = bytearray()
    came = 0
    async for chunk in response.content.iter_any():
        came += len(chunk)
        body += unpacker.unpack(chunk, most + 1 - len(body))
        if len(body) > most or came > most:
            response.close()
            return bytes(body[:most]), True
    unpacker.end()
    return bytes(body), False


def _unpacker(encoding: str) -> _Unpacker:
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return _Plain()
    if name in ("gzip", "x-gzip", "deflate"):
        return _Packed()
    raise UnreadableBody(f"it is encoded as {name[:40]!r}, which nobody asked for")


class _Plain:
    def unpack(self, packed: bytes, most: int) -> bytes:
        return packed[:most]

    def end(self) -> None:
        pass


class _Packed:
    """gzip, in one or several members, or zlib."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(GZIP_OR_ZLIB)
        self._begun = False

    def unpack(self, packed: bytes, most: int) -> bytes:
        unpacked = bytearray()
        while packed and len(unpacked) < most:
            self._begun = True
            try:
                unpacked += self._stream.decompress(packed, most - len(unpacked))
            except zlib.error as error:
                raise UnreadableBody(f"it can't be unpacked: {error}") from error
            packed = self._stream.unconsumed_tail
            if self._stream.eof:
                packed = self._stream.unused_data
                self._stream, self._begun = zlib.decompressobj(GZIP_OR_ZLIB), False
        return bytes(unpacked)

    def end(self) -> None:
        if self._begun:
            raise UnreadableBody("what is packed ends too early")
