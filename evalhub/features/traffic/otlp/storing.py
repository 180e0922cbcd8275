"""What a body of OTLP holds, stored: each call once, whatever spans tell of it."""

from datetime import timedelta

from django.db.models import F
from django.utils import timezone

from evalhub.accounts.models import Project
from evalhub.features.traffic.models import RefusedRows, Request
from evalhub.features.traffic.otlp.genai import Traffic
from evalhub.features.traffic.otlp.same_calls import TracedCall, call_end
from evalhub.features.traffic.otlp.telemetry import OtlpExport
from evalhub.features.traffic.rows import TrafficSource
from evalhub.features.traffic.storage.bulk import one_of
from evalhub.features.traffic.taking_in import Taken, take_in

REPEATED = "a call that another span tells of"


def take_traffic(*, project: Project, export: OtlpExport, traffic: Traffic) -> Taken:
    """Stores a body, and counts what of it is nothing for us."""
    taken = take_in(
        project=project,
        source=TrafficSource.OTLP,
        requests=traffic.requests,
        signals=traffic.signals,
        texts=traffic.texts,
        flaws=traffic.flaws,
        left_out=lambda: traffic.told_twice(_stored(project, traffic)),
    )
    _count(project, export.other, traffic.others)
    _count(project, REPEATED, traffic.repeated)
    return taken


def _stored(project: Project, traffic: Traffic) -> list[TracedCall]:
    """The stored calls of the traces that a body's requests are in."""
    days = [row.time.date() for _, row in traffic.requests]
    if not days:
        return []
    first, last = min(days) - timedelta(days=1), max(days) + timedelta(days=1)
    traces = {row.trace_id for _, row in traffic.requests}
    rows = Request.objects.of_traces(project.pk, *one_of("trace_id", traces)).of_days(first, last)
    fields = ("key", "trace_id", "response_id", "model_name", "time", "latency_ms")
    return [
        TracedCall(key, trace_id, response_id, model, time, call_end(time, latency_ms))
        for key, trace_id, response_id, model, time, latency_ms in rows.filter(mirror_of="")
        .order_by()
        .values_list(*fields)
    ]


def _count(project: Project, reason: str, count: int) -> None:
    if not count:
        return
    counted, _ = RefusedRows.objects.get_or_create(
        project=project, day=timezone.now().date(), source=TrafficSource.OTLP.value, reason=reason
    )
    RefusedRows.objects.filter(pk=counted.pk).update(rows=F("rows") + count)
