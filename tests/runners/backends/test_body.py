"""Answers that burst when they are unpacked, that never end, and that come in drops."""

import gzip
import json
import socket
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from runners.backends.asking import BackendError
from tests.runners.backends.test_openai import replies

MIB = 1024 * 1024
ANSWER = json.dumps({"choices": [{"message": {"content": "fine"}}]}).encode()

Serve = Callable[[socket.socket], None]


@contextmanager
def raw_server(serve: Serve) -> Iterator[dict[str, Any]]:
    """A server that reads a request and then does as it is told; the backend that asks it."""

    def run() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                try:
                    connection.recv(65536)
                    serve(connection)
                except OSError:
                    pass

    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    port = listener.getsockname()[1]
    try:
        yield {"type": "openai", "url": f"http://127.0.0.1:{port}/v1", "model": "m", "retries": 0}
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)


def response(content: bytes, *headers: str, status: str = "200 OK") -> bytes:
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(content)}", "Connection: close", *headers]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + content


def saying(content: bytes, *headers: str, status: str = "200 OK") -> Serve:
    return lambda connection: connection.sendall(response(content, *headers, status=status))


def gzipped(content: bytes) -> bytes:
    """Without the time of day, which would stand in a test's name."""
    return gzip.compress(content, mtime=0)


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("gzip", gzipped(ANSWER)),
        ("deflate", zlib.compress(ANSWER)),
        ("gzip", gzipped(ANSWER[:20]) + gzipped(b"") + gzipped(ANSWER[20:])),
        ("identity", ANSWER),
    ],
)
def test_a_packed_answer_is_unpacked(encoding: str, packed: bytes) -> None:
    with raw_server(saying(packed, f"Content-Encoding: {encoding}")) as backend:
        [reply] = replies(backend, "Hi")
    assert (reply.text, reply.error) == ("fine", "")


BOMB = """
import gzip, io, resource, sys
from tests.runners.backends.test_body import ANSWER, MIB, raw_server, replies, saying

held = io.BytesIO()
with gzip.GzipFile(fileobj=held, mode="wb") as file:
    for _ in range(400):
        file.write(bytes(MIB))
bomb = held.getvalue()
assert 300_000 < len(bomb) < 500_000, len(bomb)
with raw_server(saying(ANSWER, "Content-Encoding: identity")) as backend:
    replies(backend, "Hi")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for encoding in ("gzip", "x-gzip", "GZip"):
    with raw_server(saying(bomb, f"Content-Encoding: {encoding}")) as backend:
        [reply] = replies(backend, "Hi")
    print(reply.error)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.heavy
def test_a_few_packed_bytes_never_become_hundreds_of_megabytes() -> None:
    """407 KB became 400 MB. Measured in a process of its own, whose memory nothing else used."""
    done = subprocess.run(
        [sys.executable, "-c", BOMB], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    *said, mebibytes = done.stdout.splitlines()
    longer = "the response is longer than 8,388,608 bytes, which are the most (most_bytes)"
    assert said == [longer] * 3
    assert int(mebibytes) < 64


def test_the_cap_is_the_backend_s_own_and_holds_to_the_byte() -> None:
    long = json.dumps({"choices": [{"message": {"content": "x" * 3000}}]}).encode()
    for packed, headers in ((long, []), (gzip.compress(long), ["Content-Encoding: gzip"])):
        with raw_server(saying(packed, *headers)) as backend:
            [over] = replies(backend | {"most_bytes": len(long) - 1}, "Hi")
            [within] = replies(backend | {"most_bytes": len(long)}, "Hi")
        assert over.error.startswith(f"the response is longer than {len(long) - 1:,} bytes")
        assert within.text == "x" * 3000


def test_a_body_without_an_end_is_left() -> None:
    def endless(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            connection.sendall(b"10000\r\n" + b" " * 65536 + b"\r\n")

    with raw_server(endless) as backend:
        [reply] = replies(backend | {"most_bytes": MIB}, "Hi")
    assert reply.error.startswith("the response is longer than 1,048,576 bytes")


def test_an_error_s_endless_body_is_read_to_a_bound_too() -> None:
    def endless(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 500 Oops\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            connection.sendall(b"10000\r\n" + b"a" * 65536 + b"\r\n")

    with raw_server(endless) as backend:
        [reply] = replies(backend, "Hi")
    assert reply.error == "HTTP 500: " + "a" * 200


def test_what_comes_in_drops_is_given_up_in_time() -> None:
    def dripping(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            connection.sendall(b"1\r\n \r\n")
            time.sleep(0.05)

    start = time.monotonic()
    with raw_server(dripping) as backend:
        [reply] = replies(backend | {"timeout_s": 0.5}, "Hi")
    assert reply.error == "no answer within 0.5 s"
    assert time.monotonic() - start < 10


@pytest.mark.parametrize(
    "headers",
    [
        ["X-Long: " + "x" * 5_000_000],
        [f"X-{i}: {'x' * 100}" for i in range(50_000)],
    ],
)
def test_headers_are_bounded(headers: list[str]) -> None:
    with raw_server(saying(ANSWER, *headers)) as backend:
        try:
            [reply] = replies(backend, "Hi")
            told = reply.error
        except BackendError as error:
            told = str(error)
    assert told
    assert len(told) < 1000


@pytest.mark.parametrize(
    ("headers", "content", "said"),
    [
        (["Content-Encoding: br"], b"abc", "encoded as 'br', which nobody asked for"),
        (["Content-Encoding: gzip, gzip"], b"abc", "encoded as 'gzip, gzip'"),
        (["Content-Encoding: gzip", "Content-Encoding: gzip"], b"abc", "encoded as 'gzip,gzip'"),
        (["Content-Encoding: gzip"], b"no gzip", "can't be unpacked"),
        (["Content-Encoding: gzip"], gzipped(ANSWER)[:-12], "ends too early"),
    ],
)
def test_what_cannot_be_unpacked_is_an_error_with_its_reason(
    headers: list[str], content: bytes, said: str
) -> None:
    with (
        raw_server(saying(content, *headers)) as backend,
        pytest.raises(BackendError, match="gives no answers: the response can't be read: ") as all_,
    ):
        replies(backend, "Hi")
    assert said in str(all_.value)
