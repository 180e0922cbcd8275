"""What the how-to page says is what exporters do: the real SDK sends to a site that runs."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping

import pytest
from opentelemetry.exporter.otlp.json.http.trace_exporter import OTLPSpanExporter as InJson
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter
from opentelemetry.trace import StatusCode
from pytest_django.live_server_helper import LiveServer

from evalhub.features.traffic.models import RefusedRows, Request
from evalhub.features.traffic.otlp import genai_names
from evalhub.features.traffic.otlp.telemetry import DEEPEST, LARGEST, MOST_PARTS
from evalhub.io.limits import MIB
from tests.api.conftest import Program
from tests.fakes.litellm_proxy import PAGE, block, variables

Programs = Callable[..., Program]


def exporters(url: str, secret: str) -> Mapping[str, SpanExporter]:
    at, headers = f"{url}/v1/traces", {"Authorization": f"Bearer {secret}"}
    gzip = Compression.Gzip
    return {
        "protobuf": OTLPSpanExporter(endpoint=at, headers=headers),
        "gzip": OTLPSpanExporter(endpoint=at, headers=headers, compression=gzip),
        "json": InJson(endpoint=at, headers=headers),
    }


@pytest.mark.parametrize("name", ["protobuf", "gzip", "json"])
def test_the_real_exporters_requests_arrive(
    live_server: LiveServer, program: Programs, name: str
) -> None:
    provider = TracerProvider()
    exporter = exporters(live_server.url, program("traffic").secret)[name]
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("shop")
    with tracer.start_as_current_span("answer a customer"):
        with tracer.start_as_current_span("chat support-v7") as span:
            span.set_attributes({
                "gen_ai.operation.name": "chat",
                "gen_ai.request.model": "support-v7",
                "gen_ai.usage.input_tokens": 12,
                "gen_ai.response.finish_reasons": ["stop"],
            })  # fmt: skip
            context = span.get_span_context()
        with tracer.start_as_current_span("chat support-v7") as failed:
            failed.set_attribute("gen_ai.request.model", "support-v7")
            failed.record_exception(TimeoutError("too slow"))
            failed.set_status(StatusCode.ERROR)
    provider.shutdown()
    [request, error] = Request.objects.order_by("time")
    assert request.key == f"{context.trace_id:032x}-{context.span_id:016x}"
    assert (request.prompt_tokens, request.finish_reason) == (12, "stop")
    assert error.error_type == "TimeoutError"
    assert RefusedRows.objects.get().rows == 1  # the span around both


def test_the_pages_first_request_arrives(live_server: LiveServer, program: Programs) -> None:
    settings = variables(live_server.url, program("traffic").secret)
    done = subprocess.run(
        [sys.executable, "-c", block("python", "TracerProvider")],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    request = Request.objects.get()
    assert (request.model_name, request.prompt_tokens) == ("support-v7", 12)
    assert (request.route, request.user_hash != "") == ("shop", True)


def test_the_page_lists_every_attribute_that_is_read() -> None:
    listed = set(re.findall(r"`([a-z_]+(?:\.[a-z_]+)+)", PAGE))
    unlisted = {name for name in genai_names.NAMES if name not in listed}
    assert unlisted == {genai_names.EVENT_NAME}
    for request, answer, _ in genai_names.NUMBERED:
        assert f"`{request}…`" in PAGE
        assert f"`{answer}…`" in PAGE


def test_the_pages_bounds_are_those_that_hold() -> None:
    assert f"more than {LARGEST // MIB} MiB unpacked, or {MOST_PARTS:,} spans" in PAGE
    assert f"nested more than {DEEPEST} deep" in PAGE
