"""The roll-ups that the stored requests and signals should have, counted anew from the rows."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np

from evalhub.features.traffic.models import Request, RollUp, Signal, SignalRollUp
from evalhub.features.traffic.storage.histogram import Histogram

SUMS = ("masked", "prompt_tokens", "completion_tokens", "cached_tokens", "reasoning_tokens")


def assert_roll_ups_are_a_recount() -> None:
    stored: dict[Any, dict[str, Any]] = {}
    for row in RollUp.objects.values():
        names = ("project_id", "hour", "model_name", "arm", "slice_kind", "slice_value")
        key = tuple(row.pop(name) for name in names)
        stored[key] = {name: value for name, value in row.items() if name != "id"}
    expected = recount()
    assert stored.keys() == expected.keys()
    for key, numbers in expected.items():
        for name, value in numbers.items():
            of_row = stored[key].pop(name)
            if isinstance(value, list):
                assert bytes(of_row) == Histogram.of(np.array(value, float)).to_bytes(), (key, name)
            else:
                assert abs(of_row - value) <= 1e-9 * abs(value), (key, name)
        assert not stored[key]
    counted = {
        tuple(row[:7]): row[7:]
        for row in SignalRollUp.objects.values_list(
            "project_id", "hour", "model_name", "arm", "name", "label", "by",
            "signals", "with_value", "total",
        )
    }  # fmt: skip
    assert counted == recount_signals()


def recount() -> dict[Any, dict[str, Any]]:
    counts: dict[Any, dict[str, Any]] = defaultdict(lambda: defaultdict(int))
    for request in Request.objects.all():
        of_hour = request.time.replace(minute=0, second=0, microsecond=0)
        for kind, value in slices(request):
            hour = of_hour.replace(hour=0) if kind.startswith("day") else of_hour
            row = counts[request.project_id, hour, request.model_name, request.arm, kind, value]
            tokens = request.prompt_tokens is not None or request.completion_tokens is not None
            row["requests"] += 1
            row["errors"] += bool(request.error_type)
            row["aborted"] += request.aborted
            row["texts"] += request.has_text
            row["with_tokens"] += tokens
            row["with_cost"] += request.cost_usd is not None
            row["cost_usd"] += request.cost_usd or 0
            for name in SUMS:
                row[name] += getattr(request, name) or 0
            for name in ("latency", "first_token"):
                row[name] = [*(row[name] or []), getattr(request, f"{name}_ms")]
    return counts


def slices(request: Request) -> Iterator[tuple[str, str]]:
    yield from [("all", ""), ("day", "")]
    for kind, value in slices_of_kinds(request):
        yield from [(kind, value), (f"day-{kind}", value)]


def slices_of_kinds(request: Request) -> Iterator[tuple[str, str]]:
    yield from [("language", request.language), ("route", request.route)]
    yield from (("tag", tag) for tag in set(request.tags))
    tokens = request.prompt_tokens
    if tokens is None or tokens < 2:
        yield "length", "" if tokens is None else str(tokens)
    else:
        low = max(2**n for n in range(32) if 2**n <= tokens)
        yield "length", f"{low}-{2 * low - 1}"


def recount_signals() -> dict[Any, tuple[int, int, float]]:
    counts: dict[Any, tuple[int, int, float]] = defaultdict(lambda: (0, 0, 0.0))
    requests = {request.pk: request for request in Request.objects.all()}
    for signal in Signal.objects.exclude(request_day=None):
        request = requests[signal.project_id, signal.request_day, signal.request_key]
        assert signal.model_name == request.model_name
        hour = request.time.replace(minute=0, second=0, microsecond=0)
        key = (signal.project_id, hour, request.model_name, request.arm)
        key = (*key, signal.name, signal.label, signal.by)
        signals, with_value, total = counts[key]
        value = signal.value
        counts[key] = (signals + 1, with_value + (value is not None), total + (value or 0))
    return counts
