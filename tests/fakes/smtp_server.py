"""A real SMTP server that takes mail and sends it nowhere.

with SMTPServer(user="eva", password="hunter2") as server:
    settings.MAIL_URL = server.url
    assert server.mails == []
"""

import base64
import socketserver
import threading
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import quote


@dataclass
class SMTPServer:
    """Without `user` it asks for no name. `refuses` answers a command's verb ("MAIL") with 550."""

    user: str = ""
    password: str = ""
    refuses: str = ""
    mails: list[str] = field(default_factory=list)
    verbs: list[str] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        who = f"{quote(self.user)}:{quote(self.password)}@" if self.user else ""
        return f"smtp://{who}127.0.0.1:{self.port}"

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

            def mail(self) -> str:
                lines: list[str] = []
                while (line := self.rfile.readline().decode().rstrip("\r\n")) != ".":
                    lines.append(line)
                return "\n".join(lines)

            def say(self, line: str) -> None:
                self.wfile.write(f"{line}\r\n".encode())

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._server.shutdown()
        self._server.server_close()
