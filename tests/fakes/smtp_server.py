"""A real SMTP server that keeps the mail it takes and sends it nowhere.

with SMTPServer(user="eva", password="hunter2") as server:
    settings.MAIL_URL = server.url
    ...
    server.newest(to="olga@example.org")["Subject"]
"""

import base64
import socketserver
import threading
import time
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, Self
from urllib.parse import quote

PATIENCE_S = 30.0


@dataclass
class SMTPServer:
    """Without `user` it asks for no name. `refuses` answers a command's verb ("MAIL") with 550."""

    user: str = ""
    password: str = ""
    refuses: str = ""
    mails: list[EmailMessage] = field(default_factory=list)
    verbs: list[str] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        who = f"{quote(self.user)}:{quote(self.password)}@" if self.user else ""
        return f"smtp://{who}127.0.0.1:{self.port}"

    def newest(self, *, to: str, number: int = 1) -> EmailMessage:
        """The newest mail to that address, once there are `number` of them: the site sends some
        from a thread."""
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            theirs = [mail for mail in self.mails if mail["To"] == to]
            if len(theirs) >= number:
                return theirs[-1]
            time.sleep(0.02)
        raise AssertionError(f"no mail number {number} came for {to}")

    def __enter__(self) -> Self:
        server = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                self.say("220 mail.example.org")
                while line := self.rfile.readline().decode().strip():
                    verb = line.split()[0].upper()
                    server.verbs.append(verb)
                    if verb == server.refuses:
                        self.say("550 not here")
                    elif verb == "EHLO":
                        self.say("250-mail.example.org")
                        self.say("250 AUTH PLAIN" if server.user else "250 HELP")
                    elif verb == "AUTH":
                        given = base64.b64decode(line.split()[2]).decode().split("\0")[1:]
                        right = given == [server.user, server.password]
                        self.say("235 welcome" if right else "535 wrong name or password")
                    elif verb == "DATA":
                        self.say("354 go on")
                        server.mails.append(self.mail())
                        self.say("250 taken")
                    elif verb == "QUIT":
                        self.say("221 bye")
                        return
                    else:
                        self.say("250 well")

            def mail(self) -> EmailMessage:
                lines = []
                while (line := self.rfile.readline()) not in (b".\r\n", b""):
                    lines.append(line.removeprefix(b"."))  # which the sender put before another
                message = message_from_bytes(b"".join(lines), policy=policy.default)
                assert isinstance(message, EmailMessage)
                return message

            def say(self, line: str) -> None:
                self.wfile.write(f"{line}\r\n".encode())

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._server.shutdown()
        self._server.server_close()
