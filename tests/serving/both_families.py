"""`evalhub up --host HOST` asked by IPv4 and by IPv6: run where nothing but this machine's own
network is there. Prints one JSON document."""

import json
import sys
import tempfile
from pathlib import Path

from tests.serving.site import ask, up


def answers(host: str, processes: str) -> dict[str, object]:
    """The first line that was printed; by address the status, or the error, and whether the caller
    was taken for the proxy 127.0.0.1, which may name a request."""
    found: dict[str, object] = {}
    with (
        tempfile.TemporaryDirectory() as folder,
        up(
            Path(folder),
            *("--host", host, "--processes", processes),
            EVALHUB_TRUSTED_PROXY="127.0.0.1",
        ) as site,
    ):
        found["printed"] = site.printed.splitlines()[0].replace(str(site.port), "PORT")
        for address in ("127.0.0.1", "::1"):
            named = {"X_Forwarded_For": "192.0.2.1", "X_Request_ID": "named-by-the-proxy"}
            try:
                reply = ask(site.port, "/healthz", address=address, **named)
            except OSError as error:
                found[address] = type(error).__name__
            else:
                named_so = reply.headers["X-Request-ID"] == "named-by-the-proxy"
                found[address] = [reply.status, named_so]
    return found


if __name__ == "__main__":
    print(json.dumps(answers(*sys.argv[1:])))  # noqa: T201
