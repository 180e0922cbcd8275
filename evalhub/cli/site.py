"""Serve the site with waitress, and without Redis with a worker in the same process."""

import gc
import os
import re
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING

import typer

from evalhub.logs import announcement

if TYPE_CHECKING:
    from evalhub.serving.server import BoundedServer

SWITCH_S = 0.0005
"""For how long a thread computes before another may: a page that asks the database twenty times
waits for this long after each answer while others compute. Python's own 5 ms would be 100 ms."""


def serve_site(
    *, host: str, port: int, threads: int, lines: Sequence[str], processes: int = 1
) -> int:
    """Serves until SIGTERM or Ctrl+C. `lines` are printed once it listens; {url} is its address.

    SIGTERM drains (evalhub.serving.draining); Ctrl+C only ends what runs, and a second one cuts it.

    Raises:
        typer.BadParameter: it can't listen there; or may not, because errors show their inside.
    """
    from django.conf import settings
    from django.db import connections

    from evalhub.accounts.addresses import announce
    from evalhub.cli.processes import run_processes
    from evalhub.serving.counting import count_together, count_under
    from runners.queue import in_this_process

    host = host.removeprefix("[").removesuffix("]")
    if settings.DEBUG and host not in ("127.0.0.1", "::1", "localhost"):
        raise typer.BadParameter(
            f"EVALHUB_DEBUG shows the inside of the site to whoever meets an error, and on {host} "
            "other machines can: unset it, or listen on 127.0.0.1"
        )
    os.umask(0o077)  # what is written from here on is the site's own
    signal.signal(signal.SIGTERM, _interrupt)
    listeners = _listen(host, port, processes)
    port = listeners[0].getsockname()[1]
    count_under(port)
    address = local_url(host, port)
    host_name = address.removeprefix("http://").removesuffix(f":{port}")
    url = settings.SITE_URL or address
    announce(url)
    if host_name not in settings.ALLOWED_HOSTS:
        settings.ALLOWED_HOSTS.append(host_name)  # listening under a name means answering to it
    behind = f", by a proxy that speaks to {address}" if url != address else ""
    try:
        for line in (f"Evalhub is at {url}{behind}  (Ctrl+C stops it)", *lines):
            text = line.replace("{url}", url)
            as_json = settings.LOG == "json"
            typer.echo(announcement(__name__, text.strip()) if as_json else text)
        sys.stdout.flush()
        if processes == 1:
            _serve(listeners[0], threads, 0)
        else:
            connections.close_all()
            count_together(processes)
            in_this_process.share()

            def serve(number: int) -> int:
                _close(listeners, but=number)
                return _serve(listeners[number], threads, number)

            run_processes(serve, processes, stopping=lambda: _close(listeners))
    except KeyboardInterrupt:
        pass  # before its first request; it has said that this stops it
    return 0


def local_url(host: str, port: int) -> str:
    """The address at which a browser on this machine opens a site that listens there."""
    if host in ("127.0.0.1", "0.0.0.0", "::"):
        host = "localhost"
    return f"http://{_in_url(host)}:{port}"


def _in_url(host: str) -> str:
    """The host in the form of an address: IPv6 in brackets, the % of a zone escaped (RFC 6874)."""
    return f"[{host.replace('%', '%25')}]" if ":" in host else host


