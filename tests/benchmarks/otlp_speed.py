"""How much CPU it takes to read spans out of OTLP, beside the bare parsers of the same bodies.

python -m tests.benchmarks.otlp_speed [--spans 512] [--rounds 40]

Bodies of LiteLLM's recorded spans, and of model calls alone, as JSON beside `json.loads`, and as
protobuf beside its own parser, which makes no Python objects before somebody asks for them. A body
and its bare parser are read in turn, and the best round of each counts: the ratio holds on a
machine that others use. Ends with 1 above a limit.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping
from time import process_time
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (  # noqa: E402
    ExportTraceServiceRequest,
)

from evalhub.features.traffic.otlp import json_bodies, protobuf_bodies  # noqa: E402
from evalhub.features.traffic.otlp.genai import traffic_of_spans  # noqa: E402
from evalhub.features.traffic.otlp.telemetry import Span  # noqa: E402
from tests.features.traffic.otlp_bodies import RECORDED, a_span, a_trace_body  # noqa: E402
from tests.features.traffic.test_otlp import protobuf  # noqa: E402

MOST_JSON = 2.0
"""Times the CPU of `json.loads`."""
LEAST_PROTOBUF = 0.3
"""Of the spans a second that JSON is read at."""
CALL = {
    "gen_ai.provider.name": "openai",
    "gen_ai.response.model": "support-v7",
    "gen_ai.response.id": "chatcmpl-1",
    "gen_ai.response.finish_reasons": ["stop"],
    "gen_ai.usage.input_tokens": 12,
    "gen_ai.usage.output_tokens": 7,
    "server.address": "models.example.org",
    "user.id": "user-7",
}


def bodies(count: int) -> Mapping[str, bytes]:
    document = json.loads((RECORDED / "spans.json").read_text())
    scopes = document["resourceSpans"][0]["scopeSpans"]
    recorded = [span for scope in scopes for span in scope["spans"]]
    repeated = (recorded * (count // len(recorded) + 1))[:count]
    calls = [a_span(CALL, spanId=f"{number + 1:016x}") for number in range(count)]
    return {"LiteLLM's spans": a_trace_body(*repeated), "model calls": a_trace_body(*calls)}


def best(rounds: int, *functions: Callable[[], Any]) -> list[float]:
    """CPU seconds of the best round of each, called in turn."""
    times = [[float("inf")] for _ in functions]
    for _ in range(rounds):
        for function, of_function in zip(functions, times, strict=True):
            started = process_time()
            function()
            of_function.append(process_time() - started)
    return [min(of_function) for of_function in times]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spans", type=int, default=512, help="of a body: an exporter's default")
    parser.add_argument("--rounds", type=int, default=40)
    options = parser.parse_args()
    slow = False
    for name, body in bodies(options.spans).items():
        packed = protobuf(ExportTraceServiceRequest, body)
        spans: list[Span] = json_bodies.read_spans(body)
        assert protobuf_bodies.read_spans(packed) == spans
        bare, read, bare_packed, read_packed, mapped = best(
            options.rounds,
            lambda body=body: json.loads(body),
            lambda body=body: json_bodies.read_spans(body),
            lambda packed=packed: ExportTraceServiceRequest.FromString(packed),
            lambda packed=packed: protobuf_bodies.read_spans(packed),
            lambda spans=spans: traffic_of_spans(spans),
        )
        for kind, plain, ours in (("JSON", bare, read), ("protobuf", bare_packed, read_packed)):
            sys.stdout.write(
                f"{name} as {kind}: {len(spans) / ours:,.0f} spans a CPU second, "
                f"{ours / plain:.1f} times the bare parser's {len(spans) / plain:,.0f}\n"
            )
        sys.stdout.write(f"  made into requests: {mapped / len(spans) * 1e6:.1f} µs a span\n")
        slow = slow or read > MOST_JSON * bare or read_packed > read / LEAST_PROTOBUF
    sys.exit(slow)


if __name__ == "__main__":
    main()
