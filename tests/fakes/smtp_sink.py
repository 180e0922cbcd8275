"""A real SMTP server that keeps what is sent to it.

with SmtpSink() as sink:
    ...                      # mail to smtp://127.0.0.1:{sink.port}
    sink.messages[0]["Subject"]
"""

import socketserver
import threading
import time
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Self


class SmtpSink:
    """`messages` are those that came, parsed, the oldest first."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.port = 0

    def first(self, patience_s: float = 30.0) -> EmailMessage:
        """The first message, which is waited for: the site sends some from a thread."""
        until = time.monotonic() + patience_s
        while not self.messages:
            assert time.monotonic() < until, "no mail came"
            time.sleep(0.02)
        return self.messages[0]

    def __enter__(self) -> Self:
        sink = self

        class Handler(socketserver.StreamRequestHandler):
            def say(self, line: str) -> None:
                self.wfile.write(f"{line}\r\n".encode())

            def handle(self) -> None:
                self.say("220 sink")
                while line := self.rfile.readline():
                    verb = line[:4].upper().strip()
                    if verb == b"DATA":
                        self.say("354 go on")
                        sink.messages.append(self.message())
                    elif verb == b"QUIT":
                        self.say("221 bye")
                        return
                    self.say("250 ok")

            def message(self) -> EmailMessage:
                lines = []
                while (line := self.rfile.readline()) not in (b".\r\n", b""):
                    lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
                message = message_from_bytes(b"".join(lines), policy=policy.default)
                assert isinstance(message, EmailMessage)
                return message

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
