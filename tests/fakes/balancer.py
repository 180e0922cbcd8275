"""A proxy before several sites, as a cluster's is: in turn to those whose `/readyz` says 200.

It tries nothing twice: what a site does to a connection its client meets with.
"""

import http.client
import selectors
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import count


class Balancer:
    """Passes connections on to sites at ports of 127.0.0.1; `port` is its own."""

    def __init__(self, sites: Sequence[int], *, look_s: float) -> None:
        self._sites, self._look_s = sites, look_s
        self._ready: list[int] = []
        self._changed = threading.Condition()
        self._ended = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port: int = self._listener.getsockname()[1]

    def wait_for(self, *sites: int, timeout_s: float = 120) -> None:
        """Returns once exactly these sites are ready."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._ready == sorted(sites), timeout_s), (
                f"{self._ready} are ready, and not {sites}"
            )

    def look(self) -> None:
        while not self._ended.wait(self._look_s):
            ready = sorted(site for site in self._sites if _is_ready(site))
            with self._changed:
                self._ready = ready
                self._changed.notify_all()

    def accept(self) -> None:
        for turn in count():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            ready = self._ready
            site = ready[turn % len(ready)] if ready else 0
            threading.Thread(target=_pass_on, args=(client, site), daemon=True).start()

    def close(self) -> None:
        self._ended.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@contextmanager
def balancer_to(*sites: int, look_s: float = 0.1) -> Iterator[Balancer]:
    """A balancer that looks at `/readyz` every `look_s` seconds."""
    balancer = Balancer(sites, look_s=look_s)
    threads = [threading.Thread(target=work) for work in (balancer.look, balancer.accept)]
    for thread in threads:
        thread.start()
    try:
        yield balancer
    finally:
        balancer.close()
        for thread in threads:
            thread.join()


def _is_ready(site: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", site, timeout=5)
    try:
        connection.request("GET", "/readyz", headers={"Host": "10.42.0.1"})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _pass_on(client: socket.socket, site: int) -> None:
    """Until either side closes; without a site the client is closed at once."""
    with client, suppress(OSError), socket.create_connection(("127.0.0.1", site)) as there:
        other = {client: there, there: client}
        with selectors.DefaultSelector() as waiting:
            for side in other:
                waiting.register(side, selectors.EVENT_READ)
            while True:
                for key, _ in waiting.select():
                    source: socket.socket = key.fileobj  # type: ignore[assignment]
                    data = source.recv(65536)
                    if not data:
                        return
                    other[source].sendall(data)
