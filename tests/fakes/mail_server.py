"""A real SMTP server that keeps what it is sent and passes nothing on."""

import email
import email.policy
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from socketserver import StreamRequestHandler, ThreadingTCPServer

PATIENCE_S = 30


@dataclass
class MailServer:
    url: str = ""
    messages: list[EmailMessage] = field(default_factory=list)

    def to(self, address: str, number: int = 1) -> str:
        """The text of the newest mail to that address, once there are so many of them."""
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            own = [message for message in self.messages if message["To"] == address]
            if len(own) >= number:
                return str(own[-1].get_content())
            time.sleep(0.05)
        raise AssertionError(f"no mail number {number} came for {address}")


@contextmanager
def mail_server() -> Iterator[MailServer]:
    """At a free port of this machine, until the block ends."""
    server = MailServer()

    class Handler(StreamRequestHandler):
        def handle(self) -> None:
            self.say("220 tests")
            while line := self.rfile.readline():
                match line[:4].upper().strip():
                    case b"DATA":
                        self.say("354 go on")
                        self.keep()
                        self.say("250 kept")
                    case b"QUIT":
                        self.say("221 bye")
                        return
                    case _:
                        self.say("250 well")

        def keep(self) -> None:
            lines = []
            while (line := self.rfile.readline()) not in (b".\r\n", b""):
                lines.append(line.removeprefix(b"."))
            message = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
            assert isinstance(message, EmailMessage)
            server.messages.append(message)

        def say(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

    with ThreadingTCPServer(("127.0.0.1", 0), Handler) as listening:
        server.url = f"smtp://127.0.0.1:{listening.server_address[1]}"
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            listening.shutdown()
            thread.join()
