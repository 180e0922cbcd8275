"""A server of OpenAI's protocol that answers some prompts as no server should.

A prompt that holds a poison's name is answered with that; any other with "right".
"""

import gzip
import json
import re
import socket
import socketserver
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

MIB = 1024 * 1024
FOREVER_S = 30.0

type Serve = Callable[[socket.socket], None]


def answer(message: str) -> bytes:
    """A reply whose message is this JSON."""
    return b'{"choices": [{"index": 0, "message": %s, "finish_reason": "stop"}]}' % (
        message.encode("utf-8", "surrogatepass")
    )


RIGHT = answer('{"role": "assistant", "content": "right"}')


def response(content: bytes, *headers: str, status: str = "200 OK", length: int = -1) -> bytes:
    size = len(content) if length < 0 else length
    head = [f"HTTP/1.1 {status}", "Content-Type: application/json", f"Content-Length: {size}"]
    return "\r\n".join([*head, *headers, "Connection: close"]).encode() + b"\r\n\r\n" + content


def sends(content: bytes) -> Serve:
    return lambda connection: connection.sendall(content)


def over_and_over(first: bytes, then: bytes, every_s: float = 0.0) -> Serve:
    def serve(connection: socket.socket) -> None:
        connection.sendall(first)
        end = time.monotonic() + FOREVER_S
        while time.monotonic() < end:
            connection.sendall(then)
            time.sleep(every_s)

    return serve


def trickled(content: bytes) -> Serve:
    """An answer in chunks of a few bytes, that comes to its end."""

    def serve(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for at in range(0, len(content), 9):
            piece = content[at : at + 9]
            connection.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
            time.sleep(0.01)
        connection.sendall(b"0\r\n\r\n")

    return serve


def deep(depth: int) -> str:
    return "[" * depth + "]" * depth


OLD = b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
CALL = '{"role": "assistant", "content": null, "tool_calls": [{"function": {"name": "f", %s}}]}'

POISONS: dict[str, Serve] = {
    "always-500": sends(response(b"{}", status="500 Internal Server Error")),
    "always-400": sends(response(b'{"error": {"message": "no"}}', status="400 Bad Request")),
    "forbidden": sends(response(b"blocked by a firewall", status="403 Forbidden")),
    "not-found": sends(response(b"", status="404 Not Found")),
    "redirect": sends(response(b"", "Location: /elsewhere", status="302 Found")),
    "redirect-to-itself": sends(response(b"", "Location: /v1", status="308 Permanent Redirect")),
    "10-mb": sends(response(answer(f'{{"content": "{"a" * 10 * MIB}"}}'))),
    "invalid-utf-8": sends(response(answer('{"content": "?"}').replace(b"?", b"\xff\xfe\xc3"))),
    "nul": sends(response(answer('{"content": "a\\u0000b"}'))),
    "lone-surrogate": sends(response(answer('{"content": "a\\ud800b"}'))),
    "raw-surrogate": sends(response(answer('{"content": "a\ud800b"}'))),
    "stalled": lambda connection: time.sleep(FOREVER_S),
    "stalled-body": over_and_over(response(b'{"choices"', length=500), b"", 1.0),
    "endless-headers": over_and_over(b"HTTP/1.1 200 OK\r\n", b"X-More: and more\r\n", 0.001),
    "endless-trickle": over_and_over(CHUNKED, b"1\r\n \r\n", 0.05),
    "endless-body": over_and_over(OLD, b" " * 65536),
    "one-endless-header": over_and_over(b"HTTP/1.1 200 OK\r\nX-Long: ", b"x" * 4096, 0.001),
    "gzip-bomb": sends(response(gzip.compress(b" " * 64 * MIB, mtime=0), "Content-Encoding: gzip")),
    "no-gzip": sends(response(b"plain", "Content-Encoding: gzip")),
    "deep": sends(response(deep(100_000).encode())),
    "deep-message": sends(response(answer(f'{{"content": {deep(900)}}}'))),
    "no-content": sends(response(answer('{"role": "assistant"}'))),
    "refusal": sends(response(answer('{"content": null, "refusal": "I will not."}'))),
    "content-of-parts": sends(response(answer('{"content": [{"type": "text", "text": "a"}]}'))),
    "no-message": sends(response(answer("null"))),
    "no-choices": sends(response(b'{"choices": []}')),
    "empty": sends(response(b"")),
    "no-json": sends(response(b"<html>out of order</html>")),
    "a-number-too-long": sends(response(b'{"choices": %s}' % (b"9" * 5000))),
    "cut-short": sends(response(RIGHT[:40], length=len(RIGHT))),
    "closed-at-once": lambda connection: None,
    "no-http": sends(b"SSH-2.0-OpenSSH_9.9\r\n"),
    "two-lengths": sends(response(RIGHT, "Content-Length: 3")),
    "no-status": sends(b"HTTP/1.1 abc\r\n\r\n"),
    "no-body": sends(b"HTTP/1.1 204 No Content\r\n\r\n"),
}
"""What ends as an item's error."""
WELL: dict[str, Serve] = {
    "http-1.0": sends(OLD + RIGHT),
    "chunked-trickle": trickled(RIGHT),
    "gzipped": sends(response(gzip.compress(RIGHT, mtime=0), "Content-Encoding: gzip")),
    "odd-numbers": sends(
        response(RIGHT[:-1] + b', "usage": {"prompt_tokens": 1e400, "completion_tokens": -3}}')
    ),
    "odd-reason": sends(response(RIGHT.replace(b'"stop"', b'"a\\u0000%s"' % (b"x" * 100_000)))),
}
"""What looks odd, and is an answer: "right"."""
CALLS: dict[str, Serve] = {
    "deep-in-a-call": sends(response(answer(CALL % f'"arguments": {json.dumps(deep(100_000))}'))),
    "nul-in-a-call": sends(response(answer(CALL % '"arguments": "{\\"a\\": \\"\\\\u0000\\"}"'))),
}
"""Calls of tools with arguments that are no JSON: kept as the text that they came as."""
_NAMED = re.compile(rb"poison ([\w.-]+)")


@dataclass
class Poisoned:
    url: str = ""
    asked: Counter[str] = field(default_factory=Counter)


@contextmanager
def poisoned_server() -> Iterator[Poisoned]:
    """Counts how often each prompt is asked; "" for those without poison."""
    told = Poisoned()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                request = self._request()
                named = _NAMED.search(request)
                name = named[1].decode() if named else ""
                told.asked[name] += 1
                (POISONS | WELL | CALLS).get(name, sends(response(RIGHT)))(self.request)

        def _request(self) -> bytes:
            came = b""
            while b"\r\n\r\n" not in came:
                came += self._more()
            head, _, body = came.partition(b"\r\n\r\n")
            length = re.search(rb"(?i)content-length: (\d+)", head)
            while length and len(body) < int(length[1]):
                body += self._more()
            return head + body

        def _more(self) -> bytes:
            more: bytes = self.request.recv(65536)
            if not more:
                raise OSError
            return more

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False
        request_queue_size = 128

    with Server(("127.0.0.1", 0), Handler) as server:
        told.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield told
        server.shutdown()
