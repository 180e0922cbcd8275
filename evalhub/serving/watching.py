"""Pages for programs that watch the site: does it live, is it ready, what has it done."""

import hmac
from collections.abc import Iterator
from ipaddress import ip_address

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from evalhub.database.damage import DamagedDatabaseError
from evalhub.database.tables import OtherVersionError, Tables, tables
from evalhub.serving.workers import NONE, workers_alive
from evalhub.serving.write_tests import write_fault
from runners.queue import QueueUnreachable, queue_length


@login_not_required
@require_safe
def alive(request: HttpRequest) -> HttpResponse:
    """200 while the process answers at all; it looks at nothing else."""
    return HttpResponse("alive\n", content_type="text/plain")


@login_not_required
@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """200 where a request can be served; else 503, with what is missing in words. That no worker
    is alive is a warning: whoever reviews needs none, and a proxy would keep people out."""
    reasons = list(missing())
    content = {"ready": not reasons, "reasons": reasons, "warnings": list(warnings())}
    return JsonResponse(content, status=503 if reasons else 200)


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
    """What keeps the site from serving, in sentences that tell a stranger nothing."""
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
    if settings.REDIS_URL:
        try:
            queue_length()
        except QueueUnreachable:
            yield "the queue doesn't answer"


def warnings() -> Iterator[str]:
    """What is amiss though pages are served: people can go on reviewing meanwhile."""
    try:
        alive, _ = workers_alive()
    except DatabaseError:
        return  # a reason, and told as one
    if not alive:
        yield NONE


def may_read(request: HttpRequest) -> bool:
    """By the token; without one only from this machine, and only at a site for nobody else.

    A proxy on this machine that doesn't say whom it asks for would make everybody local.
    """
    if settings.METRICS_TOKEN:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return hmac.compare_digest(given.encode(), settings.METRICS_TOKEN.encode())
    here = settings.SITE_HOST in ("localhost", "127.0.0.1", "::1")
    return here and ip_address(request.META["REMOTE_ADDR"]).is_loopback
