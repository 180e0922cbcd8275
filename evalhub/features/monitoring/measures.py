"""Measures as people type them: a metric, and the change that is worth an alarm. Pure."""

from collections.abc import Iterable, Iterator
from typing import Any

from evalhub.declare.declaration import DeclarationError
from evalhub.declare.monitor import MonitorKind

EXAMPLES = {MonitorKind.OPERATIONS: "errors=0.01", MonitorKind.QUALITY: "json_valid=0.02"}


def measures_of(kind: str, lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Of lines as `errors=0.01` or `json_valid 0.02`. Raises DeclarationError."""
    is_quality = kind == MonitorKind.QUALITY
    for line in filter(None, map(str.strip, lines)):
        name, _, margin = line.replace("=", " ").rpartition(" ")
        name = name.strip()
        try:
            yield {"metric": {"name": name} if is_quality else name, "margin": float(margin)}
        except ValueError:
            example = EXAMPLES[MonitorKind.QUALITY if is_quality else MonitorKind.OPERATIONS]
            message = f"a metric and the change worth an alarm, as {example}, and not {line!r}"
            raise DeclarationError(message, "measures") from None
