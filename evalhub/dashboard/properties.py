"""A specification's fields as names and texts, without anything that could be a secret. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

# what a backend's spec is known to hold; headers and other extras may carry keys
_BACKEND = ("type", "url", "model", "api", "key_env", "concurrency", "timeout_s", "retries")


@dataclass(frozen=True, slots=True)
class Property:
    name: str
    text: str
    long: bool


def properties(values: Mapping[str, Any]) -> list[Property]:
    """Every field that is set, in its order."""
    return [
        _property(name, value) for name, value in values.items() if value not in (None, "", [], {})
    ]


def backend_properties(backend: Mapping[str, Any]) -> list[Property]:
    """The backend's known fields; of others only the names, and no password of a URL."""
    shown = {name: backend[name] for name in _BACKEND if name in backend}
    if "url" in shown:
        shown["url"] = without_credentials(str(shown["url"]))
    extra = backend.get("extra") or {}
    hidden = [name for name in backend if name not in (*_BACKEND, "extra")]
    names = [*extra, *hidden] if isinstance(extra, Mapping) else hidden
    if names:
        shown["extra"] = f"{', '.join(names)} (values aren't shown)"
    return properties(shown)


def without_credentials(url: str) -> str:
    """The URL without a name and password before its host, and without its query."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _property(name: str, value: Any) -> Property:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    long = "\n" in text or len(text) > 80
    if long and not isinstance(value, str):
        text = json.dumps(value, ensure_ascii=False, indent=2)
    return Property(name.replace("_", " "), text, long)