def _listen(host: str, port: int, processes: int) -> list[socket.socket]:
    """One socket for each process, all on one port: the system distributes connections. On `::`
    they accept IPv4 too.

    They stay open here, so that what comes in while a process is started again waits for it.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        both = host == "::" and socket.has_dualstack_ipv6()
        create = partial(socket.create_server, family=family, backlog=1024, dualstack_ipv6=both)
        alone = create((host, port))
        if processes == 1:
            return [alone]
        with alone:  # fails if the port is in use: a shared one wouldn't say so
            port = alone.getsockname()[1]
        return [create((host, port), reuse_port=True) for _ in range(processes)]
    except OSError as error:
        raise typer.BadParameter(
            f"can't listen on {_in_url(host)}:{port}: {error.strerror}; try another with --port"
        ) from error


def _close(listeners: Sequence[socket.socket], but: int | None = None) -> None:
    """Closes all sockets but that of process `but`: each process serves its own only."""
    for number, listener in enumerate(listeners):
        if number != but:
            listener.close()


def _serve(listener: socket.socket, threads: int, number: int) -> int:
    """Serves until interrupted, as process `number`; returns the exit code. The first process has
    the worker."""
    from django.conf import settings
    from django.urls import get_resolver, reverse

    from evalhub.features.experiments.following import follower
    from evalhub.features.exporters.mlflow_aliases import teller_of_mlflow
    from evalhub.features.monitoring.looking import looker
    from evalhub.features.monitoring.mailing import mail_regularly
    from evalhub.features.table import EVENTS, TIDIED
    from evalhub.features.webhooks.sending import send_regularly
    from evalhub.frames.rest.requests import SEATS
    from evalhub.jobs.runner import job_runner
    from evalhub.serving.counting import count_as, hear_worker
    from evalhub.serving.draining import drain
    from evalhub.serving.flags import FLAGS_ROOT
    from evalhub.serving.lanes import CostlyRequests, threads_in_lanes
    from evalhub.serving.refusals import refusal_page
    from evalhub.serving.server import BoundedServer, Callers, ServerLimits
    from evalhub.studies.run.advance import ticker
    from evalhub.studies.run.tidying import tidy_regularly
    from evalhub.workers.embedded import embedded_worker
    from evalhub.wsgi import application
    from runners.heartbeat import BEAT_S
    from runners.queue import in_this_process
    from runners.timer import every

    count_as(number)
    sys.setswitchinterval(SWITCH_S)
    SEATS.set_for(threads=threads - threads_in_lanes(threads), ended=lambda: drain.is_over)
    pages = [re.escape(reverse(name)) for name in settings.UPLOAD_PAGES]
    uploads = re.compile("|".join([*pages, settings.UPLOAD_ENDPOINTS]))
    server = BoundedServer(
        application,
        listener,
        callers=Callers(settings.SESSION_COOKIE_NAME, uploads, re.compile(FLAGS_ROOT)),
        limits=ServerLimits(),
        page=refusal_page,
        costly=CostlyRequests(
            people=re.compile(settings.PEOPLES_ADDRESSES),
            programs=re.compile("/(api|v1)/"),
            reads=re.compile(settings.COSTLY_READS),
        ),
        threads=threads,
        proxies=settings.TRUSTED_PROXIES,
        drain=drain,
    )
    with ExitStack() as stack:
        if number == 0:
            stack.enter_context(job_runner())
            stack.enter_context(teller_of_mlflow())
            stack.enter_context(mail_regularly())
            stack.enter_context(
                send_regularly(EVENTS)
            )  # whose messages are signed by a key that workers lack
        if number == 0 and not settings.REDIS_URL:
            in_this_process.hear()
            works = stack.enter_context(embedded_worker())

            def note_worker() -> None:
                hear_worker(works)

            note_worker()
            stack.enter_context(every(BEAT_S, note_worker))
            stack.enter_context(ticker())
            stack.enter_context(tidy_regularly(TIDIED))
            stack.enter_context(looker())
            stack.enter_context(follower())
        get_resolver().url_patterns  # noqa: B018 - imports every page's module
        _leave_modules_uncollected()
        signal.signal(signal.SIGTERM, lambda *_: server.stop(settings.DRAIN_S))
        signal.signal(signal.SIGINT, lambda *_: _end(server))
        with suppress(KeyboardInterrupt):
            server.run()
    return 0


def _end(server: "BoundedServer") -> None:
    """Stops the server at once, letting running requests end; a second signal cuts them off too."""
    signal.signal(signal.SIGINT, _interrupt)
    server.stop(0)


def _leave_modules_uncollected() -> None:
    """Excludes modules from Python's garbage collection, which otherwise scans them again after a
    few requests, for .2 s in which the process answers nobody."""
    gc.collect()
    gc.freeze()


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
