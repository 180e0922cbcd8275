"""Pages for programs that watch the site: does it live, is it ready, what has it done."""

import hmac
from collections.abc import Callable, Iterator
from ipaddress import ip_address

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from evalhub.database.damage import DamagedDatabaseError
from evalhub.database.tables import Tables, tables
from evalhub.database.version import OtherVersionError
from evalhub.serving.draining import drain
from evalhub.serving.queue_tests import queue_state
from evalhub.serving.workers import NONE, workers_alive
from evalhub.serving.write_tests import write_fault

ADDRESSES = frozenset({"/healthz", "/readyz", "/metrics"})


class ByAnyHost:
    """Middleware: these pages answer whatever Host a request has, and no other page does.

    Programs ask them by the address of a container. Their answers hold nothing of the Host, so
    nobody can be led astray by it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path in ADDRESSES:
            request.META["HTTP_HOST"] = "localhost"
        return self.get_response(request)


@login_not_required
@require_safe
def alive(request: HttpRequest) -> HttpResponse:
    """200 while the process answers at all; it looks at nothing else."""
    return HttpResponse("alive\n", content_type="text/plain")


@login_not_required
@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """200 where a page can be served; else 503, with what is missing in words.

    What is amiss and keeps no page from being served is a warning: a proxy would keep people out.
    """
    reasons = list(missing())
    content = {
        "ready": not reasons,
        "reasons": reasons,
        "warnings": list(warnings()),
        "queue": queue_state(),
    }
    response = JsonResponse(content, status=503 if reasons else 200)
    response._has_been_logged = True  # type: ignore[attr-defined] # by whoever asks, again and again
    return response


@login_not_required
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Counts for Prometheus, for whoever has the token or sits at this machine."""
    if not may_read(request):
        return HttpResponse(
            "EVALHUB_METRICS_TOKEN says which bearer token opens this.\n",
            status=401,
            content_type="text/plain",
            headers={"WWW-Authenticate": "Bearer"},
        )
    from prometheus_client import CONTENT_TYPE_LATEST

    from evalhub.serving.metrics import exposition

    return HttpResponse(exposition(), content_type=CONTENT_TYPE_LATEST)


def missing() -> Iterator[str]:
    """Reasons why the site can't serve, in sentences that reveal nothing to a stranger."""
    if drain.has_begun:
        yield "the site is being stopped"
    try:
        if tables() is not Tables.OURS:
            yield "the database's tables aren't made"
        elif write_fault():
            yield "the database can't be written"
    except DamagedDatabaseError:
        yield "the database is damaged"
    except OtherVersionError:
        yield "the database's tables are another version's"
    except DatabaseError:
        yield "the database doesn't answer"


def warnings() -> Iterator[str]:
    """Problems that don't stop the site from serving: reviewing goes on."""
    if queue_state() == "away":
        yield "the queue doesn't answer: workers look for runs themselves"
    try:
        alive, _ = workers_alive()
    except DatabaseError:
        return  # a reason, and told as one
    if not alive:
        yield NONE


def may_read(request: HttpRequest) -> bool:
    """Allowed with the token; without one only from this machine, at a site on localhost.

    A proxy on this machine that doesn't say whom it asks for would make everybody local.
    """
    if settings.METRICS_TOKEN:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return hmac.compare_digest(token.encode(), settings.METRICS_TOKEN.encode())
    local = settings.SITE_HOST in ("localhost", "127.0.0.1", "::1")
    return local and ip_address(request.META["REMOTE_ADDR"]).is_loopback
