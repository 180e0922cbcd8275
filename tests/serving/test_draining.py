"""How a process of the site stops: who was connected is answered, and nobody else is let in."""

import re
import select
import socket
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from evalhub.serving.draining import Drain, refuse_new
from evalhub.serving.lanes import CostlyRequests
from evalhub.serving.server import BoundedServer, Callers, ServerLimits

REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
NEVER = re.compile("(?!)")
PATIENCE_S = 60


def hello(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Length", "5")])
    return [b"hello"]


@contextmanager
def a_server(
    application: Callable[..., Any] = hello, **limits: float
) -> Iterator[tuple[BoundedServer, int]]:
    """A server that isn't run yet, and its port: who connects waits to be accepted."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        server = BoundedServer(
            application,
            listener,
            callers=Callers("sessionid", NEVER, NEVER),
            costly=CostlyRequests(people=re.compile("/"), programs=NEVER, reads=NEVER),
            limits=ServerLimits(**{"last_s": 0.01, "first_s": 0.01} | limits),  # type: ignore[arg-type]
            page=lambda code, text: None,
            threads=2,
            proxies=(),
            drain=Drain(),
        )
        yield server, listener.getsockname()[1]


def connected(port: int, sent: bytes = b"") -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
    client.sendall(sent)
    return client


def is_let_in(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=2).close()
    except OSError:
        return False
    return True


def first_answer(client: socket.socket) -> bytes:
    """What comes until the end of a first answer, after which the connection stays."""
    said = b""
    while not said.endswith(b"hello"):
        part = client.recv(65536)
        assert part, said
        said += part
    return said


def answer(client: socket.socket) -> bytes:
    """All that comes until the server closes."""
    with closing(client):
        parts = []
        while part := client.recv(65536):
            parts.append(part)
        return b"".join(parts)


def test_who_waits_to_be_accepted_when_it_stops_is_answered() -> None:
    with a_server() as (server, port):
        clients = [connected(port, REQUEST) for _ in range(30)]
        server.stop(0)
        server.run()
        for client in clients:
            said = answer(client)
            assert said.endswith(b"hello")
            assert b"\r\nConnection: close\r\n" in said


def test_a_request_that_runs_when_it_stops_is_answered() -> None:
    begun, released = threading.Event(), threading.Event()

    def slow(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        begun.set()
        assert released.wait(PATIENCE_S)
        return hello(environ, start_response)

    with a_server(slow) as (server, port):
        running = threading.Thread(target=server.run)
        running.start()
        client = connected(port, REQUEST)
        assert begun.wait(PATIENCE_S)
        server.stop(0)
        while is_let_in(port):
            pass
        released.set()
        assert answer(client).endswith(b"hello")
        running.join(PATIENCE_S)
        assert not running.is_alive()


def test_a_request_that_comes_by_halves_when_it_stops_is_answered() -> None:
    with a_server() as (server, port):
        client = connected(port, REQUEST[:20])
        server.stop(0)
        running = threading.Thread(target=server.run)
        running.start()
        client.sendall(REQUEST[20:])
        assert answer(client).endswith(b"hello")
        running.join(PATIENCE_S)


def test_while_it_drains_it_serves_and_each_answer_is_its_connection_s_last() -> None:
    with a_server() as (server, port):
        running = threading.Thread(target=server.run)
        running.start()
        kept = connected(port, REQUEST)
        assert b"Connection: close" not in first_answer(kept)
        server.stop(600)
        assert b"Connection: close" in answer(connected(port, REQUEST))
        kept.sendall(REQUEST)
        assert b"Connection: close" in answer(kept)
        server.stop(600)
        server.stop(0)  # only shortens
        running.join(PATIENCE_S)
        assert not running.is_alive()


def test_silent_connections_keep_it_from_nothing() -> None:
    with a_server() as (server, port):
        running = threading.Thread(target=server.run)
        running.start()
        answered = connected(port, REQUEST)
        first_answer(answered)
        silent = connected(port)
        server.stop(0)
        running.join(PATIENCE_S)
        assert not running.is_alive()
        assert answer(answered) == answer(silent) == b""


def test_what_takes_too_long_is_cut_off(caplog: pytest.LogCaptureFixture) -> None:
    begun, released = threading.Event(), threading.Event()

    def stuck(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        begun.set()
        released.wait(PATIENCE_S)
        return hello(environ, start_response)

    with a_server(stuck, end_s=0.05) as (server, port):
        client = connected(port, REQUEST)
        server.stop(0)
        server.run()
        released.set()
        client.close()
    assert "1 requests took longer than 0.05 s after the site was stopped" in caplog.text


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such filter")
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_the_system_begins_no_connection_any_more_and_keeps_those_that_it_has(host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as listener:
        listener.setblocking(False)
        address = listener.getsockname()
        before = socket.create_connection(address[:2], timeout=PATIENCE_S)
        refuse_new(listener)
        with socket.socket(family) as late:
            late.setblocking(False)
            late.connect_ex(address)
            before.sendall(b"sent after")
            accepted, _ = listener.accept()
            accepted.settimeout(PATIENCE_S)
            assert accepted.recv(64) == b"sent after"
            with pytest.raises(BlockingIOError):
                listener.accept()
            waiting = select.poll()
            waiting.register(late, select.POLLOUT)
            assert not waiting.poll(0), "it isn't connected"
            accepted.close()
            before.close()
