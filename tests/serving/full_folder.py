"""A site on whose disk there is no room: run in a mount namespace of its own, with the folder that
is to be small and a folder to work in. Prints one JSON document."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

from tests.serving.site import ask, up

CONTENT = "x" * 2_000_000


def answers(small: Path, folder: Path) -> list[dict[str, object]]:
    """What the site answers to an upload, for a program and for a browser."""
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", small], check=True)
    with up(folder, TMPDIR=str(small)) as site:
        site.command("user", "add", "nour", "--project", "support", "--role", "owner")
        token = site.command("token", "add", "ci", "--project", "support", "--scope", "ingest")
        digest = hashlib.sha256(CONTENT.encode()).hexdigest()
        path = f"/api/v1/projects/support/files/sha256:{digest}"
        authorization = f"Bearer {token.split()[0]}"
        found: list[dict[str, object]] = []
        for accept in ("*/*", "text/html"):
            reply = ask(
                site.port,
                path,
                method="PUT",
                body=CONTENT,
                Authorization=authorization,
                Content_Type="application/octet-stream",
                Accept=accept,
            )
            found.append({"status": reply.status, "says": "disk is full" in reply.text})
        alive = ask(site.port, "/healthz")
        found.append({"status": alive.status, "says": "the disk is full" in site.log.read_text()})
    return found


if __name__ == "__main__":
    print(json.dumps(answers(*map(Path, sys.argv[1:]))))  # noqa: T201
