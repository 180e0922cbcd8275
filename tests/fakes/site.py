"""A tiny HTTP server that stands where a site would, and misbehaves as it is told."""

import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass
class FakeSite:
    """Takes every request with `status`, and remembers it.

    Attributes:
        script: answers to the first requests, as (status, JSON); then `status` and `body` hold.
        hang_s: seconds that it keeps a request waiting before anything else.
        drip: sends the answer a byte a tenth of a second.
        body: what it answers with.
        headers: more headers of its answers.
    """

    status: int = 201
    hang_s: float = 0.0
    drip: bool = False
    body: bytes = b'{"number": 1}'
    headers: dict[str, str] = field(default_factory=dict)
    script: list[tuple[int, Any]] = field(default_factory=list)
    got: list[dict[str, Any]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                site.got.append(
                    {
                        "path": self.path,
                        "headers": dict(self.headers),
                        "body": json.loads(content) if content else None,
                    }
                )
                status, body = site.status, site.body
                if site.script:
                    status, said = site.script.pop(0)
                    body = json.dumps(said).encode()
                time.sleep(site.hang_s)
                self.send_response(status)
                for name, value in site.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                for n in range(len(body)):
                    self.wfile.write(body[n : n + 1])
                    if site.drip:
                        time.sleep(0.1)

            do_POST = do_GET  # noqa: N815

            def log_message(self, *_: Any) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
