"""Three commands that send a project's first request: as they are, but for the token."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from textwrap import dedent

from evalhub.accounts.addresses import absolute, site_address
from evalhub.accounts.models import Project


@dataclass(frozen=True, slots=True)
class Sending:
    """A way by which requests come in: its heading, one sentence, and what to type."""

    name: str
    sentence: str
    command: str


def ways_to_send(project: Project, now: datetime) -> list[Sending]:
    """By HTTP, by OpenTelemetry and from a file."""
    time = f"{now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    row = json.dumps({"id": "first", "time": time, "model": "my-model", "latency_ms": 640})
    address = absolute(f"/api/v1/projects/{project.slug}/requests")
    return [
        Sending(
            "One line a request",
            "NDJSON by HTTP, one request or thousands; the same id twice is one request.",
            dedent(f"""\
                curl {address} \\
                  -H "Authorization: Bearer $EVALHUB_TOKEN" \\
                  -H "Content-Type: application/x-ndjson" \\
                  --data-binary '{row}'"""),
        ),
        Sending(
            "OpenTelemetry",
            "A program with an OTLP exporter (HTTP) and the GenAI names sends by these variables.",
            dedent(f"""\
                export OTEL_EXPORTER_OTLP_ENDPOINT={site_address()}
                export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf
                export OTEL_EXPORTER_OTLP_HEADERS="Authorization=Bearer%20$EVALHUB_TOKEN\""""),
        ),
        Sending(
            "A file",
            "NDJSON, Parquet or LiteLLM’s log, read on the machine that runs this site.",
            dedent(f"""\
                echo '{row}' > requests.jsonl
                evalhub traffic import requests.jsonl --project {project.slug}"""),
        ),
    ]
