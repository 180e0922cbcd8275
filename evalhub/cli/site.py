"""The site served by waitress, with the worker beside it where there is no Redis."""

import sys
from collections.abc import Sequence
from contextlib import nullcontext

import typer


def serve_site(*, host: str, port: int, threads: int, lines: Sequence[str]) -> int:
    """Serves until interrupted. `lines` are printed once it listens; {url} is its address."""
    from django.conf import settings
    from waitress.server import create_server

    from evalhub.wsgi import application
    from runners.embedded import embedded_worker

    try:
        server = create_server(
            application,
            host=host,
            port=port,
            threads=threads,
            ident=None,
            clear_untrusted_proxy_headers=True,
        )
    except OSError as error:
        raise typer.BadParameter(
            f"can't listen on {host}:{port}: {error.strerror}; try another with --port"
        ) from error
    shown = "localhost" if host in ("127.0.0.1", "0.0.0.0", "::") else host
    url = f"http://{shown}:{server.effective_port}"
    typer.echo(f"Evalhub is at {url}  (Ctrl+C stops it)")
    for line in lines:
        typer.echo(line.replace("{url}", url))
    sys.stdout.flush()
    with nullcontext() if settings.REDIS_URL else embedded_worker():
        try:
            server.run()
        except KeyboardInterrupt:
            pass
        finally:
            server.close()
    return 0
