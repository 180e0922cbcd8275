"""A network between a program and a site, which breaks where a test wants it to."""

import http.client
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Self
from urllib.parse import urlsplit

LOST = "lost"
"""The request never arrives."""
UNHEARD = "unheard"
"""It arrives, and its answer is lost."""
HALF = "half"
"""Half of its body arrives, and the connection breaks."""
SENT_BACK = "sent back"
"""The proxy itself answers 502."""

type Breaks = Callable[[str, str, int], str]
"""Method, path, and how many requests came before: how it breaks; "": it doesn't."""


@dataclass
class BreakingProxy:
    """Passes everything on to `site`, but for what `breaks`."""

    site: str
    breaks: Breaks = lambda method, path, before: ""
    passed: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        network = self

        class Handler(BaseHTTPRequestHandler):
            def _pass(self) -> None:
                how = network.breaks(self.command, self.path, len(network.passed))
                network.passed.append((self.command, self.path, how))
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if how == SENT_BACK:
                    self.send_response(502)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                if how == LOST:
                    self.close_connection = True
                    return
                to = urlsplit(network.site)
                there = http.client.HTTPConnection(to.hostname or "", to.port, timeout=60)
                headers = {k: v for k, v in self.headers.items() if k.lower() != "connection"}
                if how == HALF:
                    there.putrequest(self.command, self.path, skip_host=True)
                    for name, value in headers.items():
                        there.putheader(name, value)
                    there.endheaders(body[: len(body) // 2])
                    there.close()
                    self.close_connection = True
                    return
                there.request(self.command, self.path, body or None, headers)
                reply = there.getresponse()
                content = reply.read()
                there.close()
                if how == UNHEARD:
                    self.close_connection = True
                    return
                self.send_response(reply.status)
                for name, value in reply.getheaders():
                    if name.lower() not in ("connection", "transfer-encoding", "content-length"):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_PATCH = _pass  # noqa: N815

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]
        Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
