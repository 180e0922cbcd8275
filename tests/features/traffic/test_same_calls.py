"""A call that the application traces and the gateway too is one request."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from evalhub.features.traffic.models import RefusedRows, Request
from tests.api.conftest import Program
from tests.features.traffic.otlp_bodies import TRACE, a_span, a_trace_body, now_ns
from tests.features.traffic.test_otlp_api import recorded_now, send

REPEATED = "a call that another span tells of"
RESPONSE = {"gen_ai.response.id": "chatcmpl-1"}


@pytest.fixture
def exporter(program: Callable[..., Program]) -> Client:
    return program("traffic").client


def traced(
    number: int, first_s: float, last_s: float, attributes: Any = None, **fields: Any
) -> dict[str, Any]:
    """A call of the same trace from a second to another after ten minutes ago."""
    began = now_ns() // 10**12 * 10**12 - 600 * 10**9
    times = {
        "startTimeUnixNano": str(began + int(first_s * 10**9)),
        "endTimeUnixNano": str(began + int(last_s * 10**9)),
    }
    if "parent" in fields:
        fields["parentSpanId"] = f"{fields.pop('parent'):016x}"
    return a_span(attributes, spanId=f"{number:016x}", **(times | fields))


def keys() -> list[int]:
    """The spans that are requests."""
    return sorted(
        int(key.partition("-")[2], 16) for key in Request.objects.values_list("key", flat=True)
    )


def counted() -> int:
    return sum(RefusedRows.objects.filter(reason=REPEATED).values_list("rows", flat=True))


APP = traced(1, 0, 2, RESPONSE)
GATEWAY = traced(2, 0.5, 1.5, RESPONSE | {"gen_ai.request.model": "group"}, parent=9)


@pytest.mark.parametrize(
    ("bodies", "remaining"),
    [([[APP], [GATEWAY]], 1), ([[GATEWAY], [APP]], 2), ([[GATEWAY, APP]], 1)],
    ids=["application first", "gateway first", "in one body"],
)
def test_a_call_that_a_gateway_traces_too_is_counted_once(
    exporter: Client, bodies: list[list[Any]], remaining: int
) -> None:
    for times in (1, 2):
        for spans in bodies:
            assert send(exporter, a_trace_body(*spans)).json() == {}
        assert (keys(), counted()) == ([remaining], times)


@pytest.mark.parametrize(
    "spans",
    [
        [traced(1, 0, 2), traced(2, 0, 2, parent=1)],
        [
            traced(1, 0, 2),
            traced(3, 0, 2, parent=1) | {"attributes": []},
            traced(2, 0, 2, parent=3),
        ],
        [traced(1, 0, 2), traced(2, 0, 2, RESPONSE, parent=1)],
    ],
    ids=["directly", "with another span between", "where one has no response id"],
)
def test_a_call_within_a_call_of_the_same_model_is_counted_once(
    exporter: Client, spans: list[Any]
) -> None:
    send(exporter, a_trace_body(*reversed(spans)))
    assert (keys(), counted()) == ([1], 1)


def test_so_is_one_whose_outer_call_is_stored(exporter: Client) -> None:
    send(exporter, a_trace_body(traced(1, 0, 2)))
    send(exporter, a_trace_body(traced(2, 0, 2, parent=1)))
    assert (keys(), counted()) == ([1], 1)


OTHER_TRACE = {"traceId": TRACE[::-1]}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (traced(1, 0, 1, RESPONSE), traced(2, 2, 3, RESPONSE)),
        (APP, traced(2, 0, 2, RESPONSE, **OTHER_TRACE)),
        (APP, traced(2, 0, 2, {"gen_ai.response.id": "chatcmpl-2"}, parent=1)),
        (traced(1, 0, 2), traced(2, 0, 2, {"gen_ai.request.model": "other"}, parent=1)),
        (traced(1, 0, 2), traced(2, 0, 2)),
        (traced(1, 0, 2, parent=2), traced(2, 0, 2, {"gen_ai.request.model": "other"}, parent=1)),
    ],
    ids=[
        "one after the other", "of another trace", "with another response", "of another model",
        "beside each other", "in a circle",
    ],
)  # fmt: skip
def test_other_calls_are_all_counted(exporter: Client, first: Any, second: Any) -> None:
    send(exporter, a_trace_body(first, second))
    assert (keys(), counted()) == ([1, 2], 0)
    Request.objects.all().delete()
    for span in (second, first):
        send(exporter, a_trace_body(span))
    assert (keys(), counted()) == ([1, 2], 0)


def test_what_an_application_behind_litellm_traces_is_no_second_request(exporter: Client) -> None:
    spans = recorded_now()
    [call] = [span for span in spans if span["name"] == "litellm_request"][:1]
    response = {
        row["key"]: row["value"] for row in call["attributes"] if row["key"] == "gen_ai.response.id"
    }
    first, last = (int(call[f"{end}TimeUnixNano"]) for end in ("start", "end"))
    application = a_span(
        {"gen_ai.response.id": response["gen_ai.response.id"]["stringValue"]},
        traceId=call["traceId"],
        startTimeUnixNano=str(first - 10**8),
        endTimeUnixNano=str(last + 10**8),
    )
    send(exporter, a_trace_body(*spans))
    send(exporter, a_trace_body(application))
    assert (Request.objects.count(), counted()) == (4, 1)
