"""Three ways to send a project's first request: commands as they are, but for the token."""

from dataclasses import dataclass
from textwrap import dedent

from evalhub.accounts.addresses import absolute, site_address
from evalhub.accounts.models import Project

FIRST_ROW = (
    """echo '{"id": "first", "time": "'$(date -u +%Y-%m-%dT%H:%M:%SZ)'", """
    """"model": "support-large", "user": "ada", "prompt_tokens": 512, "latency_ms": 812}' """
    """> requests.ndjson"""
)

FIRST_SPAN = (
    """{"resourceSpans": [{"scopeSpans": [{"spans": [{"name": "chat", """
    """"traceId": "'$(od -An -N16 -tx1 /dev/urandom | tr -d ' \\n')'", """
    """"spanId": "'$(od -An -N8 -tx1 /dev/urandom | tr -d ' \\n')'", """
    """"startTimeUnixNano": "'$(date +%s)000000000'", """
    """"endTimeUnixNano": "'$(date +%s)812000000'", """
    """"attributes": [{"key": "gen_ai.operation.name", "value": {"stringValue": "chat"}}, """
    """{"key": "gen_ai.request.model", "value": {"stringValue": "support-large"}}]}]}]}]}"""
)


@dataclass(frozen=True, slots=True)
class Sending:
    """A way by which requests come in: heading, one sentence, what to type, and its document."""

    name: str
    sentence: str
    command: str
    document: str


def ways_to_send(project: Project) -> list[Sending]:
    """By HTTP, by OpenTelemetry and from a file."""
    address = absolute(f"/api/v1/projects/{project.slug}/requests")
    return [
        Sending(
            "One line a request",
            "NDJSON by HTTP, one request or thousands; the same id twice is one request.",
            f"{FIRST_ROW}\n"
            + dedent(f"""\
                curl --fail-with-body --silent {address} \\
                  -H "Authorization: Bearer $EVALHUB_TOKEN" \\
                  -H "Content-Type: application/x-ndjson" --data-binary @requests.ndjson"""),
            "how-to/send-traffic.md",
        ),
        Sending(
            "OpenTelemetry",
            "A program that exports spans with the GenAI names over HTTP sends by these variables; "
            "the last command sends a span by itself.",
            dedent(f"""\
                export OTEL_EXPORTER_OTLP_ENDPOINT={site_address()}
                export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf
                export OTEL_EXPORTER_OTLP_HEADERS="Authorization=Bearer $EVALHUB_TOKEN"
                curl --fail-with-body --silent $OTEL_EXPORTER_OTLP_ENDPOINT/v1/traces \\
                  -H "Authorization: Bearer $EVALHUB_TOKEN" \\
                  -H "Content-Type: application/json" --data '{FIRST_SPAN}'"""),
            "how-to/send-traffic-otlp.md",
        ),
        Sending(
            "A file",
            "NDJSON, Parquet or LiteLLM’s log, on the machine that runs this site.",
            f"{FIRST_ROW}\nevalhub traffic import requests.ndjson --project {project.slug}",
            "how-to/send-traffic.md",
        ),
    ]
