"""A proxy before a site, as Caddy or nginx are, but for the encryption."""

import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import urlsplit

DROPPED = {"connection", "transfer-encoding", "server", "date"}


@contextmanager
def proxy_to(site: str, *, scheme: str = "https") -> Iterator[int]:
    """Passes what comes to a port of 127.0.0.1 on to `site`, saying that it came by `scheme`.

    Like a real one it replaces what the client says of itself by what it sees.
    """
    to = urlsplit(site)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {k: v for k, v in self.headers.items() if k.lower() not in DROPPED}
            headers |= {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": scheme}
            there = http.client.HTTPConnection(to.hostname or "", to.port, timeout=60)
            there.request(self.command, self.path, body or None, headers)
            reply = there.getresponse()
            content = reply.read()
            self.send_response(reply.status)
            for name, value in reply.getheaders():
                if name.lower() not in DROPPED | {"content-length"}:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            there.close()

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()
