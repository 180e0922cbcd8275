"""The site served by waitress, with the worker beside it where there is no Redis."""

import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from types import FrameType

import typer


def serve_site(
    *, host: str, port: int, threads: int, lines: Sequence[str], processes: int = 1
) -> int:
    """Serves until SIGTERM or Ctrl+C. `lines` are printed once it listens; {url} is its address."""
    from django.db import connections

    from evalhub.cli.processes import run_processes

    signal.signal(signal.SIGTERM, _interrupt)
    listeners = _listen(host, port, processes)
    shown = "localhost" if host in ("127.0.0.1", "0.0.0.0", "::") else host
    url = f"http://{shown}:{listeners[0].getsockname()[1]}"
    typer.echo(f"Evalhub is at {url}  (Ctrl+C stops it)")
    for line in lines:
        typer.echo(line.replace("{url}", url))
    sys.stdout.flush()
    if processes == 1:
        _serve(listeners[0], threads, worker=True)
    else:
        connections.close_all()
        run_processes(
            lambda number: _serve(listeners[number], threads, worker=number == 0), processes
        )
    return 0


def _listen(host: str, port: int, processes: int) -> list[socket.socket]:
    """A socket a process, all on one port: the system spreads connections over them.

    They stay open here, so that what comes in while a process is started again waits for it.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        alone = socket.create_server((host, port), family=family, backlog=1024)
        if processes == 1:
            return [alone]
        with alone:  # the port is free, and nobody else's: a shared one wouldn't say so
            port = alone.getsockname()[1]
        return [
            socket.create_server((host, port), family=family, backlog=1024, reuse_port=True)
            for _ in range(processes)
        ]
    except OSError as error:
        raise typer.BadParameter(
            f"can't listen on {host}:{port}: {error.strerror}; try another with --port"
        ) from error


def _serve(listener: socket.socket, threads: int, *, worker: bool) -> None:
    """Until interrupted. One process at most has the worker inside."""
    from django.conf import settings
    from waitress.server import create_server

    from evalhub.studies.advance import ticker
    from evalhub.wsgi import application
    from runners.embedded import embedded_worker

    server = create_server(
        application,
        sockets=[listener],
        threads=threads,
        ident=None,
        clear_untrusted_proxy_headers=True,
    )
    with ExitStack() as stack:
        if worker and not settings.REDIS_URL:
            stack.enter_context(embedded_worker())
            stack.enter_context(ticker())
        try:
            server.run()
        except KeyboardInterrupt:
            pass
        finally:
            server.close()


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
